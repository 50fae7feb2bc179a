import A2AConformance
import ArgumentParser
import FoundationEssentials

/// `a2a-conformance client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Runs tests against a client, which a harness drives: a2a-conformance client -- COMMAND…",
        discussion: """
            The harness speaks JSON over its standard input and output (conformance/client-harness.md). The agents that the \
            client meets are played here, some of them badly.
            """)

    @OptionGroup var suites: SuiteOptions

    @Option(help: "Leave out what is below: must, should or may.")
    var level: RunCommand.Level = .may

    @Option(help: "Only this binding: jsonrpc, rest, grpc or tcp. Can be given several times.")
    var binding: [RunCommand.Binding] = []

    @Option(help: "Only tests with such an id, tag or requirement; * stands for any text. Can be given several times.")
    var only: [String] = []

    @Option(help: "A file of cases that are known to fail: PATTERN, blanks, the reason.")
    var knownFailing: String?

    @Option(
        help: "A report beside that on standard output: acts=FILE, junit=FILE or html=FILE. Can be given several times."
    )
    var report: [String] = []

    @Flag(help: "A SHOULD that fails, fails the run.")
    var strict = false

    @Option(help: "How long the run may take, in seconds.")
    var timeout: Double = 600

    @Option(help: "How many cases run at a time, each with a harness of its own.")
    var jobs = 4

    @Argument(parsing: .postTerminator, help: "The harness and its arguments.")
    var command: [String] = []

    func run() async throws {
        do {
            guard !self.command.isEmpty else {
                throw Complaint("say which harness to start: a2a-conformance client -- COMMAND…")
            }
            let plan = try self.suites.plan()
            let outputs = try self.report.map(Output.init)
            let known = try self.knownFailing.map { path in
                try KnownFailing(parsing: try Files.read(path), file: path)
            }
            let progress = ProgressLine(isShown: Standard.errorIsTerminal)
            var result = await ClientRunner(plan: plan, configuration: try self.configuration()).run(self.command) {
                progress.count($0, of: $1)
            }
            progress.clear()
            if let known { result.apply(known) }
            let requirements = try self.suites.requirementList()
            print(TextReport.text(result, strict: self.strict), terminator: "")
            for output in outputs { try output.write(result, plan, strict: self.strict, requirements) }
            throw ExitCode(result.verdict(strict: self.strict).rawValue)
        } catch let error as ExitCode {
            throw error
        } catch {
            Standard.error("a2a-conformance: \(error)\n")
            throw ExitCode(2)
        }
    }

    private func configuration() throws -> RunConfiguration {
        var configuration = RunConfiguration()
        configuration.level = ConformanceLevel(rawValue: self.level.rawValue) ?? .may
        let bindings = self.binding.compactMap { TransportBinding(rawValue: $0.rawValue) }
        if !bindings.isEmpty { configuration.bindings = Set(bindings) }
        configuration.only = self.only
        guard self.timeout > 0, self.timeout <= 86_400 else {
            throw Complaint("time limits are more than 0 seconds, and a day at most")
        }
        guard (1...64).contains(self.jobs) else { throw Complaint("--jobs is 1 to 64") }
        configuration.runTimeout = .seconds(self.timeout)
        configuration.jobs = self.jobs
        configuration.environment = ProcessInfo.processInfo.environment
        return configuration
    }
}
