import A2AConformance
import ArgumentParser

/// `a2a-conformance coverage`.
struct CoverageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Says which requirements have tests, and which have none; with --results, which were shown to hold.",
        discussion: """
            In CI:  a2a-conformance coverage --minimum server=90 --minimum client=60
            What several runs showed together:  a2a-conformance coverage --results reports/*.json
            """)

    @OptionGroup var suites: SuiteOptions

    @Flag(help: "Also every requirement with its tests.")
    var all = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("ACTS reports of runs (--report json=FILE), to be seen together.", valueName: "file"))
    var results: [String] = []

    @Option(
        help: ArgumentHelp(
            "The least share of the testable requirements that has tests, in percent: server=90 and client=60 are about A2A 1.0, "
                + "tcp:server=50 about another document. The status is 1 if it is less. May be repeated.",
            valueName: "[document:]party=percent"))
    var minimum: [String] = []

    func run() throws {
        guard let list = try self.suites.requirementList() else {
            throw Complaint("there is no list of requirements; say which with --requirements FILE")
        }
        let plan = try self.suites.plan()
        let coverage = Coverage(list, plan)
        let minimums = try self.minimum.map { try Minimum($0, coverage) }
        let outcomes = try self.outcomes()
        if self.all { Self.printAll(coverage) }
        for party in Coverage.Party.allCases { Self.printGaps(coverage, party) }
        for party in Coverage.Party.allCases { Self.printFigures(coverage, party) }
        if !self.results.isEmpty { self.printResults(Evidence(coverage, .server, outcomes)) }
        for unknown in coverage.unknown {
            Standard.error("\(unknown.test) names the requirement \(unknown.id), which is not in the list\n")
        }
        var isEnough = coverage.unknown.isEmpty
        for minimum in minimums {
            let figure = coverage.figure(minimum.party, source: minimum.source)
            let holds = figure.covered * 100 >= minimum.percent * figure.total
            isEnough = isEnough && holds
            let word = holds ? "at least" : "less than"
            print("\(minimum.source) \(minimum.party.rawValue): \(figure.percent) %, \(word) \(minimum.percent) %")
        }
        if !isEnough { throw ExitCode(1) }
    }

    // MARK: Coverage

    private static func printAll(_ coverage: Coverage) {
        for row in coverage.rows where !(row.tests + row.clientTests).isEmpty {
            print("\(row.requirement.id)  \((row.tests + row.clientTests).joined(separator: ", "))")
        }
        print("")
    }

    private static func printGaps(_ coverage: Coverage, _ party: Coverage.Party) {
        let gaps = coverage.gaps(party)
        guard !gaps.isEmpty else { return }
        print("can be tested on \(party.title), and has no test:")
        for row in gaps {
            print(
                "  \(row.requirement.id)  [\(row.requirement.level)] \(row.requirement.place): \(row.requirement.text)")
        }
        print("")
    }

    private static func printFigures(_ coverage: Coverage, _ party: Coverage.Party) {
        for source in coverage.sources(party) {
            let figure = coverage.figure(party, source: source)
            print(
                "\(source): \(figure.covered) of \(figure.total) requirements that can be tested on \(party.title) have a test "
                    + "(\(figure.percent) %)")
            let chapters = coverage.chapters(party, source: source).map { chapter, figure in
                "§\(chapter) \(figure.covered)/\(figure.total)"
            }
            print("  \(chapters.joined(separator: "  "))")
        }
    }

    // MARK: Results of runs

    private func outcomes() throws -> [String: Set<Outcome>] {
        var outcomes: [String: Set<Outcome>] = [:]
        for file in self.results {
            do {
                for (id, outcome) in try ACTSReport.outcomes(parsing: try Files.read(file)) {
                    outcomes[id, default: []].insert(outcome)
                }
            } catch let complaint as Complaint {
                throw complaint
            } catch {
                throw Complaint("'\(file)' is no ACTS report: \(error)")
            }
        }
        return outcomes
    }

    private func printResults(_ evidence: Evidence) {
        print("\nwhat \(self.results.count) reports show together:")
        let summary = evidence.summary
        for line in summary { print("  \(line)") }
        for standing in [Evidence.Standing.failed, .untested] {
            let rows = evidence.rows.filter { row in
                row.standing == standing && summary.contains { $0.hasPrefix("\(row.requirement.source) ") }
            }
            guard !rows.isEmpty else { continue }
            print(standing == .failed ? "failed:" : "has a test that did not apply in any of them:")
            for row in rows {
                print("  \(row.requirement.id)  [\(row.requirement.level)] \(row.tests.joined(separator: ", "))")
            }
        }
    }
}

/// `[document:]party=percent`.
private struct Minimum {
    var source: String
    var party: Coverage.Party
    var percent: Int

    init(_ text: String, _ coverage: Coverage) throws {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        let names = (sides.first ?? "").split(separator: ":", maxSplits: 1).map(String.init)
        guard sides.count == 2, let percent = Int(sides[1]), (0...100).contains(percent),
            let party = names.last.flatMap(Coverage.Party.init)
        else {
            throw Complaint(
                "'\(text)' is no minimum; write server=90, client=60 or, of another document, tcp:server=50")
        }
        self.source = names.count == 2 ? names[0] : "a2a"
        self.party = party
        self.percent = percent
        let sources = coverage.sources(party)
        guard sources.contains(self.source) else {
            throw Complaint(
                "no requirement of '\(self.source)' can be tested on \(party.title); there are: \(sources.joined(separator: ", "))"
            )
        }
    }
}
