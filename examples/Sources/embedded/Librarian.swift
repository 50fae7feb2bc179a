import A2A
import A2AServer

/// What the application is about: it has nothing to do with A2A.
struct Library: Sendable {
    let titles = ["The Time Machine", "Around the World in Eighty Days", "A Brief History of Time"]

    func search(_ word: String) -> [String] {
        self.titles.filter { $0.lowercased().contains(word.lowercased()) }
    }
}

/// The agent, which answers from the same library as the application's own routes.
struct Librarian: Agent {
    let library: Library

    static let card = A2AAgentCard(
        name: "Librarian", description: "Finds books.", version: "1.0.0",
        skills: [
            A2AAgentSkill(
                id: "find", name: "Find books", description: "Finds the books with a word in their title.",
                tags: ["books"], examples: ["time"])
        ]
    )

    func run(_ turn: Turn) async throws {
        let found = self.library.search(turn.message.text)
        try await turn.reply(found.isEmpty ? "Nothing." : found.joined(separator: "; "))
    }
}
