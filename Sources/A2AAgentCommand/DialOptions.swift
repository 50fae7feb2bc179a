import A2AClient
import A2AServer
import A2ATCP
import ArgumentParser
import Foundation

/// Which hubs the agent dials, to be called over the connections that it makes.
struct DialOptions: ParsableArguments {
    @Option(
        name: .customLong("dial"), parsing: .singleValue,
        help: ArgumentHelp(
            "A hub to dial: a2a+tls://host[:port], or a2a+tcp://host:port on this machine. Repeatable.",
            valueName: "url"
        ))
    var hubs: [String] = []

    @Option(
        name: .customLong("dial-name"),
        help: ArgumentHelp("The name that the agent would like there: the tenant of its callers.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("dial-token"),
        help: ArgumentHelp(
            "The bearer token that says who the agent is. (default: the environment variable A2A_DIAL_TOKEN)",
            valueName: "token"))
    var token: String?

    @Option(
        name: .customLong("dial-ca-file"),
        help: ArgumentHelp("Certificates to trust beside those of the system, in PEM.", valueName: "file"))
    var caFile: String?

    @Option(
        name: .customLong("dial-certificate"),
        help: ArgumentHelp("The certificate chain that the agent shows to hubs, in PEM.", valueName: "file"))
    var certificate: String?

    @Option(
        name: .customLong("dial-key"),
        help: ArgumentHelp("The private key of that certificate, in PEM.", valueName: "file"))
    var key: String?

    @Flag(
        name: .customLong("insecure-plaintext-dial"),
        help: "Dial a2a+tcp hubs beyond this machine too: anybody on the way can read and change everything.")
    var allowsInsecurePlaintext = false

    @Flag(name: .customLong("no-listen"), help: "Do not listen: be called over dialled connections only.")
    var isOnly = false

    func validate() throws {
        guard !self.hubs.isEmpty else {
            guard !self.isOnly else {
                throw ValidationError("--no-listen needs --dial: else nobody could call the agent.")
            }
            guard self.name == nil, self.token == nil, self.caFile == nil, self.certificate == nil, self.key == nil
            else {
                throw ValidationError("--dial-name and the other --dial options need --dial.")
            }
            return
        }
        guard let name = self.name, TCPRegistration.isName(name) else {
            throw ValidationError(
                "--dial needs --dial-name: 1 to \(TCPRegistration.maxNameLength) letters, digits, '-', '.', '_' and '~', a "
                    + "letter or digit first.")
        }
        guard (self.certificate == nil) == (self.key == nil) else {
            throw ValidationError("--dial-certificate and --dial-key go together.")
        }
    }

    /// How each hub is dialled.
    ///
    /// - Throws: `ValidationError` if a file cannot be read.
    func configurations(environment: [String: String]) throws -> [TCPDialConfiguration] {
        let token = self.token ?? environment["A2A_DIAL_TOKEN"]
        return try self.hubs.map { hub in
            var configuration = TCPDialConfiguration(
                hub: hub, name: self.name ?? "", credentials: token.map { .bearer($0) })
            configuration.connecting.additionalTrustRootsPEM = try Self.read(self.caFile, of: "--dial-ca-file")
            configuration.connecting.clientCertificatePEM = try Self.read(self.certificate, of: "--dial-certificate")
            configuration.connecting.clientKeyPEM = try Self.read(self.key, of: "--dial-key")
            configuration.connecting.insecurelyAllowPlaintextBeyondLoopback = self.allowsInsecurePlaintext
            return configuration
        }
    }

    private static func read(_ path: String?, of option: String) throws -> [UInt8] {
        try path.map { try OptionFile.read($0, of: option) } ?? []
    }
}

/// A file that an option names.
enum OptionFile {
    /// - Throws: `ValidationError` that names the option and the file.
    static func read(_ path: String, of option: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(option): the file '\(path)' cannot be read.")
        }
        return Array(data)
    }
}
