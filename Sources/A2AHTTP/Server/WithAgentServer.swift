public import A2A
public import A2AServer
public import Logging
import ServiceLifecycle

/// Runs an agent on a free port of the loopback interface for as long as `body` takes, then shuts it down gracefully.
///
/// - Parameters:
///   - runtime: The agent's runtime.
///   - configuration: How to listen; the port is taken as it is, so 0 gives a free one.
///   - body: What to do with it, given the base URL.
/// - Throws: What `body` throws, or why the server could not start.
public func withAgentServer<Result: Sendable>(
    _ runtime: TaskRuntime,
    configuration: HTTPServerConfiguration = .ephemeral,
    middleware: [any ServiceMiddleware] = [],
    logger: Logger = Logger(label: "a2a.http"),
    _ body: (_ baseURL: String) async throws -> Result
) async throws -> Result {
    let (started, input) = AsyncStream<String>.makeStream()
    let server = AgentServer(
        runtime: runtime, configuration: configuration, middleware: middleware, logger: logger
    ) { baseURL in
        input.yield(baseURL)
        input.finish()
    }
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [server], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { input.finish() }
            try await group.run()
        }
        var baseURL: String?
        for await url in started { baseURL = url }
        guard let baseURL else {
            try await tasks.waitForAll()
            throw A2AError(.unavailable, "The server ended before it listened.")
        }
        do {
            let result = try await body(baseURL)
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

extension HTTPServerConfiguration {
    /// Loopback, a free port.
    public static var ephemeral: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.port = 0
        return configuration
    }
}
