public import A2AServer
public import Logging
public import ServiceLifecycle
import UnixSignals

/// A gateway on the net.
///
/// ```swift
/// let gateway = try Gateway(upstream: card, transports: [HTTPTransportFactory()])
/// try await GatewayServer(gateway, bindings: [.http(), .grpc()]).runService()
/// ```
///
/// As a `Service` it ends on graceful shutdown: streams are told so and end, other calls have a grace.
public struct GatewayServer: Service {
    public let gateway: Gateway

    private let bindings: [any ServerBinding]
    private let logger: Logger
    private let onRunning: @Sendable ([BindingEndpoint]) async -> Void

    /// - Parameters:
    ///   - bindings: How the gateway is reached, preferred first. Its cards declare them in this order.
    ///   - onRunning: Called with the endpoints of the bindings, in their order, once all of them listen.
    public init(
        _ gateway: Gateway,
        bindings: [any ServerBinding],
        logger: Logger = Logger(label: "a2a.gateway"),
        onRunning: @escaping @Sendable (_ endpoints: [BindingEndpoint]) async -> Void = { _ in }
    ) {
        self.gateway = gateway
        self.bindings = bindings
        self.logger = logger
        self.onRunning = onRunning
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT).
    ///
    /// - Throws: As ``run()``.
    public func runService() async throws {
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: self.logger)
        ).run()
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: An error if an address cannot be bound or a certificate cannot be read.
    public func run() async throws {
        let group = BindingGroup(service: self.gateway, bindings: self.bindings, logger: self.logger) { endpoints in
            self.gateway.interfaces = endpoints.flatMap(\.interfaces)
            await self.onRunning(endpoints)
        }
        var configuration = ServiceGroupConfiguration(services: [group], logger: self.logger)
        configuration.maximumGracefulShutdownDuration = self.gateway.configuration.shutdownGrace
        try await ServiceGroup(configuration: configuration).run()
    }
}

extension GatewayServer: CustomStringConvertible {
    /// What service groups print in their logs.
    public var description: String {
        "GatewayServer(\(self.bindings.map(\.description).joined(separator: ", ")))"
    }
}

/// Runs a gateway for as long as `body` takes, then shuts it down gracefully.
///
/// - Parameters:
///   - bindings: How it is reached; see the `ephemeral` configuration of each for a free port.
///   - body: What to do with it, given the endpoints of the bindings in their order.
/// - Throws: What `body` throws, or why a binding could not start.
public func withGateway<Result: Sendable>(
    _ gateway: Gateway,
    bindings: [any ServerBinding],
    logger: Logger = Logger(label: "a2a.gateway"),
    _ body: (_ endpoints: [BindingEndpoint]) async throws -> Result
) async throws -> Result {
    try await withBindings(bindings, of: gateway, logger: logger) { endpoints in
        gateway.interfaces = endpoints.flatMap(\.interfaces)
        return try await body(endpoints)
    }
}
