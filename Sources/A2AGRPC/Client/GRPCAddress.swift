import A2A

/// Where an agent listens: what the `url` of a gRPC interface says (§4.4.6).
///
/// Forms: `host:port`, `[v6]:port`, `dns:///host:port`, and `grpc`, `grpcs`, `http` or `https` with `://host:port`.
struct GRPCAddress: Sendable, Hashable {
    private let authority: HostAndPort
    /// Whether the scheme asks for TLS; `nil` for an address without one.
    let wantsTLS: Bool?

    /// - Throws: ``A2AError`` with `.invalidParams` that says what is wrong and what would be right.
    init(_ text: String) throws {
        var rest = text[...]
        var wantsTLS: Bool?
        var defaultPort: Int?
        if let scheme = text.firstRange(of: "://") {
            rest = text[scheme.upperBound...]
            switch text[..<scheme.lowerBound].lowercased() {
            case "https": (wantsTLS, defaultPort) = (true, 443)
            case "grpcs": (wantsTLS, defaultPort) = (true, 443)
            case "http": (wantsTLS, defaultPort) = (false, 80)
            case "grpc": wantsTLS = false
            case "dns":
                guard rest.hasPrefix("/") else {
                    throw Self.failure(text, "names a name server; write dns:///host:port")
                }
                rest = rest.dropFirst()
            default: throw Self.failure(text, "has a scheme that gRPC does not know")
            }
            if wantsTLS != nil, rest.hasSuffix("/") { rest = rest.dropLast() }
        } else if text.lowercased().hasPrefix("dns:") {
            rest = text.dropFirst(4)
        }
        guard !rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
            throw Self.failure(text, "has a path, which gRPC has no use for")
        }
        guard !rest.contains("@") else { throw Self.failure(text, "has a user name, which gRPC has no use for") }

        do {
            self.authority = try HostAndPort(rest, defaultPort: defaultPort)
        } catch {
            throw Self.failure(text, error.problem)
        }
        self.wantsTLS = wantsTLS
    }

    private static func failure(_ text: String, _ problem: String) -> A2AError {
        A2AError(
            .invalidParams,
            "The gRPC address '\(text.prefix(200))' \(problem). Right is host:port, such as agent.example.com:443, or "
                + "http://host:port (plaintext) or https://host:port (TLS).")
    }

    /// The host: a name, or an IP address without brackets.
    var host: String { self.authority.host }
    var port: Int { self.authority.port }
    var isIPv6: Bool { self.authority.isIPv6 }
    /// Whether it is an IPv4 address in its usual form.
    var isIPv4: Bool { self.authority.isIPv4 }
    /// Whether the host is this machine.
    var isLoopback: Bool { self.authority.isLoopback }

    /// Whether to use TLS.
    func isSecure(_ security: GRPCClientOptions.Security) -> Bool {
        switch security {
        case .plaintext: false
        case .tls: true
        case .automatic: self.wantsTLS ?? !self.isLoopback
        }
    }
}

extension GRPCAddress: CustomStringConvertible {
    var description: String { self.authority.description }
}
