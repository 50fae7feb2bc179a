import A2AConformance
import ArgumentParser

/// `a2a-conformance coverage`.
struct CoverageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage", abstract: "Says which requirements have tests, and which have none.")

    @OptionGroup var suites: SuiteOptions

    func run() throws {
        try reporting {
            guard let list = try self.suites.requirementList() else {
                throw Complaint("there is no list of requirements; say which with --requirements FILE")
            }
            let coverage = Coverage(list, try self.suites.plan())
            for row in coverage.rows where !row.tests.isEmpty {
                print("\(row.requirement.id)  \(row.tests.joined(separator: ", "))")
            }
            if !coverage.gaps.isEmpty { print("\nwithout a test:") }
            for row in coverage.gaps {
                print(
                    "\(row.requirement.id)  [\(row.requirement.level)] \(row.requirement.place): \(row.requirement.text)"
                )
            }
            for unknown in coverage.unknown {
                Standard.error("\(unknown.test) names the requirement \(unknown.id), which is not in the list\n")
            }
            print("\n\(coverage.summary)")
            if !coverage.unknown.isEmpty { throw ExitCode(1) }
        }
    }
}
