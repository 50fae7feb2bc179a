import A2A
import A2AClient
import A2ACommandSupport
import A2AGRPC
import A2AHTTP
import A2AServer
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
    @OptionGroup var serving: GatewayServingOptions

    @Option(
        help: ArgumentHelp("The port for the card, JSON-RPC and HTTP+JSON; 0 takes a free one.", valueName: "port"))
    var httpPort = 9910

    @Option(
        name: .customLong("grpc-port"),
        help: ArgumentHelp("The port for gRPC; 0 takes a free one.", valueName: "port"))
    var grpcPort = 9911

    @OptionGroup var tcpListening: TCPListeningOptions

    func validate() throws {
        guard !self.serving.noHTTP || !self.serving.common.noGRPC || !self.tcpListening.isOff else {
            throw ValidationError("With --no-http, --no-grpc and --no-tcp nothing is left to serve.")
        }
        guard (0...65535).contains(self.httpPort), (0...65535).contains(self.grpcPort) else {
            throw ValidationError("--http-port and --grpc-port take 0 to 65535.")
        }
        try self.tcpListening.validate(
            host: self.serving.common.host, httpPort: self.httpPort, tls: self.serving.common.tls)
    }

    /// How HTTP is served; `nil` for not at all.
    var http: HTTPServerConfiguration? { self.serving.http(port: self.httpPort) }

    /// How gRPC is served; `nil` for not at all.
    var grpc: GRPCServerConfiguration? { self.serving.common.grpc(port: self.grpcPort) }

    /// How TCP is served; `nil` for not at all.
    var tcp: TCPServerConfiguration? {
        self.tcpListening.configuration(
            host: self.serving.common.host, httpPort: self.httpPort, tls: self.serving.common.tls)
    }

    /// The bindings, HTTP first: it has the cards.
    func bindings(_ limits: GatewayLimitOptions) -> [any ServerBinding] {
        var bindings = limits.bindings(http: self.http, grpc: self.grpc)
        if var tcp = self.tcp {
            limits.apply(to: &tcp)
            bindings.append(.tcp(tcp))
        }
        return bindings
    }
}
