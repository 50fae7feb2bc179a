import NIOCore
import NIOPosix

/// A bare TCP connection, for requests that no well-behaved client would send.
struct RawConnection {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Connects to a base URL such as `http://127.0.0.1:1234`, and closes at the end.
    ///
    /// - Parameter receiveBuffer: The size of the socket's receive buffer, for readers that shall stall soon.
    static func with<Result>(
        _ baseURL: String, receiveBuffer: Int? = nil,
        _ body: (inout Exchange) async throws -> Result
    ) async throws -> Result {
        let port = Int(baseURL.split(separator: ":").last ?? "") ?? 0
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            var exchange = Exchange(iterator: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&exchange)
        }
    }

    struct Exchange {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

        func send(_ text: String) async throws { try await self.outbound.write(ByteBuffer(string: text)) }

        func send(bytes: [UInt8]) async throws { try await self.outbound.write(ByteBuffer(bytes: bytes)) }

        /// Reads until `text` has come, or the peer closes.
        mutating func read(until text: String) async throws -> String {
            var received = ""
            while !received.contains(text), let buffer = try await self.iterator.next(isolation: #isolation) {
                received += String(buffer: buffer)
            }
            return received
        }

        /// Reads until the peer closes; a reset counts as closing.
        mutating func readToEnd() async -> [UInt8] {
            var received: [UInt8] = []
            while let buffer = try? await self.iterator.next(isolation: #isolation) {
                received.append(contentsOf: buffer.readableBytesView)
            }
            return received
        }
    }
}
