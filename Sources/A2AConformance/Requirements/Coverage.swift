/// Which requirements have tests.
package struct Coverage: Sendable {
    /// Who is tested.
    package enum Party: String, Sendable, CaseIterable {
        case server, client

        /// In a sentence.
        package var title: String {
            switch self {
            case .server: "an agent"
            case .client: "a client"
            }
        }
    }

    package struct Row: Sendable {
        package var requirement: Requirement
        /// The ids of the tests of agents.
        package var tests: [String]
        /// The ids of the tests of clients.
        package var clientTests: [String]

        package func tests(of party: Party) -> [String] { party == .server ? self.tests : self.clientTests }

        func binds(_ party: Party) -> Bool {
            party == .server ? self.requirement.bindsServer : self.requirement.bindsClient
        }
    }

    /// How many of some requirements have tests.
    package struct Figure: Sendable, Hashable {
        package var covered: Int
        package var total: Int

        init(_ rows: [Row], _ party: Party) {
            self.covered = rows.count { !$0.tests(of: party).isEmpty }
            self.total = rows.count
        }

        /// Rounded down.
        package var percent: Int { self.total == 0 ? 100 : self.covered * 100 / self.total }
    }

    package let rows: [Row]
    /// Ids that tests name and the list does not have, with the tests.
    package let unknown: [(id: String, test: String)]

    package init(_ list: RequirementList, _ plan: TestPlan) {
        var tests: [String: [String]] = [:]
        var clientTests: [String: [String]] = [:]
        for test in plan.suites.flatMap(\.tests) {
            for id in test.requirements {
                if test.isClientTest {
                    clientTests[id, default: []].append(test.id)
                } else {
                    tests[id, default: []].append(test.id)
                }
            }
        }
        self.rows = list.requirements.map {
            Row(requirement: $0, tests: tests[$0.id] ?? [], clientTests: clientTests[$0.id] ?? [])
        }
        let known = Set(list.requirements.map(\.id))
        self.unknown = tests.merging(clientTests) { $0 + $1 }.filter { !known.contains($0.key) }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value[0]) }
    }

    // MARK: By party

    /// Requirements that a party can be tested for.
    package func testable(_ party: Party) -> [Row] {
        self.rows.filter { $0.requirement.isTestable && $0.binds(party) }
    }

    /// Those of them without a test.
    package func gaps(_ party: Party) -> [Row] { self.testable(party).filter { $0.tests(of: party).isEmpty } }

    /// The documents that bind a party, in the order of the list.
    package func sources(_ party: Party) -> [String] {
        var sources: [String] = []
        for row in self.testable(party) where !sources.contains(row.requirement.source) {
            sources.append(row.requirement.source)
        }
        return sources
    }

    package func figure(_ party: Party, source: String) -> Figure {
        Figure(self.testable(party).filter { $0.requirement.source == source }, party)
    }

    /// The figures of a document's chapters, by their first number.
    package func chapters(_ party: Party, source: String) -> [(chapter: String, figure: Figure)] {
        let rows = self.testable(party).filter { $0.requirement.source == source }
        var chapters: [String] = []
        for row in rows where !chapters.contains(row.requirement.chapter) { chapters.append(row.requirement.chapter) }
        return chapters.map { chapter in
            (chapter, Figure(rows.filter { $0.requirement.chapter == chapter }, party))
        }
    }

    /// How many of each document's requirements have tests.
    package func summary(_ party: Party) -> [String] {
        self.sources(party).map { source in
            let figure = self.figure(party, source: source)
            return "\(source): \(figure.covered) of \(figure.total) requirements that can be tested on \(party.title) "
                + "have a case (\(figure.percent) %)"
        }
    }
}

extension Requirement {
    /// The first number of its section.
    package var chapter: String { String(self.section.prefix { $0 != "." }) }
}
