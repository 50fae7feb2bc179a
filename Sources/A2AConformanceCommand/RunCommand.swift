import A2AConformance
import ArgumentParser
import FoundationEssentials

/// `a2a-conformance run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs tests against an agent, over every binding that its card has.")

    @Argument(help: "The agent's base URL, or the URL of its card.")
    var url: String

    @OptionGroup var suites: SuiteOptions

    @Option(help: "Leave out what is below: must, should or may.")
    var level: Level = .may

    @Option(help: "Only this binding: jsonrpc, rest, grpc or tcp. Can be given several times.")
    var binding: [Binding] = []

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

    @Option(help: "How long a call may take, in seconds.")
    var callTimeout: Double = 10

    @Option(help: "How many cases run at a time.")
    var jobs = 8

    @Option(help: "A header field or metadata for every request, such as \"Authorization: Bearer …\".")
    var header: [String] = []

    @Option(help: "Whether the agent has the behaviors of ACTS §11: auto, yes or no.")
    var behaviors: Behaviors = .auto

    @Flag(help: "Accept any certificate of the agent.")
    var insecure = false

    enum Level: String, ExpressibleByArgument, CaseIterable { case must, should, may }
    enum Binding: String, ExpressibleByArgument, CaseIterable { case jsonrpc, rest, grpc, tcp }
    enum Behaviors: String, ExpressibleByArgument, CaseIterable { case auto, yes, no }

    func run() async throws {
        do {
            let plan = try self.suites.plan()
            let outputs = try self.report.map(Output.init)
            let known = try self.knownFailing.map { path in
                try KnownFailing(parsing: try Files.read(path), file: path)
            }
            let progress = ProgressLine(isShown: Standard.errorIsTerminal)
            var result = await Runner(plan: plan, configuration: try self.configuration()).run(self.url) { one, total in
                progress.count(one, of: total)
            }
            progress.clear()
            if let known { result.apply(known) }
            let requirements = try self.suites.requirementList()
            // Whoever asks for files wants to know how it went all the same.
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
        guard self.timeout > 0, self.timeout <= 86_400, self.callTimeout > 0, self.callTimeout <= 86_400 else {
            throw Complaint("time limits are more than 0 seconds, and a day at most")
        }
        guard (1...256).contains(self.jobs) else { throw Complaint("--jobs is 1 to 256") }
        configuration.runTimeout = .seconds(self.timeout)
        configuration.callTimeout = .seconds(self.callTimeout)
        configuration.jobs = self.jobs
        configuration.headers = try self.header.map { text in
            guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else {
                throw Complaint("'\(text)' is no header field; write \"Name: value\"")
            }
            let value = text[text.index(after: colon)...].drop { $0 == " " }
            return (String(text[..<colon]), String(value))
        }
        configuration.behaviors = RunConfiguration.Behaviors(rawValue: self.behaviors.rawValue) ?? .auto
        configuration.acceptsAnyCertificate = self.insecure
        configuration.environment = ProcessInfo.processInfo.environment
        return configuration
    }
}
