import A2A
import A2AClient
import A2ACommandSupport

/// One setting with its effective value, as `config show` prints it.
struct EffectiveSetting: Sendable, Equatable {
    var name: String
    var value: String
    var source: SettingSource
    var isSecret = false
}

/// What is in force for one invocation, after flags, environment and files.
struct Settings: Sendable {
    static let defaultTimeout = Duration.seconds(600)
    static let defaultPollInterval = Duration.seconds(2)

    private(set) var agentCard: String?
    private(set) var format = OutputFormat.text
    /// An explicit flag only, never the environment (command-line specification §11.3).
    let isStreaming: Bool
    private(set) var transports: [ProtocolBinding] = []
    private(set) var bearer: String?
    private(set) var apiKey: String?
    private(set) var serviceParameters = ServiceParameters()
    private(set) var version: ProtocolVersion?
    private(set) var timeout = Settings.defaultTimeout
    private(set) var pollInterval = Settings.defaultPollInterval
    private(set) var caFile: String?
    private(set) var clientCertificate: String?
    private(set) var clientKey: String?
    private(set) var isInsecure = false
    private(set) var allowsPlaintext = false
    private(set) var isVerbose = false
    private(set) var isDebugging = false
    private(set) var effective: [EffectiveSetting] = []

    private let sources: ConfigurationSources

    /// - Parameter redactor: Learns the secrets, so that no diagnostic shows them.
    /// - Throws: ``ToolError`` of kind usage for a value that cannot be read.
    init(_ options: GlobalOptions, invocation: Invocation, redactor: Redactor) throws {
        self.sources = try ConfigurationSources(
            explicitFile: options.config, environment: invocation.environment,
            workingDirectory: invocation.workingDirectory)
        self.isStreaming = options.stream

        self.agentCard = self.text("agent-card", flag: options.agentCard)
        self.format = try self.parsed("output", flag: options.output, default: "text") { text in
            guard let format = OutputFormat(rawValue: text.lowercased()) else {
                throw ToolError.usage("--output is text or json, not '\(text)'.")
            }
            return format
        }
        self.transports = try self.list("transport", flags: options.transport).map(Self.binding)
        self.bearer = self.text("bearer", flag: options.bearer, isSecret: true)
        self.apiKey = self.text("api-key", flag: options.apiKey, isSecret: true)
        redactor.add(self.bearer)
        redactor.add(self.apiKey)
        for parameter in self.list("svc-param", flags: options.serviceParameters, isSecret: true) {
            try self.add(parameter: parameter, redactor)
        }
        if let text = self.text("a2a-version", flag: options.a2aVersion) {
            guard let version = ProtocolVersion(text) else {
                throw ToolError.usage("--a2a-version is a version such as 1.0, not '\(text)'.")
            }
            self.version = version
        }
        self.timeout = try self.parsed("timeout", flag: options.timeout, default: "10m") {
            try Self.duration($0, of: "--timeout")
        }
        self.pollInterval = try self.parsed("poll-interval", flag: options.pollInterval, default: "2s") {
            try Self.duration($0, of: "--poll-interval")
        }
        self.caFile = self.text("ca-file", flag: options.caFile)
        self.clientCertificate = self.text("client-certificate", flag: options.clientCertificate)
        self.clientKey = self.text("client-key", flag: options.clientKey)
        guard (self.clientCertificate == nil) == (self.clientKey == nil) else {
            throw ToolError.usage("--client-certificate and --client-key go together.")
        }
        self.isInsecure = try self.flag("insecure", flag: options.insecure)
        self.allowsPlaintext = try self.flag("insecure-plaintext", flag: options.insecurePlaintext)
        self.isVerbose = try self.flag("verbose", flag: options.verbose)
        self.isDebugging = try self.flag("debug", flag: options.debug)
    }

    // MARK: Looking up

    /// A text setting.
    ///
    /// Noted for `config show`.
    mutating func text(_ name: String, flag: String?, isSecret: Bool = false) -> String? {
        guard let found = self.sources.lookUp(name, flag: flag) else { return nil }
        self.note(name, found.value, found.source, isSecret: isSecret)
        return found.value
    }

    /// A text setting that some command has beyond the global ones.
    func lookUp(_ name: String, flag: String?) -> String? {
        self.sources.lookUp(name, flag: flag)?.value
    }

    /// A switch that some command has beyond the global ones.
    func isOn(_ name: String, flag: Bool) throws -> Bool {
        if flag { return true }
        guard let found = self.sources.lookUp(name, flag: nil) else { return false }
        return try Self.truth(found.value, of: name)
    }

    private mutating func list(_ name: String, flags: [String], isSecret: Bool = false) -> [String] {
        if !flags.isEmpty {
            self.note(name, flags.joined(separator: ","), .flag, isSecret: isSecret)
            return flags.flatMap { name == "transport" ? Self.items($0) : [$0] }
        }
        return self.text(name, flag: nil, isSecret: isSecret).map(Self.items) ?? []
    }

    private static func items(_ text: String) -> [String] {
        text.split(separator: ",").map(\.trimmingSpaces).filter { !$0.isEmpty }
    }

    private mutating func flag(_ name: String, flag: Bool) throws -> Bool {
        if flag {
            self.note(name, "true", .flag)
            return true
        }
        guard let text = self.text(name, flag: nil) else {
            self.note(name, "false", .builtIn)
            return false
        }
        return try Self.truth(text, of: name)
    }

    private mutating func parsed<Value>(
        _ name: String, flag: String?, default fallback: String, _ parse: (String) throws -> Value
    ) throws -> Value {
        if let text = self.text(name, flag: flag) { return try parse(text) }
        self.note(name, fallback, .builtIn)
        return try parse(fallback)
    }

    private mutating func note(_ name: String, _ value: String, _ source: SettingSource, isSecret: Bool = false) {
        self.effective.append(EffectiveSetting(name: name, value: value, source: source, isSecret: isSecret))
    }

    // MARK: Reading values

    private mutating func add(parameter: String, _ redactor: Redactor) throws {
        guard let colon = parameter.firstIndex(of: ":") else {
            throw ToolError.usage("--svc-param is name:value; the one given has no colon.")
        }
        let name = parameter[..<colon].trimmingSpaces
        let value = parameter[parameter.index(after: colon)...].trimmingSpaces
        redactor.add(value)
        self.serviceParameters[name] = value
        guard self.serviceParameters[name] != nil else {
            throw ToolError.usage("'\(name)' is no name of a service parameter.")
        }
    }

    private static func binding(_ text: String) throws -> ProtocolBinding {
        guard let binding = ProtocolBinding(named: text) else {
            throw ToolError.usage("--transport is \(ProtocolBinding.names), not '\(text)'.")
        }
        return binding
    }

    private static func truth(_ text: String, of name: String) throws -> Bool {
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default: throw ToolError.usage("\(ConfigurationSources.variable(name)) is true or false, not '\(text)'.")
        }
    }

    static func duration(_ text: String, of option: String) throws -> Duration {
        guard let duration = Duration(parsing: text), duration > .zero else {
            throw ToolError.usage("\(option) is a duration such as 500ms, 30s, 5m or 1h, not '\(text)'.")
        }
        return duration
    }
}

extension Duration {
    /// The longest duration that is read: 1000 days.
    private static let longest = Duration.seconds(1000 * 24 * 3600)

    /// Reads `500ms`, `30s`, `1.5m`, `2h`, `1m30s`, and a plain number as seconds.
    init?(parsing text: String) {
        var rest = text.trimmingSpaces.lowercased()[...]
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = Self.seconds(unit) else { return nil }
            total += value * factor
        }
        guard total.isFinite, total >= 0 else { return nil }
        self = min(.seconds(min(total, 1e9)), Self.longest)
    }

    private static func seconds(_ unit: Substring) -> Double? {
        switch unit {
        case "ms": 0.001
        case "", "s", "sec": 1
        case "m", "min": 60
        case "h": 3600
        case "d": 86400
        default: nil
        }
    }
}
