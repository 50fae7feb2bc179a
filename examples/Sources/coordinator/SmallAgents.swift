import A2A
import A2AServer

// Two agents to coordinate. They take their time, so that there is something to see and to cancel.

/// Counts the words of a text.
struct WordCounter: Agent {
    /// How long it takes to look at a word.
    var pace: Duration = .milliseconds(200)

    static let card = A2AAgentCard(
        name: "Word counter", description: "Counts the words of a text.", version: "1.0.0",
        skills: [A2AAgentSkill(id: "count", name: "Count", description: "Counts words.", tags: ["text"])],
        outputModes: ["application/json"]
    )

    func run(_ turn: Turn) async throws {
        let words = turn.message.text.split(separator: " ")
        try await turn.working("Counting.")
        for _ in words { try await Task.sleep(for: self.pace) }
        try await turn.artifact(
            A2AArtifact(parts: [.data(["words": A2AValue(words.count)])], artifactID: "count", name: "Count"))
    }
}

/// Says a text backwards, one word at a time.
struct WordReverser: Agent {
    /// How long it takes to say a word.
    var pace: Duration = .milliseconds(200)

    static let card = A2AAgentCard(
        name: "Word reverser", description: "Says the words of a text in reverse order.", version: "1.0.0",
        skills: [A2AAgentSkill(id: "reverse", name: "Reverse", description: "Reverses texts.", tags: ["text"])]
    )

    func run(_ turn: Turn) async throws {
        try await turn.working("Reversing.")
        for word in turn.message.text.split(separator: " ").reversed() {
            try await Task.sleep(for: self.pace)
            try await turn.append(.text("\(word) "), toArtifact: "reversed", name: "Reversed")
        }
    }
}
