import A2AConformance
import ArgumentParser

/// `a2a-conformance explain`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says what a test does, or what a requirement says, where to read it, and which tests it has.")

    @Argument(help: "The id of a test or a requirement, as reports name it; also with the binding before it.")
    var id: String

    @OptionGroup var suites: SuiteOptions

    func run() throws {
        let plan = try self.suites.plan()
        let list = try self.suites.requirementList()
        let links = try self.suites.links()
        let tests = plan.suites.flatMap(\.tests)
        // Reports say `jsonrpc/ID`.
        let id = self.id.split(separator: "/").last.map(String.init) ?? self.id
        let requirement = list?[id]
        let test = tests.first { $0.id == id }
        guard requirement != nil || test != nil else {
            let names = Set(tests.map(\.id) + (list?.requirements.map(\.id) ?? []))
            throw Complaint(
                "there is no test and no requirement '\(id)'" + Near.hint(id, in: names)
                    + "; see: a2a-conformance list, a2a-conformance coverage --all")
        }
        // A test often has the id of its requirement; then both are meant.
        var parts: [String] = []
        if let requirement { parts.append(Self.explain(requirement, tests, links)) }
        if let test { parts.append(Self.explain(test, list, links)) }
        print(parts.joined(separator: "\n\n"))
    }

    private static func explain(_ requirement: Requirement, _ tests: [Test], _ links: SpecificationLinks) -> String {
        var lines = [
            "requirement \(requirement.id) [\(requirement.level)], binds: \(requirement.party)",
            "  \(requirement.text)",
            "  read: "
                + ([requirement.place] + [links.address(requirement)].compactMap(\.self)).joined(separator: "  "),
        ]
        if !requirement.isTestable {
            lines.append("  it cannot be tested from outside" + (requirement.reason.map { ": \($0)" } ?? ""))
        }
        let own = tests.filter { $0.requirements.contains(requirement.id) }
        lines += own.map { test in
            "  \(test.isClientTest ? "test of clients" : "test") \(test.id) [\(test.level.rawValue.uppercased())] \(test.name)"
        }
        if own.isEmpty, requirement.isTestable { lines.append("  it has no test yet") }
        if own.contains(where: { !$0.isClientTest }) {
            lines.append("  run them: a2a-conformance run URL --only \(requirement.id)")
        }
        return lines.joined(separator: "\n")
    }

    private static func explain(_ test: Test, _ list: RequirementList?, _ links: SpecificationLinks) -> String {
        var lines = [
            "test \(test.id) [\(test.level.rawValue.uppercased())] \(test.name)", "  \(test.file):\(test.line)",
        ]
        if let text = test.description {
            lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
        }
        if let read = test.specRef { lines.append("  read: \(read)") }
        for id in test.requirements {
            guard let requirement = list?[id] else {
                lines.append("  requirement \(id)")
                continue
            }
            lines.append("  requirement \(id) [\(requirement.level)] \(requirement.place): \(requirement.text)")
            if let address = links.address(requirement) { lines.append("    \(address)") }
        }
        if let transports = test.transports {
            lines.append("  bindings: \(transports.map(\.title).sorted().joined(separator: ", "))")
        }
        if !test.behaviors.isEmpty { lines.append("  behaviors: \(test.behaviors.joined(separator: ", "))") }
        if test.needsScript { lines.append("  needs the scripted profile (conformance/profile.md)") }
        if !test.runnerRequirements.isEmpty {
            lines.append("  needs: \(test.runnerRequirements.map(\.rawValue).joined(separator: ", "))")
        }
        lines += test.steps.map { step in
            "  step \(step.id): \(step.summary)\(step.description.map { " – \($0)" } ?? "")"
        }
        lines.append(
            test.isClientTest
                ? "  it tests clients: run leaves it out" : "  run it alone: a2a-conformance run URL --only \(test.id)")
        return lines.joined(separator: "\n")
    }
}
