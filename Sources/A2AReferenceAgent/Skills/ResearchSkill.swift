import A2A
import A2AServer

/// "Researches" a subject: several artifacts of different kinds (text, structured data, a file).
struct ResearchSkill: Skill {
    let keyword = "research"

    let card = A2AAgentSkill(
        id: "research", name: "Research",
        description: "Looks at a text and brings back a summary, its figures as data, and its words as a CSV file.",
        tags: ["artifacts", "data", "file"], examples: ["research to be or not to be"],
        outputModes: ["text/plain", "application/json", "text/csv"])

    func run(_ turn: Turn) async throws {
        let text = turn.message.request
        guard !text.isEmpty else { return try await turn.reject("Say what to research: research TEXT") }
        if turn.eventsOut == 0 { try await turn.working("Counting words.") }
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        let counts = words.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        func add(_ artifact: A2AArtifact) async throws {
            if turn.artifactOut(artifact.artifactID) == nil { try await turn.artifact(artifact) }
        }
        let byFrequency = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }

        try await add(
            A2AArtifact(
                parts: [
                    .text(
                        "\(words.count) words, \(counts.count) different; most frequent: \(byFrequency.first?.key ?? "–")."
                    )
                ], artifactID: "summary", name: "Summary"))
        try await add(
            A2AArtifact(
                parts: [
                    .data([
                        "words": A2AValue(words.count),
                        "different": A2AValue(counts.count),
                        "frequencies": A2AValue(counts.mapValues { A2AValue($0) }),
                    ])
                ], artifactID: "figures", name: "Figures"))
        let table = byFrequency.map { "\($0.key),\($0.value)\n" }.joined()
        try await add(
            A2AArtifact(
                parts: [.raw(Array("word,count\n\(table)".utf8), mediaType: "text/csv", filename: "words.csv")],
                artifactID: "table", name: "Table"))
        try await turn.complete("Done: a summary, the figures and a table.")
    }
}
