import A2A

/// Where an agent listens: what the `url` of a TCP interface says (spec/bindings/tcp.md §2.1).
///
/// Forms: `a2a+tcp://host:port` and `a2a+tls://host[:port]`, with nothing behind but `/`.
struct TCPAddress: Sendable, Hashable {
    /// The host: a name, or an IP address without brackets.
    let host: String
    let port: Int
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
            else { throw Self.failure(text, "has no port between 1 and 65535") }
            self.port = number
        } else if self.isSecure {
            self.port = TCPProtocol.defaultSecurePort
        } else {
            throw Self.failure(text, "has no port")
        }
        self.host = String(host)
    }

    private static func failure(_ text: String, _ problem: String) -> A2AError {
        A2AError(
            .invalidParams,
            "The address '\(text.prefix(200))' \(problem). Right is a2a+tls://agent.example.com:41632, or "
                + "a2a+tcp://127.0.0.1:9902 without protection.")
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
}

extension TCPAddress: CustomStringConvertible {
    var description: String {
        let scheme = self.isSecure ? TCPProtocol.secureScheme : TCPProtocol.plainScheme
        return "\(scheme)://" + (self.isIPv6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)")
    }
}
