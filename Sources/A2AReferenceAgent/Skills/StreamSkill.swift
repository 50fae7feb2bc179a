import A2A
import A2AServer

/// Says a text word by word: one artifact in chunks.
struct StreamSkill: Skill {
    /// The time between two words.
    static let pace: Duration = .milliseconds(50)

    let keyword = "stream"

    let card = A2AAgentSkill(
        id: "stream", name: "Stream", description: "Says a text word by word, as one artifact in chunks.",
        tags: ["streaming", "artifact"], examples: ["stream the quick brown fox jumps over the lazy dog"])

    func run(_ turn: Turn) async throws {
        let text = turn.message.request
        let words = (text.isEmpty ? "the quick brown fox jumps over the lazy dog" : text).split(separator: " ")
        // Each event is a word, after the first.
        let out = turn.eventsOut
        if out == 0 { try await turn.working("Saying \(words.count) words.") }
        for (index, word) in words.enumerated().dropFirst(max(0, out - 1)) {
            if index > 0 { try await Task.sleep(for: Self.pace) }
            let isLast = index == words.count - 1
            try await turn.append(
                .text(isLast ? String(word) : word + " "), toArtifact: "words", name: "Words", lastChunk: isLast)
        }
    }
}
