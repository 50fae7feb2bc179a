/// What runs showed about the requirements that bind a party.
package struct Evidence: Sendable {
    /// How a requirement stands.
    package enum Standing: String, Sendable, Hashable, CaseIterable {
        /// A test of it passed, and none failed.
        case held
        case failed
        /// Its tests did not apply, or could not be run.
        case untested
        /// It has no test.
        case gap
    }

    package struct Row: Sendable {
        package var requirement: Requirement
        package var standing: Standing
        package var tests: [String]
    }

    package private(set) var rows: [Row]

    /// - Parameter outcomes: What came of tests, by their ids; over all bindings and runs.
    package init(_ coverage: Coverage, _ party: Coverage.Party, _ outcomes: [String: Set<Outcome>]) {
        self.rows = coverage.testable(party).map { row in
            let tests = row.tests(of: party)
            let all = tests.reduce(into: Set<Outcome>()) { $0.formUnion(outcomes[$1] ?? []) }
            let standing: Standing =
                tests.isEmpty ? .gap : all.contains(.fail) ? .failed : all.contains(.pass) ? .held : .untested
            return Row(requirement: row.requirement, standing: standing, tests: tests)
        }
    }

    package init(_ list: RequirementList, _ plan: TestPlan, _ report: RunReport) {
        var outcomes: [String: Set<Outcome>] = [:]
        for result in report.results { outcomes[result.test.id, default: []].insert(result.outcome) }
        self.init(Coverage(list, plan), .server, outcomes)
        // The extension "resume" has tests of this package, and no cases for others.
        self.rows.removeAll { $0.requirement.source == "resume" && $0.tests.isEmpty }
        // Whoever does not speak the TCP binding is not bound by it.
        if !report.bindings.contains(.tcp) { self.rows.removeAll { $0.requirement.source == "tcp" } }
    }

    /// The rows of one document and level; `MUST NOT` belongs to MUST.
    package func rows(source: String, level: ConformanceLevel) -> [Row] {
        self.rows.filter { $0.requirement.source == source && $0.requirement.conformanceLevel == level }
    }

    /// The documents, in the order of the list.
    package var sources: [String] {
        var sources: [String] = []
        for row in self.rows where !sources.contains(row.requirement.source) { sources.append(row.requirement.source) }
        return sources
    }

    /// `a2a MUST: 229 held, 3 not tested here, 9 without a case, of 241`, a line for each document and level that was tested.
    package var summary: [String] {
        self.sources.flatMap { source in
            ConformanceLevel.allCases.compactMap { level -> String? in
                let rows = self.rows(source: source, level: level)
                guard rows.contains(where: { $0.standing == .held || $0.standing == .failed }) else { return nil }
                return "\(source) \(level.rawValue.uppercased()): \(Self.line(rows))"
            }
        }
    }

    /// `229 held, 1 failed, …, of 241 that can be tested`.
    package static func line(_ rows: [Row]) -> String {
        let words: [(Standing, String)] = [
            (.held, "held"), (.failed, "failed"), (.untested, "not tested here"), (.gap, "without a case"),
        ]
        let parts = words.compactMap { standing, word -> String? in
            let count = rows.count { $0.standing == standing }
            return count > 0 ? "\(count) \(word)" : nil
        }
        return parts.joined(separator: ", ") + ", of \(rows.count) that can be tested"
    }
}

extension Requirement {
    /// The level without its negation.
    package var conformanceLevel: ConformanceLevel {
        self.level.hasPrefix("MUST") ? .must : self.level.hasPrefix("SHOULD") ? .should : .may
    }
}
