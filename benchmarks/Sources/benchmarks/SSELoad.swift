import NIOCore
import NIOPosix

/// Reads one stream of server-sent events to its end, and counts the events.
enum SSELoad {
    /// - Parameter body: The JSON-RPC request.
    /// - Returns: How many events came, and how long they took from the request on.
    static func run(_ baseURL: String, body: String) async throws -> (events: Int, elapsed: Duration) {
        let port = Int(baseURL.split(separator: ":").last ?? "") ?? 0
        let done = TCPLoad.group.next().makePromise(of: Int.self)
        let request = """
            POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n\
            Accept: text/event-stream\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
        let start = ContinuousClock.now
        let channel = try await ClientBootstrap(group: TCPLoad.group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EventCounter(request, done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let events = try await done.futureResult.get()
        let elapsed = ContinuousClock.now - start
        try? await channel.close()
        return (events, elapsed)
    }
}

/// Counts lines that begin with "data:", and ends with the last chunk of the body.
private final class EventCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let request: String
    private let done: EventLoopPromise<Int>
    private var events = 0
    /// The last octets: a line may begin in one buffer and go on in the next.
    private var tail: [UInt8] = []

    init(_ request: String, _ done: EventLoopPromise<Int>) {
        self.request = request
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(string: self.request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        let octets = self.tail + buffer.readableBytesView
        var ended = false
        octets.withUnsafeBytes { bytes in
            var offset = 0
            // "\ndata:" is six octets, and none of them stands at two places.
            while offset + 6 <= bytes.count {
                if bytes[offset] == 0x0A, bytes[offset + 1] == 0x64, bytes[offset + 2] == 0x61,
                    bytes[offset + 5] == 0x3A
                {
                    self.events += 1
                } else if bytes[offset] == 0x0A, bytes[offset + 1] == 0x30, bytes[offset + 2] == 0x0D {
                    ended = true
                }
                offset += 1
            }
        }
        self.tail = Array(octets.suffix(5))
        if ended { self.done.succeed(self.events) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.done.fail(TCPLoad.Unexpected(what: "the connection ended"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.done.fail(error)
        context.close(promise: nil)
    }
}
