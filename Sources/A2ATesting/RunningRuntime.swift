public import A2A
public import A2AServer
public import Logging
public import ServiceLifecycle

/// Runs an agent's runtime in this process for as long as `body` takes, without any socket.
///
/// - Parameters:
///   - card: The agent's card; by default one that streams and takes text and JSON.
///   - body: What to do with it; the runtime is an ``A2AService``.
public func withRuntime<Result>(
    _ agent: any Agent,
    card: A2AAgentCard = .testCard(),
    store: any TaskStore = MemoryTaskStore(),
    push: PushNotifications? = nil,
    configuration: RuntimeConfiguration = .init(),
    _ body: (TaskRuntime) async throws -> Result
) async throws -> Result {
    let runtime = TaskRuntime(
        agent: agent, card: card, store: store, push: push, configuration: configuration, logger: .silent)
    return try await withService(runtime) { try await body(runtime) }
}

/// Runs a service for as long as `body` takes, then shuts it down gracefully.
public func withService<Result>(_ service: any Service, _ body: () async throws -> Result) async throws -> Result {
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: .silent))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            let result = try await body()
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

extension A2AAgentCard {
    /// A card for tests.
    public static func testCard(
        capabilities: A2AAgentCapabilities = A2AAgentCapabilities(streaming: true, extendedAgentCard: false)
    ) -> A2AAgentCard {
        A2AAgentCard(
            name: "Test agent",
            description: "An agent under test.",
            version: "1.0.0",
            capabilities: capabilities,
            skills: [A2AAgentSkill(id: "test", name: "Test", description: "What the test needs.", tags: ["test"])],
            inputModes: ["text/plain", "application/json"],
            outputModes: ["text/plain", "application/json"]
        )
    }
}

extension Logger {
    /// A logger that says nothing.
    public static var silent: Logger { Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() } }
}
