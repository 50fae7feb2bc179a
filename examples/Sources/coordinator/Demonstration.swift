import A2A
import A2AClient
import A2AHTTP
import A2AServer
import Logging

/// Everything in one process: two small agents, the coordinator, and a client that talks to it over HTTP.
enum Demonstration {
    static func run() async throws {
        let counter = TaskRuntime(agent: WordCounter(), card: WordCounter.card)
        let reverser = TaskRuntime(agent: WordReverser(), card: WordReverser.card)
        try await withAgentServer(counter, logger: .warnings) { counter in
            try await withAgentServer(reverser, logger: .warnings) { reverser in
                try await withCoordinator(of: [counter, reverser]) { url in
                    print("\(WordCounter.card.name) at \(counter), \(WordReverser.card.name) at \(reverser)")
                    let coordinator = try await Client.discover(url)
                    try await Self.showAnswer(of: coordinator)
                    try await Self.showCancellation(of: coordinator, delegates: [counter, reverser])
                }
            }
        }
    }

    /// One message, answered by both agents at once.
    private static func showAnswer(of coordinator: Client) async throws {
        print("\nSending: to be or not to be")
        var result = TaskAccumulator()
        for try await event in try await coordinator.stream("to be or not to be") {
            result.apply(event)
            Self.show(event)
        }
        for artifact in result.task?.artifacts ?? [] {
            print("Result: \(Self.text(of: artifact))")
        }
    }

    /// Long work, cancelled in the middle.
    private static func showCancellation(of coordinator: Client, delegates: [String]) async throws {
        print("\nSending 1000 words, and cancelling when the first one is back")
        let words = Array(repeating: "word", count: 1000).joined(separator: " ")
        for try await event in try await coordinator.stream(words) {
            Self.show(event)
            guard case .artifactUpdate(let first) = event.response.payload else { continue }
            let cancelled = try await coordinator.cancel(first.taskID)
            print("The coordinator's task: \(cancelled.status.state.name)")
            for url in delegates {
                let delegate = try await Client.discover(url)
                for try await task in delegate.tasks(contextID: first.contextID) {
                    // The coordinator does not wait for the others, so this may come a moment later.
                    let ended = try await delegate.waitForTask(task.id, interval: .milliseconds(50))
                    print("The task of \(delegate.card?.name ?? url): \(ended.status.state.name)")
                }
            }
            return
        }
    }

    private static func show(_ event: StreamEvent) {
        switch event.response.payload {
        case .statusUpdate(let update): print("\(update.status.state.name)  \(update.status.message.text)")
        case .artifactUpdate(let update): print("- \(Self.text(of: update.artifact))")
        case .task(let task): print("\(task.status.state.name)")
        case .message, nil: break
        }
    }

    private static func text(of artifact: A2AArtifact) -> String {
        let count = artifact.dataParts.first?["words"]?.int.map { "\($0)" }
        return "\(artifact.name): \(count ?? "\"\(artifact.text)\"")"
    }
}

/// Runs a coordinator on a free port for as long as `body` takes, given its URL.
func withCoordinator<Result: Sendable>(
    of agents: [String], _ body: (String) async throws -> Result
) async throws -> Result {
    let delegations = Delegations()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await delegations.run() }
        defer { delegations.finish() }
        let coordinator = Coordinator(agents: agents, delegations: delegations)
        return try await withAgentServer(
            TaskRuntime(agent: coordinator, card: Coordinator.card), logger: .warnings, body)
    }
}

extension Logger {
    /// Leaves the output to the demonstration.
    fileprivate static var warnings: Logger {
        var logger = Logger(label: "demonstration")
        logger.logLevel = .warning
        return logger
    }
}
