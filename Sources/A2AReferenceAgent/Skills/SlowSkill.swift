import A2A
import A2AServer

/// Works for a long time, with progress; can be cancelled.
struct SlowSkill: Skill {
    /// The longest work, in steps of one second.
    static let maxSteps = 3600

    let keyword = "slow"

    let card = A2AAgentSkill(
        id: "slow", name: "Slow", description: "Works for a number of seconds, with progress; can be cancelled.",
        tags: ["long-running", "cancel"], examples: ["slow 30"])

    func run(_ turn: Turn) async throws {
        let steps = min(max(Int(turn.message.request) ?? 10, 1), Self.maxSteps)
        for step in (1...steps).dropFirst(turn.eventsOut) {
            try await turn.working("Step \(step) of \(steps).")
            try await Task.sleep(for: .seconds(1))
        }
        guard turn.artifactOut("result") == nil else { return }
        try await turn.artifact(
            A2AArtifact(parts: [.text("Finished \(steps) steps.")], artifactID: "result", name: "Result"))
    }
}
