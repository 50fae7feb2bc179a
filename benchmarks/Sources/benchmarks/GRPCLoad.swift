import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Keeps a number of unary gRPC calls in flight over a few connections, and counts the answers.
///
/// It is grpc-swift's own client with messages that are bytes already. It shares the machine with what it measures, and
/// costs about as much as a server; the ratios compare servers under the same client.
struct GRPCLoad {
    let connections: Int
    let callsPerConnection: Int
    let duration: Duration

    static let sendMessage = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "lf.a2a.v1.A2AService"), method: "SendMessage")

    /// - Parameters:
    ///   - address: `host:port` on this machine.
    ///   - body: The bytes of the n-th request; numbers differ between all requests.
    /// - Returns: Answers per second.
    func run(_ address: String, body: @escaping @Sendable (Int) -> [UInt8]) async throws -> Double {
        let port = Int(address.split(separator: ":").last ?? "") ?? 0
        let salt = Int.random(in: 0..<1_000_000) * 1_000_000_000
        return try await withThrowingTaskGroup(of: Void.self) { group in
            var clients: [GRPCClient<HTTP2ClientTransport.Posix>] = []
            for _ in 0..<self.connections {
                let client = GRPCClient(
                    transport: try .http2NIOPosix(
                        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext))
                clients.append(client)
                group.addTask { try await client.runConnections() }
            }
            let start = ContinuousClock.now
            let end = start + self.duration
            let answers = try await withThrowingTaskGroup(of: Int.self) { calls in
                for (index, client) in clients.enumerated() {
                    for lane in 0..<self.callsPerConnection {
                        let first = salt + (index * self.callsPerConnection + lane) * 1_000_000
                        calls.addTask {
                            var number = first
                            while ContinuousClock.now < end {
                                try await Self.call(client, body(number))
                                number += 1
                            }
                            return number - first
                        }
                    }
                }
                return try await calls.reduce(0, +)
            }
            let elapsed = ContinuousClock.now - start
            for client in clients { client.beginGracefulShutdown() }
            try await group.waitForAll()
            return Double(answers) / elapsed.inSeconds
        }
    }

    private static func call(_ client: GRPCClient<HTTP2ClientTransport.Posix>, _ body: [UInt8]) async throws {
        let count = try await client.unary(
            request: ClientRequest(message: body, metadata: ["a2a-version": "1.0"]), descriptor: Self.sendMessage,
            serializer: Bytes(), deserializer: Bytes(), options: .defaults
        ) { try $0.message.count }
        precondition(count > 0, "an empty answer")
    }
}

/// Messages that are bytes already.
private struct Bytes: MessageSerializer, MessageDeserializer {
    func serialize<Target: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Target { Target(message) }

    func deserialize<Source: GRPCContiguousBytes>(_ bytes: Source) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}
