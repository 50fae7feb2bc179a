import A2A
import NIOCore
import NIOPosix

/// Bytes below HTTP (`x-bytes`): sends them and reads what comes back.
enum BareConnection {
    /// The most bytes that are read: 1 MiB.
    private static let maxBytes = 1 << 20

    /// - Returns: The exchange; what came is read as an HTTP answer where it is one.
    static func send(
        _ bytes: [UInt8], to url: String, deadline: ContinuousClock.Instant, trace: WireTrace
    ) async -> Exchange {
        guard let scheme = url.firstRange(of: "://"), url[..<scheme.lowerBound] == "http",
            let address = try? HostAndPort(
                url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }, defaultPort: 80)
        else { return Exchange(.inexpressible("raw bytes are sent to http URLs only, not to \(url)")) }
        trace.add(.sent, body: bytes)
        let received = Received()
        do {
            try await withDeadline(deadline) {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(TimeAmount(HTTPWire.connectTimeout))
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(Collector(received))
                        }
                    }
                    .connect(host: address.host, port: address.port).get()
                received.open()
                try await withTaskCancellationHandler {
                    // An agent may answer and close before it has read everything.
                    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
                    try await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            }
        } catch {
            guard received.isOpen else { return Exchange(.unreachable("cannot connect to \(address): \(error)")) }
            // What came before the connection broke, or the time was over, counts.
        }
        trace.add(.received, body: received.bytes)
        guard let answer = received.answer else {
            return Exchange(.noAnswer(received.bytes.isEmpty ? "nothing came" : "what came is no HTTP answer"))
        }
        let value = (try? JSONValue(parsing: answer.body)) ?? .string(String(decoding: answer.body, as: UTF8.self))
        return Exchange(.answer(value), status: answer.status, headers: answer.headers)
    }

    /// Keeps what comes, and closes once that is enough.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let received: Received

        init(_ received: Received) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let count = self.received.add(self.unwrapInboundIn(data).readableBytesView)
            if count > BareConnection.maxBytes || self.received.answer?.isComplete == true {
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
