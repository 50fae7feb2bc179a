import A2AConformance
import ArgumentParser

/// `a2a-conformance explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a test does, or what tests a requirement has.")

    @Argument(help: "The id of a test or a requirement.")
    var id: String

    @OptionGroup var suites: SuiteOptions

    func run() throws {
        try reporting {
            let plan = try self.suites.plan()
            let list = try self.suites.requirementList()
            let tests = plan.suites.flatMap(\.tests)
            if let test = tests.first(where: { $0.id == self.id }) {
                Self.explain(test, list)
            } else if let requirement = list?[self.id] {
                print("\(requirement.id) [\(requirement.level)] \(requirement.place)\n  \(requirement.text)")
                let own = tests.filter { $0.requirements.contains(requirement.id) }
                for test in own { print("  \(test.id): \(test.name)") }
                if own.isEmpty { print("  no test" + (requirement.reason.map { ": \($0)" } ?? "")) }
            } else {
                throw Complaint("there is no test and no requirement '\(self.id)'; see: a2a-conformance list")
            }
        }
    }

    private static func explain(_ test: Test, _ list: RequirementList?) {
        print("\(test.id) [\(test.level.rawValue.uppercased())] \(test.name)")
        print("  \(test.file):\(test.line)")
        if let text = test.description { print("  \(text.split(separator: "\n").joined(separator: "\n  "))") }
        if let read = test.specRef { print("  read: \(read)") }
        for id in test.requirements {
            let text = list?[id].map { " [\($0.level)] \($0.place): \($0.text)" } ?? ""
            print("  requirement \(id)\(text)")
        }
        if let transports = test.transports {
            print("  bindings: \(transports.map(\.title).sorted().joined(separator: ", "))")
        }
        if !test.behaviors.isEmpty { print("  behaviors: \(test.behaviors.joined(separator: ", "))") }
        if test.needsScript { print("  needs the scripted profile (conformance/profile.md)") }
        for step in test.steps {
            print("  step \(step.id): \(step.summary)\(step.description.map { " – \($0)" } ?? "")")
        }
    }
}
