/// A normative statement of a specification (spec/requirements.yaml).
package struct Requirement: Sendable, Hashable {
    package var id: String
    package var source: String
    package var section: String
    /// `MUST`, `MUST NOT`, …
    package var level: String
    /// Who is bound.
    package var party: String
    package var text: String
    package var isTestable: Bool
    /// Why not, where it is not.
    package var reason: String?

    /// Where to read: `a2a §3.1.1`.
    package var place: String { "\(self.source) §\(self.section)" }

    /// Whether an agent can be tested for it from outside.
    package var bindsServer: Bool { !["client", "caller", "initiator", "author"].contains(self.party) }
    /// Whether a client can be tested for it from outside.
    package var bindsClient: Bool { ["client", "both", "caller", "initiator"].contains(self.party) }
}

/// All requirements.
package struct RequirementList: Sendable {
    package var requirements: [Requirement] = []

    /// - Throws: ``DocumentError``.
    package init(parsing text: String, file: String) throws(DocumentError) {
        let root = try MapReader(try YAMLNode(parsing: text, file: file), "the list", file: file, keys: nil)
        var ids: Set<String> = []
        for node in try root.list("requirements") ?? [] {
            let map = try MapReader(node, "a requirement", file: file, keys: nil)
            let id = try map.requiredText("id")
            guard ids.insert(id).inserted else { throw map.refuse("id", "the id '\(id)' comes twice") }
            self.requirements.append(
                Requirement(
                    id: id, source: try map.text("source") ?? "a2a", section: try map.requiredText("section"),
                    level: try map.requiredText("level"), party: try map.requiredText("party"),
                    text: try map.requiredText("text"), isTestable: Self.isTestable(map),
                    reason: try map.text("reason")))
        }
    }

    private static func isTestable(_ map: MapReader) -> Bool {
        guard let value = map.node("testable")?.json else { return true }
        return value == true || value == "yes"
    }

    package subscript(id: String) -> Requirement? { self.requirements.first { $0.id == id } }
}
