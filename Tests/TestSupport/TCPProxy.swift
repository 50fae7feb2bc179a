import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server, and cuts their connections when told.
package final class TCPProxy: Sendable {
    private let listener: any Channel
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let accepted = Mutex(0)
    private let (closes, closed) = AsyncStream<Void>.makeStream()

    /// Where it listens, as `host:port`.
    package var authority: String { "127.0.0.1:\(self.listener.localAddress?.port ?? 0)" }

    /// How many connections there have been.
    package var count: Int { self.accepted.withLock { $0 } }

    /// How many connections are open.
    package var open: Int { self.connections.withLock { $0.count } }

    /// Runs a proxy before a server.
    package static func with<Result>(
        _ address: String, _ body: (TCPProxy) async throws -> Result
    ) async throws -> Result {
        let port = Int(address.split(separator: ":").last ?? "") ?? 0
        let group = MultiThreadedEventLoopGroup.singleton
        let box = Mutex<TCPProxy?>(nil)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { inbound in
                box.withLock { $0 }?.note(inbound)
                return ClientBootstrap(group: inbound.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMap { outbound in
                        inbound.eventLoop.makeCompletedFuture {
                            try inbound.pipeline.syncOperations.addHandler(Glue(outbound))
                            try outbound.pipeline.syncOperations.addHandler(Glue(inbound))
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = TCPProxy(listener)
        box.withLock { $0 = proxy }
        do {
            let result = try await body(proxy)
            proxy.cut()
            try await listener.close()
            return result
        } catch {
            proxy.cut()
            try? await listener.close()
            throw error
        }
    }

    private init(_ listener: any Channel) { self.listener = listener }

    private func note(_ channel: any Channel) {
        self.accepted.withLock { $0 += 1 }
        self.connections.withLock { $0[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in
            _ = self.connections.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
            self.closed.yield()
        }
    }

    /// Closes all connections without a word.
    package func cut() {
        for channel in self.connections.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    /// Waits until a connection has been closed.
    package func untilClosed() async {
        for await _ in self.closes { return }
    }

    /// Passes bytes on, and reads only what the other side takes.
    private final class Glue: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel

        init(_ other: any Channel) { self.other = other }

        func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { context.read() } }
        func channelActive(context: ChannelHandlerContext) {
            context.read()
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let channel = context.channel
            self.other.writeAndFlush(self.unwrapInboundIn(data)).whenComplete { _ in channel.read() }
        }

        func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
