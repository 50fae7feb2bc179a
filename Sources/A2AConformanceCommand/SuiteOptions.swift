import A2AConformance
import ArgumentParser
import FoundationEssentials

/// Which documents are read.
struct SuiteOptions: ParsableArguments {
    @Option(
        name: [.customLong("suite"), .customLong("suites")],
        help: ArgumentHelp(
            "An ACTS document, or a folder of *.acts.yaml (default: the suites that come with this program). May be repeated.",
            valueName: "file"))
    var suite: [String] = []

    @Option(
        help: ArgumentHelp(
            "The list of requirements (default: the one that comes with this program).", valueName: "file"))
    var requirements: String?

    func plan() throws -> TestPlan {
        var files = self.suite
        if files.isEmpty {
            guard let found = DataFiles.find(.suites) else {
                throw Complaint(
                    "the suites are neither beside this program nor in a repository above; "
                        + "say where with --suite FILE, or their folder's parent with \(DataFiles.variable)")
            }
            files = [found]
        }
        for file in files where !FileManager.default.fileExists(atPath: file) {
            throw Complaint("'\(file)' is not there; --suite takes an ACTS document or a folder of *.acts.yaml")
        }
        let plan: TestPlan
        do {
            plan = try TestPlan(files: files)
        } catch {
            throw Complaint("\(error)")
        }
        guard plan.suites.contains(where: { !$0.tests.isEmpty }) else {
            throw Complaint("there are no tests in \(files.joined(separator: ", ")); a suite is a file *.acts.yaml")
        }
        return plan
    }

    /// The requirements, if there is a list of them.
    func requirementList() throws -> RequirementList? {
        guard let path = self.requirements ?? DataFiles.find(.requirements) else { return nil }
        let text = try Files.read(path)
        do {
            return try RequirementList(parsing: text, file: path)
        } catch {
            throw Complaint("\(error)")
        }
    }

    /// Where sections can be read.
    func links() throws -> SpecificationLinks {
        guard let path = DataFiles.find(.anchors) else { return SpecificationLinks() }
        let text = try Files.read(path)
        do {
            return try SpecificationLinks(parsing: text, file: path)
        } catch {
            throw Complaint("\(error)")
        }
    }
}

/// Which tests of them.
struct SelectionOptions: ParsableArguments {
    @Option(help: "Leave out what is below this level: must, should or may.")
    var level: Level = .may

    @Option(
        help: ArgumentHelp(
            "Only tests with such an id, tag or requirement; * stands for any text. May be repeated.",
            valueName: "pattern"))
    var only: [String] = []

    enum Level: String, ExpressibleByArgument, CaseIterable { case must, should, may }

    /// Puts the choice into a configuration.
    ///
    /// - Throws: ``Complaint`` for a pattern that no test has, and if no test is left.
    func apply(to configuration: inout RunConfiguration, _ plan: TestPlan) throws {
        configuration.level = ConformanceLevel(rawValue: self.level.rawValue) ?? .may
        configuration.only = self.only
        let tests = plan.suites.flatMap(\.tests)
        for pattern in self.only {
            let isKnown = tests.contains { test in
                ([test.id] + test.tags + test.requirements).contains { Pattern(pattern).matches($0) }
            }
            guard isKnown else {
                let names = Set(tests.flatMap { [$0.id] + $0.tags + $0.requirements })
                throw Complaint(
                    "no test has the id, tag or requirement '\(pattern)'" + Near.hint(pattern, in: names)
                        + "; see: a2a-conformance list")
            }
        }
        guard tests.contains(where: configuration.selects) else {
            throw Complaint("no test is left with --level \(self.level.rawValue) and --only")
        }
    }
}

/// A binding, as it may be called on the command line.
enum BindingName: String, ExpressibleByArgument, CaseIterable {
    case jsonrpc, rest, grpc, tcp

    init?(argument: String) {
        switch argument.lowercased() {
        case "http+json": self = .rest
        case "json-rpc": self = .jsonrpc
        default: self.init(rawValue: argument.lowercased())
        }
    }

    var binding: TransportBinding {
        switch self {
        case .jsonrpc: .jsonrpc
        case .rest: .rest
        case .grpc: .grpc
        case .tcp: .tcp
        }
    }
}
