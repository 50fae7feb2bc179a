import NIOCore

extension NIOAsyncChannel where Inbound: Sendable, Outbound == Never {
    /// Serves every connection that comes, each on its own, until `body` returns.
    func serving<Result: Sendable>(
        _ serve: @Sendable @escaping (Inbound) async -> Void,
        while body: @Sendable @escaping (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let port = self.channel.localAddress?.port ?? 0
        return try await self.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask { try await body(port) }
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await serve(connection) }
                        }
                    }
                    return nil
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
        }
    }
}
