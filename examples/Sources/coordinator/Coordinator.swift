import A2A
import A2AClient
import A2AHTTP
import A2AServer

/// Gives each message to other agents, all at once, and merges what they make into one task.
///
/// Their progress and artifacts arrive in the task as they come. When one of them fails the others are cancelled, and
/// the task fails with what it said; when the task is cancelled they all are.
struct Coordinator: Agent {
    /// Where the other agents are: URLs under which their cards are found.
    let agents: [String]

    /// Makes the calls to them; must be running.
    let delegations: Delegations

    /// Shared by all turns, so that a card is not fetched anew for each.
    private let cards = AgentCardResolver(fetcher: HTTPTransportFactory().cardFetcher)

    init(agents: [String], delegations: Delegations) {
        self.agents = agents
        self.delegations = delegations
    }

    static let card = A2AAgentCard(
        name: "Coordinator", description: "Has several agents work on the same text.", version: "1.0.0",
        skills: [
            A2AAgentSkill(
                id: "coordinate", name: "Coordinate", description: "Asks all agents and collects what they make.",
                tags: ["coordination"], examples: ["to be or not to be"])
        ],
        outputModes: ["text/plain", "application/json"]
    )

    func run(_ turn: Turn) async throws {
        try await turn.working("Asking \(self.agents.count) agents.")
        let earlier = try await turn.referencedTasks()
        // The first error cancels the other child tasks; each of them cancels what it has delegated.
        try await withThrowingDiscardingTaskGroup { group in
            for agent in self.agents {
                group.addTask { try await self.ask(agent, for: turn, after: earlier) }
            }
        }
        try await turn.complete("All agents have answered.")
    }

    /// Has one agent answer the message, to the end.
    private func ask(_ agent: String, for turn: Turn, after earlier: [A2ATask]) async throws {
        let client = try await Client.discover(agent, resolver: self.cards)
        let delegate = Delegate(url: agent, name: client.card?.name ?? agent)
        var result = TaskAccumulator()
        do {
            try await self.delegations.send(
                delegate.message(for: turn, after: earlier), to: client,
                configuration: delegate.configuration(for: turn)
            ) { event in
                result.apply(event)
                try await delegate.forward(event, to: turn)
            }
        } catch let error as A2AError {
            throw A2AError(error.code, "\(delegate.name) failed: \(error.message)", cause: error)
        }
        if let status = result.task?.status, status.state != .completed {
            throw A2AError(
                .internal, "\(delegate.name) did not complete (\(status.state.name)): \(status.message.text)")
        }
    }
}
