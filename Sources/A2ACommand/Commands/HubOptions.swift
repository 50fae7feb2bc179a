import A2A
import A2ACommandSupport
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATCP
import ArgumentParser
import FoundationEssentials

/// A name and its token, as `--agent-token` has them: `name=token`.
struct AgentTokenArgument: Equatable {
    var name: String
    var token: String

    /// - Throws: `ValidationError` that says what would be right; it has no token in it.
    init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, TCPRegistration.isName(String(parts[0])), !parts[1].isEmpty else {
            throw ValidationError(
                "--agent-token takes name=token; a name has 1 to \(TCPRegistration.maxNameLength) letters, digits, '-', '.', "
                    + "'_' and '~', a letter or digit first.")
        }
        self.name = String(parts[0])
        self.token = String(parts[1])
    }
}

/// Which agents a hub takes.
struct HubAgentOptions: ParsableArguments {
    @Option(
        name: .customLong("agent-token"), parsing: .singleValue,
        help: ArgumentHelp(
            "Takes the agent that shows this bearer token, under this name. Repeatable.", valueName: "name=token"),
        transform: AgentTokenArgument.init(parsing:))
    var tokens: [AgentTokenArgument] = []

    @Option(
        name: .customLong("agent-token-file"),
        help: ArgumentHelp("A file of such tokens, one name=token a line.", valueName: "file"))
    var tokenFile: String?

    @Option(
        name: .customLong("agent-ca"),
        help: ArgumentHelp(
            "Who signs agents' certificates, in PEM. An agent may have the names that its certificate says: a DNS name or its "
                + "first label, or the end of a SPIFFE ID. Needs --tls-certificate.", valueName: "file"))
    var certificateAuthority: String?

    @Flag(
        name: .customLong("insecure-any-agent"),
        help: "Takes every agent under every name; only on loopback.")
    var isOpen = false

    @Option(
        name: .customLong("max-agents"),
        help: ArgumentHelp("The most agents at a time.", valueName: "count"))
    var maxAgents = AgentHubConfiguration().maxAgents

    @Flag(name: .customLong("list-agents"), help: "Shows everybody who is there, at /agents.")
    var isListed = false

    func validate() throws {
        guard !self.tokens.isEmpty || self.tokenFile != nil || self.certificateAuthority != nil || self.isOpen else {
            throw ValidationError(
                "Which agents may come? Give --agent-token name=token, --agent-token-file or --agent-ca. For play on this "
                    + "machine --insecure-any-agent takes every one.")
        }
        guard self.maxAgents > 0 else { throw ValidationError("--max-agents is a positive number.") }
        var names: Set<String> = []
        for token in self.tokens where !names.insert(token.name).inserted {
            throw ValidationError("--agent-token: '\(token.name)' is there twice.")
        }
    }

    /// - Parameter read: Reads a file.
    /// - Throws: `ValidationError` for a line of the file that is no token.
    func authorizer(read: (String) throws -> String) throws -> any AgentAuthorizer {
        guard !self.isOpen else { return InsecurelyOpenHub() }
        var tokens = self.tokens
        if let tokenFile {
            let lines = try read(tokenFile).split(whereSeparator: \.isNewline).map(\.trimmingSpaces)
            tokens += try lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map {
                try AgentTokenArgument(parsing: String($0))
            }
        }
        var authorizers: [any AgentAuthorizer] = []
        if self.certificateAuthority != nil { authorizers.append(AgentCertificates()) }
        if !tokens.isEmpty {
            authorizers.append(AgentTokens(Dictionary(tokens.map { ($0.name, $0.token) }) { $1 }))
        }
        return AnyAgentAuthorizer(authorizers)
    }
}

/// Where a hub listens.
struct HubListeningOptions: ParsableArguments {
    @OptionGroup var serving: GatewayServingOptions

    @Option(
        help: ArgumentHelp("The port for cards, JSON-RPC and HTTP+JSON; 0 takes a free one.", valueName: "port"))
    var httpPort = 9920

    @Option(
        name: .customLong("grpc-port"), help: ArgumentHelp("The port for gRPC; 0 takes a free one.", valueName: "port"))
    var grpcPort = 9921

    @Option(
        name: .customLong("tcp-port"),
        help: ArgumentHelp("The port that agents dial, and for A2A over TCP; 0 takes a free one.", valueName: "port"))
    var tcpPort = 9922

    @OptionGroup var tcpServing: TCPServingOptions

    func validate() throws {
        guard [self.httpPort, self.grpcPort, self.tcpPort].allSatisfy((0...65535).contains) else {
            throw ValidationError("--http-port, --grpc-port and --tcp-port take 0 to 65535.")
        }
        guard self.tcpServing.allows(host: self.serving.common.host, tls: self.serving.common.tls) else {
            throw ValidationError(
                "Agents do not dial '\(self.serving.common.host)' without TLS. Give --tls-certificate and --tls-key, or take the risk "
                    + "with --insecure-plaintext-tcp.")
        }
    }

    var isLoopback: Bool { TCPServingOptions.isLoopback(self.serving.common.host) }

    /// How HTTP is served; `nil` for not at all.
    var http: HTTPServerConfiguration? { self.serving.http(port: self.httpPort) }

    /// How gRPC is served; `nil` for not at all.
    var grpc: GRPCServerConfiguration? { self.serving.common.grpc(port: self.grpcPort) }

    /// How agents, and callers over TCP, are served.
    func tcp(agentCA: String?) -> TCPServerConfiguration {
        var configuration = self.tcpServing.configuration(
            host: self.serving.common.host, port: self.tcpPort, tls: self.serving.common.tls)
        if let agentCA { configuration.tls?.clientTrustRoots = agentCA }
        return configuration
    }

    /// The bindings; agents come to the last one.
    func bindings(_ limits: GatewayLimitOptions, agents hub: AgentHub, agentCA: String?) -> [any ServerBinding] {
        var tcp = self.tcp(agentCA: agentCA)
        limits.apply(to: &tcp)
        return limits.bindings(http: self.http, grpc: self.grpc) + [.tcp(tcp, agents: hub)]
    }
}
