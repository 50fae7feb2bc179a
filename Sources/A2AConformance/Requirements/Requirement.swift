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

/// Which requirements have tests.
package struct Coverage: Sendable {
    package struct Row: Sendable {
        package var requirement: Requirement
        /// The ids of its tests.
        package var tests: [String]
    }

    package let rows: [Row]
    /// Ids that tests name and the list does not have, with the tests.
    package let unknown: [(id: String, test: String)]

    package init(_ list: RequirementList, _ plan: TestPlan) {
        var tests: [String: [String]] = [:]
        for test in plan.suites.flatMap(\.tests) {
            for id in test.requirements { tests[id, default: []].append(test.id) }
        }
        self.rows = list.requirements.map { Row(requirement: $0, tests: tests[$0.id] ?? []) }
        let known = Set(list.requirements.map(\.id))
        self.unknown = tests.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value[0]) }
    }

    /// Requirements that an agent can be tested for.
    package var testable: [Row] { self.rows.filter { $0.requirement.isTestable && $0.requirement.bindsServer } }
    /// Those without a test.
    package var gaps: [Row] { self.testable.filter(\.tests.isEmpty) }

    /// How many of each document's requirements have tests.
    package var summary: String {
        var sources: [String] = []
        for row in self.testable where !sources.contains(row.requirement.source) {
            sources.append(row.requirement.source)
        }
        let lines = sources.map { source in
            let rows = self.testable.filter { $0.requirement.source == source }
            let covered = rows.count { !$0.tests.isEmpty }
            return "\(source): \(covered) of \(rows.count) requirements that can be tested on an agent have a case "
                + "(\(covered * 100 / rows.count) %)"
        }
        return lines.joined(separator: "\n")
    }
}
