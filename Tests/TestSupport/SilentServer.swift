import NIOCore
import NIOPosix

/// A server that accepts connections and says nothing.
package struct SilentServer {
    private let listener: any Channel

    /// Where it listens, as `host:port`.
    package var authority: String { "127.0.0.1:\(self.listener.localAddress?.port ?? 0)" }

    package static func start() async throws -> SilentServer {
        SilentServer(
            listener: try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get())
    }

    package func stop() async throws { try await self.listener.close() }
}
