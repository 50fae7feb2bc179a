public import A2A
public import Logging
import ServiceLifecycle

/// Runs an agent for as long as `body` takes, then shuts it down gracefully.
///
/// - Parameters:
///   - runtime: The agent's runtime.
///   - bindings: How it is reached; see the `ephemeral` configuration of each for a free port.
///   - body: What to do with it, given the endpoints of the bindings in their order.
/// - Throws: What `body` throws, or why the server could not start.
public func withAgentServer<Result: Sendable>(
    _ runtime: TaskRuntime,
    bindings: [any ServerBinding],
    middleware: [any ServiceMiddleware] = [],
    logger: Logger = Logger(label: "a2a.server"),
    _ body: (_ endpoints: [BindingEndpoint]) async throws -> Result
) async throws -> Result {
    try await withListening(
        logger: logger, body,
        to: { onListening in
            AgentServer(
                runtime: runtime, bindings: bindings, middleware: middleware, logger: logger, onRunning: onListening)
        })
}

/// Runs a service over bindings for as long as `body` takes, then shuts it down gracefully.
///
/// - Throws: What `body` throws, or why a binding could not start.
public func withBindings<Result: Sendable>(
    _ bindings: [any ServerBinding],
    of service: any A2AService,
    logger: Logger = Logger(label: "a2a.server"),
    _ body: (_ endpoints: [BindingEndpoint]) async throws -> Result
) async throws -> Result {
    try await withListening(
        logger: logger, body,
        to: { BindingGroup(service: service, bindings: bindings, logger: logger, onListening: $0) })
}

/// Runs what listens for as long as `body` takes.
private func withListening<Result: Sendable>(
    logger: Logger,
    _ body: (_ endpoints: [BindingEndpoint]) async throws -> Result,
    to makeService: (@escaping @Sendable ([BindingEndpoint]) async -> Void) -> any Service
) async throws -> Result {
    let (started, input) = AsyncStream<[BindingEndpoint]>.makeStream()
    let service = makeService { endpoints in
        input.yield(endpoints)
        input.finish()
    }
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { input.finish() }
            try await group.run()
        }
        var endpoints: [BindingEndpoint]?
        for await all in started { endpoints = all }
        guard let endpoints else {
            try await tasks.waitForAll()
            throw A2AError(.unavailable, "The server ended before it listened.")
        }
        do {
            let result = try await body(endpoints)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            await group.triggerGracefulShutdown()
            tasks.cancelAll()
            throw error
        }
    }
}
