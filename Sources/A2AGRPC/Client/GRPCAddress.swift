import A2A

/// Where an agent listens: what the `url` of a gRPC interface says (§4.4.6).
///
/// Forms: `host:port`, `[v6]:port`, `dns:///host:port`, and `grpc`, `grpcs`, `http` or `https` with `://host:port`.
struct GRPCAddress: Sendable, Hashable {
    /// The host: a name, or an IP address without brackets.
    let host: String
    let port: Int
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

        let host: Substring
        var port: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else {
                throw Self.failure(text, "has a bracket that is not closed")
            }
            host = rest[rest.index(after: rest.startIndex)..<end]
            let tail = rest[rest.index(after: end)...]
            if !tail.isEmpty {
                guard tail.hasPrefix(":") else { throw Self.failure(text, "has something behind its bracket") }
                port = tail.dropFirst()
            }
            guard host.contains(":") else { throw Self.failure(text, "has brackets without an IPv6 address in them") }
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            port = rest[rest.index(after: colon)...]
            guard !host.contains(":") else { throw Self.failure(text, "has an IPv6 address without brackets") }
        } else {
            host = rest
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Self.failure(text, "names no host")
        }
        if let port {
            guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(port), (1...65535).contains(number)
            else {
                throw Self.failure(text, "has no port between 1 and 65535")
            }
            self.port = number
        } else if let defaultPort {
            self.port = defaultPort
        } else {
            throw Self.failure(text, "has no port")
        }
        self.host = String(host)
        self.wantsTLS = wantsTLS
    }

    private static func failure(_ text: String, _ problem: String) -> A2AError {
        A2AError(
            .invalidParams,
            "The gRPC address '\(text.prefix(200))' \(problem). Right is host:port, such as agent.example.com:443, or "
                + "http://host:port (plaintext) or https://host:port (TLS).")
    }

    var isIPv6: Bool { self.host.contains(":") }

    /// Whether it is an IPv4 address in its usual form.
    var isIPv4: Bool {
        let parts = self.host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { $0 != 0x2B } }
    }

    /// Whether the host is this machine.
    var isLoopback: Bool {
        self.host == "::1" || self.host.lowercased() == "localhost" || self.host.lowercased().hasSuffix(".localhost")
            || (self.isIPv4 && self.host.hasPrefix("127."))
    }

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
    var description: String { self.isIPv6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }
}
