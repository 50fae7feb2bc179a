import A2A

/// Where an agent listens: what the `url` of a TCP interface says (spec/bindings/tcp.md §2.1).
///
/// Forms: `a2a+tcp://host:port` and `a2a+tls://host[:port]`, with nothing behind but `/`.
struct TCPAddress: Sendable, Hashable {
    private let authority: HostAndPort
    let isSecure: Bool

    /// - Throws: ``A2AError`` with `.invalidParams` that says what is wrong and what would be right.
    init(_ text: String) throws {
        guard let scheme = text.firstRange(of: "://") else { throw Self.failure(text, "has no scheme") }
        switch text[..<scheme.lowerBound].lowercased() {
        case TCPProtocol.plainScheme: self.isSecure = false
        case TCPProtocol.secureScheme: self.isSecure = true
        default: throw Self.failure(text, "has another scheme")
        }
        var rest = text[scheme.upperBound...]
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
            throw Self.failure(text, "has a path, a query or a fragment")
        }
        guard !rest.contains("@") else { throw Self.failure(text, "has a user name") }

        do {
            self.authority = try HostAndPort(rest, defaultPort: self.isSecure ? TCPProtocol.defaultSecurePort : nil)
        } catch {
            throw Self.failure(text, error.problem)
        }
    }

    private static func failure(_ text: String, _ problem: String) -> A2AError {
        A2AError(
            .invalidParams,
            "The address '\(text.prefix(200))' \(problem). Right is a2a+tls://agent.example.com:41632, or "
                + "a2a+tcp://127.0.0.1:9902 without protection.")
    }

    /// The host: a name, or an IP address without brackets.
    var host: String { self.authority.host }
    var port: Int { self.authority.port }
    var isIPv6: Bool { self.authority.isIPv6 }
    /// Whether it is an IPv4 address in its usual form.
    var isIPv4: Bool { self.authority.isIPv4 }
    /// Whether the host is this machine.
    var isLoopback: Bool { self.authority.isLoopback }
}

extension TCPAddress: CustomStringConvertible {
    var description: String {
        "\(self.isSecure ? TCPProtocol.secureScheme : TCPProtocol.plainScheme)://\(self.authority)"
    }
}
