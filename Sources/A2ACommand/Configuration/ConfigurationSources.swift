import FoundationEssentials

/// Where a value came from.
enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    case flag
    case environment(String)
    case file(String)
    case builtIn

    var description: String {
        switch self {
        case .flag: "flag"
        case .environment(let name): "environment variable \(name)"
        case .file(let path): "file \(path)"
        case .builtIn: "default"
        }
    }
}

/// Looks settings up: flag, then environment, then local file, then global file, then default (command-line
/// specification §8.3).
struct ConfigurationSources: Sendable {
    private let environment: [String: String]
    private let files: [(path: String, file: EnvironmentFile)]

    /// The most directories that are searched upwards for a local file.
    private static let maxDepth = 64

    /// - Throws: ``ToolError`` if the file that `--config` names cannot be read.
    init(explicitFile: String?, environment: [String: String], workingDirectory: String) throws {
        self.environment = environment
        var files: [(String, EnvironmentFile)] = []
        if let path = explicitFile ?? environment["A2ACLI_CONFIG"] {
            guard let file = Self.read(path) else {
                throw ToolError.usage("The configuration file '\(path)' cannot be read.")
            }
            files.append((path, file))
        } else if let local = Self.localFile(from: workingDirectory) {
            files.append(local)
        }
        let home =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? environment["HOME"].map { "\($0)/.config" }
        if let path = home.map({ "\($0)/a2a-cli/.env" }), let file = Self.read(path) { files.append((path, file)) }
        self.files = files
    }

    /// A setting by its long flag, such as `agent-card`.
    func lookUp(_ name: String, flag: String?) -> (value: String, source: SettingSource)? {
        if let flag { return (flag, .flag) }
        let variable = Self.variable(name)
        // An empty variable counts as one that is not set, so that a file's value can be switched off for one run
        // only by another value.
        if let value = self.environment[variable], !value.isEmpty { return (value, .environment(variable)) }
        for (path, file) in self.files {
            if let value = file.values[variable], !value.isEmpty { return (value, .file(path)) }
        }
        return nil
    }

    /// The environment variable of a flag: `agent-card` is `A2ACLI_AGENT_CARD`.
    static func variable(_ name: String) -> String {
        "A2ACLI_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    private static func localFile(from directory: String) -> (String, EnvironmentFile)? {
        var directory = directory
        for _ in 0..<Self.maxDepth {
            let path = directory.hasSuffix("/") ? "\(directory).env" : "\(directory)/.env"
            if let file = Self.read(path) { return (path, file) }
            guard let slash = directory.lastIndex(of: "/"), directory != "/" else { return nil }
            directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        }
        return nil
    }

    private static func read(_ path: String) -> EnvironmentFile? {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= EnvironmentFile.maxBytes else {
            return nil
        }
        return EnvironmentFile(parsing: String(decoding: data, as: UTF8.self))
    }
}
