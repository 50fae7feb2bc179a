import A2A
import A2AClient
import A2ACommandSupport
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2ATCP
import ArgumentParser

/// An agent behind the gateway, as `--upstream` names it: `CARD`, or `name=CARD`.
struct UpstreamArgument: Equatable {
    /// The longest name, in bytes.
    static let maxNameLength = 64

    /// Empty for the default.
    var name = ""
    var card: String

    init(card: String) { self.card = card }

    /// - Throws: `ValidationError` for an empty or too long name, or an empty card.
    init(parsing text: String) throws {
        self.card = text
        // A URL or a path has characters before its first "=" that a name has not.
        if let equals = text.firstIndex(of: "="), text[..<equals].utf8.allSatisfy(Self.isNameByte) {
            self.name = String(text[..<equals])
            self.card = String(text[text.index(after: equals)...])
            guard (1...Self.maxNameLength).contains(self.name.utf8.count) else {
                throw ValidationError("--upstream: a name has 1 to \(Self.maxNameLength) characters.")
            }
        }
        guard !self.card.isEmpty else {
            throw ValidationError("--upstream takes the card of an agent, or name=card, not '\(text)'.")
        }
    }

    /// What needs no encoding in a path.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// Which agents are behind the gateway.
struct UpstreamOptions: ParsableArguments {
    @Option(
        name: .customLong("upstream"), parsing: .singleValue,
        help: ArgumentHelp(
            "The agent to serve: a host or origin, the URL of its card, an a2a+tls address, or a path. With a name before it, callers choose it "
                + "by that tenant. Repeatable. (default: --agent-card)", valueName: "[name=]card"),
        transform: UpstreamArgument.init(parsing:))
    var upstreams: [UpstreamArgument] = []

    @Option(
        name: .customLong("upstream-transport"), parsing: .singleValue,
        help: ArgumentHelp(
            "Preferred binding towards the agents: jsonrpc, http+json, grpc or tcp. Repeatable, best first. "
                + "(default: --transport, then each card's order)", valueName: "binding"))
    var transports: [String] = []

    func validate() throws {
        var names: Set<String> = []
        for upstream in self.upstreams where !names.insert(upstream.name).inserted {
            throw ValidationError(
                upstream.name.isEmpty
                    ? "--upstream: only one agent can do without a name."
                    : "--upstream: '\(upstream.name)' is there twice.")
        }
        _ = try self.preferences()
    }

    func preferences() throws -> [ProtocolBinding] {
        try self.transports.flatMap { $0.split(separator: ",") }.map { text in
            guard let binding = ProtocolBinding(named: text.trimmingSpaces) else {
                throw ValidationError("--upstream-transport is \(ProtocolBinding.names), not '\(text)'.")
            }
            return binding
        }
    }
}

/// Where the gateway listens.
struct GatewayListeningOptions: ParsableArguments {
    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(
        help: ArgumentHelp("The port for the card, JSON-RPC and HTTP+JSON; 0 takes a free one.", valueName: "port"))
    var httpPort = 9910

    @Flag(name: .customLong("no-http"), help: "Do not serve HTTP; then cards are to be had over TCP only.")
    var noHTTP = false

    @Option(
        name: .customLong("grpc-port"),
        help: ArgumentHelp("The port for gRPC; 0 takes a free one.", valueName: "port"))
    var grpcPort = 9911

    @Flag(name: .customLong("no-grpc"), help: "Do not serve gRPC.")
    var noGRPC = false

    @OptionGroup var tcpListening: TCPListeningOptions

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "The base URL that the cards name, if callers reach the gateway under another one.", valueName: "url"))
    var publicURL: String?

    @Option(
        name: .customLong("public-grpc-address"),
        help: ArgumentHelp(
            "The address that the cards name for gRPC, if callers reach it under another one.", valueName: "host:port"))
    var publicGRPCAddress: String?

    @OptionGroup var tls: TLSOptions

    func validate() throws {
        guard !self.noHTTP || !self.noGRPC || !self.tcpListening.isOff else {
            throw ValidationError("With --no-http, --no-grpc and --no-tcp nothing is left to serve.")
        }
        guard (0...65535).contains(self.httpPort), (0...65535).contains(self.grpcPort) else {
            throw ValidationError("--http-port and --grpc-port take 0 to 65535.")
        }
        try self.tcpListening.validate(host: self.host, httpPort: self.httpPort, tls: self.tls)
    }

    /// How HTTP is served; `nil` for not at all.
    var http: HTTPServerConfiguration? {
        guard !self.noHTTP else { return nil }
        var configuration = HTTPServerConfiguration()
        configuration.host = self.host
        configuration.port = self.httpPort
        configuration.publicURL = self.publicURL.map { url in
            var url = url[...]
            while url.hasSuffix("/") { url = url.dropLast() }
            return String(url)
        }
        configuration.tls = self.tls.http
        return configuration
    }

    /// How gRPC is served; `nil` for not at all.
    var grpc: GRPCServerConfiguration? {
        guard !self.noGRPC else { return nil }
        var configuration = GRPCServerConfiguration()
        configuration.host = self.host
        configuration.port = self.grpcPort
        configuration.publicAddress = self.publicGRPCAddress
        configuration.tls = self.tls.grpc
        return configuration
    }
}

extension GatewayListeningOptions {
    /// How TCP is served; `nil` for not at all.
    var tcp: TCPServerConfiguration? {
        self.tcpListening.configuration(host: self.host, httpPort: self.httpPort, tls: self.tls)
    }
}

/// What the gateway allows.
struct GatewayLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest request body or message.", valueName: "bytes"))
    var maxBodyBytes = HTTPServerConfiguration().maxBodyBytes

    @Option(help: ArgumentHelp("The most connections at a time, of callers and to each agent.", valueName: "count"))
    var maxConnections = HTTPServerConfiguration().maxConnections

    @Option(
        help: ArgumentHelp("How many gateways a call may pass; more are taken for a loop.", valueName: "count"))
    var maxHops = GatewayConfiguration().maxHops

    @Option(help: ArgumentHelp("How long calls may go on at the end.", valueName: "seconds"))
    var shutdownGrace = Int(GatewayConfiguration().shutdownGrace.components.seconds)

    @Flag(help: "Take calls without A2A-Version for version 1.0 instead of refusing them as 0.3.")
    var lenientVersion = false

    func validate() throws {
        guard [self.maxBodyBytes, self.maxConnections, self.maxHops, self.shutdownGrace].allSatisfy({ $0 > 0 }) else {
            throw ValidationError("Limits are positive numbers.")
        }
    }
}
