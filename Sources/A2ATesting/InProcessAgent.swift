public import A2A
public import A2AClient
public import A2AServer

/// Runs an agent and gives a client of it, both in this process and without any socket: for unit tests of agents.
///
/// ```swift
/// try await withAgent(Translator()) { client in
///     let answer = try await client.send("Guten Tag")
///     #expect(answer.task.artifacts.first?.text == "Good day")
/// }
/// ```
///
/// The client is the one that programs use over a wire, and the runtime is the one of a server; only the wire is missing.
/// Nothing depends on time: a slow test machine gets the same answers as a fast one.
///
/// - Parameters:
///   - card: The agent's card; by default one that streams and takes text and JSON.
///   - principal: Who calls, as an authenticator would have found out.
///   - configuration: By default one in which no answer is hurried by a clock.
///   - body: What to do with the agent. When it returns, the agent is shut down.
/// - Throws: What `body` throws.
public func withAgent<Result>(
    _ agent: any Agent,
    card: A2AAgentCard = .testCard(),
    principal: Principal = .anonymous,
    store: any TaskStore = MemoryTaskStore(),
    configuration: RuntimeConfiguration = .testing,
    _ body: (Client) async throws -> Result
) async throws -> Result {
    try await withRuntime(agent, card: card, store: store, configuration: configuration) { runtime in
        let service = principal.isAnonymous ? runtime as any A2AService : runtime.with(KnownCaller(principal))
        return try await body(Client(service: service, card: runtime.card))
    }
}

extension RuntimeConfiguration {
    /// For tests: what an agent answers decides, not how long it takes; and turns that are at work when the test is over
    /// are stopped at once.
    public static var testing: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.decisionGrace = .seconds(3600)
        configuration.shutdownGrace = .milliseconds(10)
        return configuration
    }
}

/// Stands in for an authenticator.
private struct KnownCaller: ServiceMiddleware {
    let principal: Principal

    init(_ principal: Principal) { self.principal = principal }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var call = call
        call.context.principal = self.principal
        return try await next(call)
    }
}
