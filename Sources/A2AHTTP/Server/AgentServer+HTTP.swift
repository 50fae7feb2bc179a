public import A2A
public import A2AServer
public import Logging

// An agent on HTTP alone, which is what most agents are.

extension AgentServer {
    /// An agent on HTTP.
    ///
    /// - Parameters:
    ///   - runtime: The agent's runtime. A card without interfaces gets those that the server serves.
    ///   - middleware: What sees every call before the runtime, first in the list first.
    ///   - onRunning: Called with the base URL once the server listens.
    public init(
        runtime: TaskRuntime,
        configuration: HTTPServerConfiguration = .init(),
        middleware: [any ServiceMiddleware] = [],
        logger: Logger = Logger(label: "a2a.http"),
        onRunning: @escaping @Sendable (_ baseURL: String) async -> Void = { _ in }
    ) {
        self.init(
            runtime: runtime, bindings: [.http(configuration)], middleware: middleware, logger: logger
        ) { endpoints in
            for endpoint in endpoints { await onRunning(endpoint.address) }
        }
    }

    /// An agent on HTTP, with a runtime of its own.
    ///
    /// ```swift
    /// try await AgentServer(agent: Hello(), card: card).runService()
    /// ```
    ///
    /// - Parameter push: How push notifications are sent; if `nil`, and the card offers them, over HTTP to public addresses.
    public init(
        agent: any Agent,
        card: A2AAgentCard,
        configuration: HTTPServerConfiguration = .init(),
        authenticator: (any Authenticator)? = nil,
        push: PushNotifications? = nil,
        logger: Logger = Logger(label: "a2a.http"),
        onRunning: @escaping @Sendable (_ baseURL: String) async -> Void = { _ in }
    ) {
        let usual =
            card.capabilities.pushNotifications ? PushNotifications(senders: [HTTPPushNotificationSender()]) : nil
        self.init(
            runtime: TaskRuntime(agent: agent, card: card, push: push ?? usual, logger: logger),
            configuration: configuration,
            middleware: authenticator.map { [AuthenticationMiddleware($0)] } ?? [],
            logger: logger,
            onRunning: onRunning
        )
    }
}

/// Runs an agent on HTTP for as long as `body` takes, then shuts it down gracefully.
///
/// - Parameters:
///   - runtime: The agent's runtime.
///   - configuration: How to listen; by default on a free port of the loopback interface.
///   - body: What to do with it, given the base URL.
/// - Throws: What `body` throws, or why the server could not start.
public func withAgentServer<Result: Sendable>(
    _ runtime: TaskRuntime,
    configuration: HTTPServerConfiguration = .ephemeral,
    middleware: [any ServiceMiddleware] = [],
    logger: Logger = Logger(label: "a2a.http"),
    _ body: (_ baseURL: String) async throws -> Result
) async throws -> Result {
    try await withAgentServer(
        runtime, bindings: [.http(configuration)], middleware: middleware, logger: logger
    ) { endpoints in try await body(endpoints[0].address) }
}

extension HTTPServerConfiguration {
    /// Loopback, a free port.
    public static var ephemeral: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.port = 0
        return configuration
    }
}
