import A2AClient
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import UnixSignals

/// A server that does nothing but receive push notifications.
public struct PushNotificationListener: Service {
    private let route: PushNotificationRoute
    private let host: String
    private let port: Int
    private let path: String
    private let logger: Logger
    private let onListening: @Sendable (_ url: String) async -> Void

    /// The most connections at a time.
    private static let maxConnections = 1000

    /// - Parameters:
    ///   - host: The address to listen on. Default: loopback only.
    ///   - port: The port; 0, the default, takes a free one.
    ///   - path: Where notifications come to. Default `/`.
    ///   - onListening: Called with the URL for the configuration, as soon as notifications are accepted.
    public init(
        _ route: PushNotificationRoute, host: String = "127.0.0.1", port: Int = 0, path: String = "/",
        logger: Logger = Logger(label: "a2a.push.listener"),
        onListening: @escaping @Sendable (_ url: String) async -> Void = { _ in }
    ) {
        self.route = route
        self.host = host
        self.port = port
        self.path = path.hasPrefix("/") ? path : "/" + path
        self.logger = logger
        self.onListening = onListening
    }

    /// Listens until the process is told to end (SIGTERM, SIGINT) or `end` returns; for programs that run nothing else.
    ///
    /// Notifications that are being handled then are answered.
    ///
    /// - Throws: As ``run()``.
    public func runService(until end: @escaping @Sendable () async -> Void) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: self.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await end()
                await group.triggerGracefulShutdown()
            }
            defer { tasks.cancelAll() }
            try await group.run()
        }
    }

    /// Listens until graceful shutdown or cancellation.
    ///
    /// - Throws: An error if the address cannot be bound.
    public func run() async throws {
        let router = Router()
        self.route.add(to: router, at: self.path)
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(self.host, port: self.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maxConnections)
            ),
            onServerRunning: { channel in
                let host = self.host.contains(":") ? "[\(self.host)]" : self.host
                await self.onListening("http://\(host):\(channel.localAddress?.port ?? self.port)\(self.path)")
            },
            logger: self.logger
        )
        try await application.run()
    }
}
