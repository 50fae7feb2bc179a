import A2A
import A2AServer

/// Fills in a form: asks for each field that is missing, over as many turns as it takes.
///
/// What is known is read from the task's history, so the skill keeps no state of its own.
struct FormSkill: Skill {
    private static let fields = [
        (name: "from", question: "Where does the journey begin?"),
        (name: "to", question: "Where does it go?"),
        (name: "date", question: "On which day?"),
    ]

    /// Where a question says which field it asks for.
    private static let fieldKey = "field"

    let keyword = "form"

    let card = A2AAgentSkill(
        id: "form", name: "Form",
        description: "Books a journey: asks for from, to and date until it has them. Fields may be given at once, as "
            + "'name: value' or as a JSON object.",
        tags: ["input-required", "multi-turn"], examples: ["form", "form from: Bern; to: Rome; date: 2026-12-01"])

    func run(_ turn: Turn) async throws {
        let known = Self.answers(in: turn.task?.history ?? [turn.message])
        if let missing = Self.fields.first(where: { known[$0.name] == nil }) {
            var question = A2AMessage.agent(missing.question)
            question.metadata = [Self.fieldKey: A2AValue(missing.name)]
            return try await turn.requireInput(question)
        }
        if turn.artifactOut("booking") == nil {
            try await turn.artifact(
                A2AArtifact(
                    parts: [.data(A2AValue(known.mapValues { A2AValue($0) }))], artifactID: "booking", name: "Booking"))
        }
        try await turn.complete("Booked from \(known["from"] ?? "") to \(known["to"] ?? "") on \(known["date"] ?? "").")
    }

    /// The fields that the conversation has filled in so far.
    private static func answers(in history: [A2AMessage]) -> [String: String] {
        var known: [String: String] = [:]
        var asked: String?
        for message in history {
            guard message.role == .user else {
                asked = message.metadata[self.fieldKey]?.string
                continue
            }
            let named = self.namedFields(in: message)
            if named.isEmpty, let field = asked, !message.text.isEmpty {
                known[field] = message.text.trimmingSpaces
            }
            known.merge(named) { $1 }
            asked = nil
        }
        return known
    }

    /// Fields given by name: in a JSON object, or as `name: value` separated by semicolons.
    private static func namedFields(in message: A2AMessage) -> [String: String] {
        var found: [String: String] = [:]
        for data in message.dataParts {
            for field in self.fields { found[field.name] = data[field.name]?.string ?? found[field.name] }
        }
        let text = message.text.lowercased().hasPrefix("form ") ? message.request : message.text
        for assignment in text.split(separator: ";") {
            let sides = assignment.split(separator: ":", maxSplits: 1).map(\.trimmingSpaces)
            guard sides.count == 2, !sides[1].isEmpty else { continue }
            let name = sides[0].lowercased()
            if self.fields.contains(where: { $0.name == name }) { found[name] = sides[1] }
        }
        return found
    }
}
