public import A2A
public import Logging
public import ServiceLifecycle
import UnixSignals

/// An agent on the net: the runtime, and the bindings over which it is reached.
///
/// ```swift
/// try await AgentServer(runtime: runtime, bindings: [.http(), .grpc()]).runService()
/// ```
///
/// As a `Service` it ends on graceful shutdown: turns at work may end, then streams and connections are closed.
public struct AgentServer: Service {
    /// The runtime that answers calls.
    public let runtime: TaskRuntime

    private let service: any A2AService
    private let bindings: [any ServerBinding]
    private let logger: Logger
    private let onRunning: @Sendable ([BindingEndpoint]) async -> Void

    /// How long connections may take to end on shutdown, beyond the grace of the turns.
    private static let closingGrace: Duration = .seconds(5)

    /// - Parameters:
    ///   - runtime: The agent's runtime. A card without interfaces gets those that the bindings serve, in their order.
    ///   - bindings: How the agent is reached, preferred first.
    ///   - middleware: What sees every call before the runtime, first in the list first.
    ///   - onRunning: Called with the endpoints of the bindings, in their order, once all of them listen.
    public init(
        runtime: TaskRuntime,
        bindings: [any ServerBinding],
        middleware: [any ServiceMiddleware] = [],
        logger: Logger = Logger(label: "a2a.server"),
        onRunning: @escaping @Sendable (_ endpoints: [BindingEndpoint]) async -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.service = middleware.reversed().reduce(runtime as any A2AService) { $0.with($1) }
        self.bindings = bindings
        self.logger = logger
        self.onRunning = onRunning
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT); for programs that run nothing else.
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
        let group = BindingGroup(service: self.service, bindings: self.bindings, logger: self.logger) { endpoints in
            if self.runtime.card.supportedInterfaces.isEmpty {
                self.runtime.card.supportedInterfaces = endpoints.flatMap(\.interfaces)
            }
            await self.onRunning(endpoints)
        }
        // Services end in reverse order: first the runtime, which ends the streams, then the bindings, which wait for them.
        var configuration = ServiceGroupConfiguration(services: [group, self.runtime], logger: self.logger)
        configuration.maximumGracefulShutdownDuration = self.runtime.shutdownGrace + Self.closingGrace
        try await ServiceGroup(configuration: configuration).run()
    }
}

extension AgentServer: CustomStringConvertible {
    /// What service groups print in their logs.
    public var description: String {
        "AgentServer(\(self.bindings.map(\.description).joined(separator: ", ")))"
    }
}
