import A2AConformance
import ArgumentParser

/// `a2a-conformance list`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the tests.")

    @OptionGroup var suites: SuiteOptions

    @Option(help: "Only tests with such an id, tag or requirement; * stands for any text.")
    var only: [String] = []

    func run() throws {
        try reporting {
            var configuration = RunConfiguration()
            configuration.only = self.only
            for suite in try self.suites.plan().suites {
                let tests = suite.tests.filter(configuration.selects)
                guard !tests.isEmpty else { continue }
                print("\(suite.id): \(suite.name)")
                for test in tests {
                    let bindings =
                        test.transports.map { " (\($0.map(\.title).sorted().joined(separator: ", ")))" } ?? ""
                    print("  \(test.id)  [\(test.level.rawValue.uppercased())] \(test.name)\(bindings)")
                }
            }
        }
    }
}

/// Says what is wrong and ends with the status 2.
func reporting(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as ExitCode {
        throw error
    } catch {
        Standard.error("a2a-conformance: \(error)\n")
        throw ExitCode(2)
    }
}
