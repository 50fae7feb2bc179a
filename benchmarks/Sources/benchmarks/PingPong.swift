import NIOCore
import NIOPosix

/// Octets there and back over a plain TCP connection: what no protocol on top of it can be faster than.
enum PingPong {
    /// - Returns: Nanoseconds that each round trip took.
    static func run(request: Int, answer: Int, rounds: Int) async throws -> [UInt64] {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Counter(expected: request) { context in
                            context.writeAndFlush(NIOAny(ByteBuffer(repeating: 2, count: answer)), promise: nil)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let done = TCPLoad.group.next().makePromise(of: [UInt64].self)
        let client = try await ClientBootstrap(group: TCPLoad.group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let state = Rounds(count: rounds)
                    try channel.pipeline.syncOperations.addHandler(
                        Counter(expected: answer, beginsItself: true) { context in
                            guard state.next() else { return done.succeed(state.times) }
                            context.writeAndFlush(NIOAny(ByteBuffer(repeating: 1, count: request)), promise: nil)
                        })
                }
            }
            .connect(host: "127.0.0.1", port: server.localAddress?.port ?? 0).get()
        let times = try await done.futureResult.get()
        try? await client.close()
        try? await server.close()
        return times
    }

    /// When each round began and ended. Of one event loop.
    private final class Rounds {
        private let count: Int
        private var last: NIODeadline?
        private(set) var times: [UInt64] = []

        init(count: Int) { self.count = count }

        func next() -> Bool {
            let now = NIODeadline.now()
            if let last { self.times.append(now.uptimeNanoseconds - last.uptimeNanoseconds) }
            self.last = now
            return self.times.count < self.count
        }
    }

    /// Does something each time so many octets have come.
    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let expected: Int
        private let beginsItself: Bool
        private let act: (ChannelHandlerContext) -> Void
        private var count = 0

        init(expected: Int, beginsItself: Bool = false, act: @escaping (ChannelHandlerContext) -> Void) {
            self.expected = expected
            self.beginsItself = beginsItself
            self.act = act
        }

        func channelActive(context: ChannelHandlerContext) {
            if self.beginsItself { self.act(context) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.count += self.unwrapInboundIn(data).readableBytes
            guard self.count >= self.expected else { return }
            self.count -= self.expected
            self.act(context)
        }
    }
}
