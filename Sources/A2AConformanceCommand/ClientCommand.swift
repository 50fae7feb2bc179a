import A2AConformance
import ArgumentParser
import FoundationEssentials

/// `a2a-conformance client`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Runs the tests against a client, which a harness drives.",
        discussion: """
            a2a-conformance client -- python3 harness.py
            a2a-conformance client --binding rest --report html=report.html -- ./harness

            The harness speaks JSON over its standard input and output (conformance/client-harness.md). The agents that the \
            client meets are played here, some of them badly.
            """)

    @OptionGroup(title: "What is tested") var selection: SelectionOptions
    @OptionGroup(title: "What is tested") var suites: SuiteOptions

    @Option(help: "Only this binding: jsonrpc, rest, grpc or tcp (default: all of the client). May be repeated.")
    var binding: [BindingName] = []

    @Option(
        help: ArgumentHelp(
            "How many cases run at a time, 1 to 64, each with a process of the harness.", valueName: "count"))
    var jobs = 4

    @Option(help: ArgumentHelp("How long the run may take.", valueName: "seconds"))
    var timeout: Double = 600

    @OptionGroup(title: "What comes of it") var judgement: JudgementOptions

    @Argument(parsing: .postTerminator, help: "The harness and its arguments.")
    var command: [String] = []

    func run() async throws {
        guard !self.command.isEmpty else {
            throw Complaint("say which harness to start: a2a-conformance client -- COMMAND…")
        }
        let plan = try self.suites.plan()
        let reference = Reference(try self.suites.requirementList(), try self.suites.links())
        let outputs = try self.judgement.report.map(Output.init)
        let known = try self.judgement.known()
        let software = try self.judgement.software()
        var configuration = try self.configuration()
        try self.selection.apply(to: &configuration, plan)
        let progress = ProgressLine(isShown: Standard.errorIsTerminal)
        var result = await ClientRunner(plan: plan, configuration: configuration).run(self.command) { one, total in
            progress.count(one, of: total)
        }
        progress.clear()
        result.software = software
        if let known {
            result.apply(known)
            if self.selection.only.isEmpty, self.selection.level == .may, self.binding.isEmpty {
                result.notes += result.stale(known)
            }
        }
        print(TextReport.text(result, strict: self.judgement.strict, plan: nil, reference: reference), terminator: "")
        var complaints: [String] = []
        for output in outputs {
            do {
                try output.write(result, plan, strict: self.judgement.strict, reference)
            } catch {
                complaints.append("\(error)")
            }
        }
        guard complaints.isEmpty else { throw Complaint(complaints.joined(separator: "\na2a-conformance: ")) }
        let status = result.verdict(strict: self.judgement.strict).rawValue
        if status != 0 { throw ExitCode(status) }
    }

    private func configuration() throws -> RunConfiguration {
        var configuration = RunConfiguration()
        if !self.binding.isEmpty { configuration.bindings = Set(self.binding.map(\.binding)) }
        guard self.timeout > 0, self.timeout <= 86_400 else {
            throw Complaint("--timeout is more than 0 seconds, and 86400 (a day) at most, not \(self.timeout)")
        }
        guard (1...64).contains(self.jobs) else { throw Complaint("--jobs is 1 to 64, not \(self.jobs)") }
        configuration.runTimeout = .seconds(self.timeout)
        configuration.jobs = self.jobs
        configuration.environment = ProcessInfo.processInfo.environment
        return configuration
    }
}
