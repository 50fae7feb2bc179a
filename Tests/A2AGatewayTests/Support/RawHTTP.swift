import A2A
import NIOCore
import NIOPosix
import Synchronization

/// Bare TCP towards an HTTP server, and instead of one.
enum RawHTTP {
    /// Sends text and reads until `marker` has come, or the peer closes.
    static func exchange(_ baseURL: String, _ text: String, until marker: String) async throws -> String {
        try await Self.connect(baseURL) { connection in
            try await connection.send(text)
            return try await connection.read(until: marker)
        }
    }

    /// Connects to a base URL, and closes at the end.
    static func connect<Result>(
        _ baseURL: String, _ body: (inout Connection) async throws -> Result
    ) async throws -> Result {
        let port = Int(baseURL.split(separator: ":").last ?? "") ?? 0
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = Connection(iterator: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&connection)
        }
    }

    struct Connection {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        func send(_ text: String) async throws { try await self.outbound.write(ByteBuffer(string: text)) }

        mutating func read(until marker: String) async throws -> String {
            var received = ""
            while !received.contains(marker), let buffer = try await self.iterator.next(isolation: #isolation) {
                received += String(buffer: buffer)
            }
            return received
        }
    }

    /// Whether a request is there with its body.
    private static func isWhole(_ text: String) -> Bool {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
        let length = text[..<end.lowerBound].lowercased().firstMatch(of: /content-length: (\d+)/)
        return text[end.upperBound...].utf8.count >= length.flatMap { Int($0.1) } ?? 0
    }

    /// A server that answers every request, whatever it is, with the same bytes and closes the connection.
    ///
    /// - Parameter body: Is given its base URL.
    static func answering(_ answer: String, _ body: (String) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await connection in connections {
                        try? await connection.executeThenClose { inbound, outbound in
                            var text = ""
                            for try await buffer in inbound {
                                text += String(buffer: buffer)
                                // What is not read when it closes would take the answer with it.
                                if Self.isWhole(text) { break }
                            }
                            try await outbound.write(ByteBuffer(string: answer))
                        }
                    }
                }
                try await body("http://127.0.0.1:\(port)")
                group.cancelAll()
            }
        }
    }
}

/// Something that is set later.
final class Box<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)

    var value: Value? {
        get { self.content.withLock { $0 } }
        set { self.content.withLock { $0 = newValue } }
    }
}
