import NIOCore
import NIOPosix
import TestSupport

@testable import A2A

/// A peer that writes octets by hand.
struct RawPeer {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Connects, writes octets, and reads until the other side closes.
    static func exchange(_ address: String, _ octets: [UInt8]) async throws -> [UInt8] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port(address)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: octets))
            var answer: [UInt8] = []
            do {
                for try await buffer in inbound { answer += Array(buffer: buffer) }
            } catch is IOError {
                // Closed with octets of ours unread.
            }
            return answer
        }
    }

    /// The preface and a HELLO that says nothing.
    static let greeting: [UInt8] = {
        var octets = TCPPreface.octets
        TCPHello().encode(into: &octets)
        return octets
    }()
}
