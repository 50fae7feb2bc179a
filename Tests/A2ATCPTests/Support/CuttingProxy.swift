import NIOCore
import NIOPosix
import Synchronization

/// Stands before a server and breaks each connection after a number of octets that a seed decides.
final class CuttingProxy: Sendable {
    private let listener: any Channel
    private let state: Mutex<State>

    private struct State {
        var random: SplitMix
        /// How many more connections are cut.
        var cuts: Int
        var made = 0
    }

    var address: String { "a2a+tcp://127.0.0.1:\(self.listener.localAddress?.port ?? 0)" }
    /// How many connections there have been.
    var count: Int { self.state.withLock { $0.made } }

    private init(_ listener: any Channel, _ seed: UInt64, cuts: Int) {
        self.listener = listener
        self.state = Mutex(State(random: SplitMix(seed), cuts: cuts))
    }

    /// - Parameters:
    ///   - port: The server's; it need not be there all the time.
    ///   - cuts: How many connections break; those that come later hold.
    static func with<Result>(
        port: Int, seed: UInt64, cuts: Int, _ body: (CuttingProxy) async throws -> Result
    ) async throws -> Result {
        let box = Mutex<CuttingProxy?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { inbound in
                let counter = Counter(box.withLock { $0 }?.limit() ?? .max)
                return ClientBootstrap(group: inbound.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMap { outbound in
                        inbound.eventLoop.makeCompletedFuture {
                            try inbound.pipeline.syncOperations.addHandler(Glue(outbound, counter))
                            try outbound.pipeline.syncOperations.addHandler(Glue(inbound, counter))
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = CuttingProxy(listener, seed, cuts: cuts)
        box.withLock { $0 = proxy }
        do {
            let result = try await body(proxy)
            try await listener.close()
            return result
        } catch {
            try? await listener.close()
            throw error
        }
    }

    /// After how many octets, in both directions together, the next connection breaks.
    private func limit() -> Int {
        self.state.withLock { state in
            state.made += 1
            guard state.made <= state.cuts else { return .max }
            let most = [300, 3_000, 30_000].randomElement(using: &state.random) ?? 300
            let limit = Int.random(in: 30...most, using: &state.random)
            // A message is sent once only: the first event of its task must come.
            return state.made == 1 ? max(limit, 3_000) : limit
        }
    }

    private final class Counter: Sendable {
        private let left: Mutex<Int>

        init(_ limit: Int) { self.left = Mutex(limit) }

        /// How many of some octets still pass.
        func pass(_ count: Int) -> Int {
            self.left.withLock { left in
                let passed = min(left, count)
                left -= passed
                return passed
            }
        }
    }

    private final class Glue: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let counter: Counter

        init(_ other: any Channel, _ counter: Counter) {
            self.other = other
            self.counter = counter
        }

        func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { context.read() } }
        func channelActive(context: ChannelHandlerContext) {
            context.read()
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = self.unwrapInboundIn(data)
            let channel = context.channel
            let passed = self.counter.pass(buffer.readableBytes)
            let isCut = passed < buffer.readableBytes
            let slice = buffer.readSlice(length: passed) ?? ByteBuffer()
            self.other.writeAndFlush(slice).whenComplete { [other] _ in
                if isCut {
                    other.close(promise: nil)
                    channel.close(promise: nil)
                } else {
                    channel.read()
                }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
