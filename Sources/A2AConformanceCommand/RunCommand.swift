import A2AConformance
import ArgumentParser
import FoundationEssentials

/// `a2a-conformance run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the tests against an agent, over every binding that its card has.",
        discussion: """
            a2a-conformance run http://localhost:9999
            a2a-conformance run http://localhost:9999 --report html=report.html
            a2a-conformance run https://agent.example --level must --binding grpc
            """)

    @Argument(help: "The agent's base URL, or the URL of its card.")
    var url: String

    @OptionGroup(title: "What is tested") var selection: SelectionOptions
    @OptionGroup(title: "What is tested") var suites: SuiteOptions
    @OptionGroup(title: "How it is tested") var how: HowOptions
    @OptionGroup(title: "What comes of it") var judgement: JudgementOptions

    func run() async throws {
        let url = try Self.checked(self.url)
        let plan = try self.suites.plan()
        let reference = Reference(try self.suites.requirementList(), try self.suites.links())
        let outputs = try self.judgement.report.map(Output.init)
        let known = try self.judgement.known()
        let software = try self.judgement.software()
        var configuration = try self.how.configuration()
        try self.selection.apply(to: &configuration, plan)
        let progress = ProgressLine(isShown: Standard.errorIsTerminal)
        progress.begin(url)
        var result = await Runner(plan: plan, configuration: configuration).run(url) { one, total in
            progress.count(one, of: total)
        }
        progress.clear()
        result.software = software
        if let known {
            result.apply(known)
            // Of a part of the cases nobody can say what the list has too much.
            if self.selection.only.isEmpty, self.selection.level == .may, self.how.binding.isEmpty {
                result.notes += result.stale(known)
            }
        }
        // Whoever asks for files wants to know how it went all the same.
        print(
            TextReport.text(
                result, strict: self.judgement.strict, plan: self.selection.only.isEmpty ? plan : nil,
                reference: reference), terminator: "")
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

    /// The URL, if it is one that an agent can have.
    static func checked(_ url: String) throws -> String {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            let scheme = url.firstRange(of: "://").map { String(url[..<$0.lowerBound]) }
            throw Complaint(
                scheme.map {
                    "'\(url)' has the scheme \($0); a card is had over http or https, its interfaces may be others"
                }
                    ?? "'\(url)' is no URL; write http://\(url) or https://\(url)")
        }
        guard let parsed = URL(string: url), let host = parsed.host, !host.isEmpty else {
            throw Complaint("'\(url)' has no host; write http://HOST:PORT")
        }
        return url
    }
}

/// `How it is tested`.
struct HowOptions: ParsableArguments {
    @Option(help: "Only this binding: jsonrpc, rest, grpc or tcp (default: all of the card). May be repeated.")
    var binding: [BindingName] = []

    @Option(
        help: ArgumentHelp(
            "A header field or metadata for every request, such as \"Authorization: Bearer …\". May be repeated.",
            valueName: "name: value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("Certificates to trust beside those of the system, in PEM.", valueName: "file"))
    var ca: String?

    @Option(
        help: ArgumentHelp(
            "Keys with which the agent's card may be signed, beside those that it points to: a JSON Web Key Set.",
            valueName: "file"))
    var cardKeys: String?

    @Flag(help: "Accept any certificate of the agent.")
    var insecure = false

    @Option(help: "Whether the agent has the behaviors of ACTS §11: auto, yes or no.")
    var behaviors: Behaviors = .auto

    @Option(help: ArgumentHelp("How many cases run at a time, 1 to 256.", valueName: "count"))
    var jobs = 8

    @Option(
        help: ArgumentHelp(
            "Begin the cases in an order that this number decides. Reports do not change by it.", valueName: "seed"))
    var shuffle: UInt64?

    @Option(help: ArgumentHelp("How long the run may take.", valueName: "seconds"))
    var timeout: Double = 600

    @Option(help: ArgumentHelp("How long a call may take.", valueName: "seconds"))
    var callTimeout: Double = 10

    @Option(
        help: ArgumentHelp("How long a stream may take where its test does not say.", valueName: "seconds"))
    var streamTimeout: Double = 30

    enum Behaviors: String, ExpressibleByArgument, CaseIterable { case auto, yes, no }

    /// Gives the bytes of a file to what understands them.
    private static func take(_ file: String?, _ problem: String, _ use: ([UInt8]) throws -> Void) throws {
        guard let file else { return }
        let bytes = Array(try Files.read(file).utf8)
        do { try use(bytes) } catch { throw Complaint("'\(file)' \(problem)") }
    }

    func configuration() throws -> RunConfiguration {
        var configuration = RunConfiguration()
        if !self.binding.isEmpty { configuration.bindings = Set(self.binding.map(\.binding)) }
        for (name, value) in [
            ("timeout", self.timeout), ("call-timeout", self.callTimeout), ("stream-timeout", self.streamTimeout),
        ] {
            guard value > 0, value <= 86_400 else {
                throw Complaint("--\(name) is more than 0 seconds, and 86400 (a day) at most, not \(value)")
            }
        }
        guard (1...256).contains(self.jobs) else { throw Complaint("--jobs is 1 to 256, not \(self.jobs)") }
        configuration.runTimeout = .seconds(self.timeout)
        configuration.callTimeout = .seconds(self.callTimeout)
        configuration.streamTimeout = .seconds(self.streamTimeout)
        configuration.jobs = self.jobs
        configuration.shuffle = self.shuffle
        configuration.headers = try self.header.map(Self.field)
        configuration.behaviors = RunConfiguration.Behaviors(rawValue: self.behaviors.rawValue) ?? .auto
        configuration.acceptsAnyCertificate = self.insecure
        try Self.take(self.ca, "has no certificate in PEM") { try configuration.trust(pem: $0) }
        try Self.take(self.cardKeys, "is no JSON Web Key Set") { try configuration.addCardKeys(jwks: $0) }
        configuration.environment = ProcessInfo.processInfo.environment
        return configuration
    }

    static func field(_ text: String) throws -> (name: String, value: String) {
        let name = text.prefix { $0 != ":" }
        let isToken =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        let value = text.dropFirst(name.count + 1).drop { $0 == " " }
        guard isToken, text.contains(":"), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            // It may be a credential: it is not repeated.
            throw Complaint("what --header has is no header field; write --header \"Name: value\"")
        }
        return (String(name), String(value))
    }
}

/// `What comes of it`.
struct JudgementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A report beside that on standard output: html=FILE, junit=FILE, json=FILE or json=FOLDER (ACTS §13, one file for "
                + "each binding). May be repeated.",
            valueName: "kind=file"))
    var report: [String] = []

    @Option(
        help: ArgumentHelp("A file of cases that are known to fail: PATTERN, blanks, the reason.", valueName: "file"))
    var knownFailing: String?

    @Flag(help: "A SHOULD that fails, fails the run.")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "What the agent is made with, for reports: name=…, version=… or language=…. May be repeated.",
            valueName: "member=value"))
    var sdk: [String] = []

    func known() throws -> KnownFailing? {
        guard let path = self.knownFailing else { return nil }
        let text = try Files.read(path)
        do {
            return try KnownFailing(parsing: text, file: path)
        } catch {
            throw Complaint("\(error)")
        }
    }

    func software() throws -> RunReport.Software {
        var software = RunReport.Software()
        for text in self.sdk {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts.first, parts.count) {
            case ("name", 2): software.name = parts[1]
            case ("version", 2): software.version = parts[1]
            case ("language", 2): software.language = parts[1]
            default: throw Complaint("'\(text)' says nothing of an SDK; write name=…, version=… or language=…")
            }
        }
        return software
    }
}
