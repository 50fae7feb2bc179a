import NIOCore
import NIOPosix

/// A server that accepts connections and says nothing.
struct SilentServer {
    private let listener: any Channel

    var address: String { "a2a+tcp://127.0.0.1:\(self.listener.localAddress?.port ?? 0)" }

    static func start() async throws -> SilentServer {
        SilentServer(
            listener: try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get())
    }

    func stop() async throws { try await self.listener.close() }
}
