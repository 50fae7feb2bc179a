import A2AConformance
import ArgumentParser

/// `a2a-conformance list`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the tests, with their levels and bindings.")

    @OptionGroup var suites: SuiteOptions
    @OptionGroup var selection: SelectionOptions

    @Option(help: "Only tests of this binding: jsonrpc, rest, grpc or tcp. May be repeated.")
    var binding: [BindingName] = []

    func run() throws {
        let plan = try self.suites.plan()
        var configuration = RunConfiguration()
        try self.selection.apply(to: &configuration, plan)
        let wanted = Set(self.binding.map(\.binding))
        var (tests, suites) = (0, 0)
        for suite in plan.suites {
            let own = suite.tests.filter { test in
                configuration.selects(test) && (wanted.isEmpty || !(test.transports?.isDisjoint(with: wanted) ?? false))
            }
            guard !own.isEmpty else { continue }
            print("\(suite.id): \(suite.name)")
            for test in own {
                let bindings = test.transports.map { " (\($0.map(\.title).sorted().joined(separator: ", ")))" } ?? ""
                print("  \(test.id)  [\(test.level.rawValue.uppercased())] \(test.name)\(bindings)")
            }
            tests += own.count
            suites += 1
        }
        print("\n\(tests) tests in \(suites) suites; more about one: a2a-conformance explain ID")
    }
}
