import A2A
import A2AServer

/// Answers with the message's own parts: a direct message, no task.
struct EchoSkill: Skill {
    let keyword = "echo"

    let card = A2AAgentSkill(
        id: "echo", name: "Echo", description: "Answers with what it was sent, as a direct message.",
        tags: ["message"], examples: ["Hello"])

    func run(_ turn: Turn) async throws {
        try await turn.reply(A2AMessage(role: .agent, parts: turn.message.parts))
    }
}
