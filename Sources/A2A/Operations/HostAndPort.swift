/// The authority of an address: `host:port` or `[v6]:port`.
///
/// Addresses of interfaces are no URLs on every binding, so each binding reads its own scheme and leaves the rest to this.
package struct HostAndPort: Sendable, Hashable, CustomStringConvertible {
    /// The host: a name, or an IP address without brackets.
    package let host: String
    package let port: Int

    /// What is wrong with a text, to be said after it: "has no port".
    package struct Malformed: Error {
        package let problem: String
    }

    /// - Parameter defaultPort: What to take where the text has none.
    package init(_ text: Substring, defaultPort: Int? = nil) throws(Malformed) {
        let host: Substring
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Malformed(problem: "has a bracket that is not closed")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            if !tail.isEmpty {
                guard tail.hasPrefix(":") else { throw Malformed(problem: "has something behind its bracket") }
                port = tail.dropFirst()
            }
            guard host.contains(":") else {
                throw Malformed(problem: "has brackets without an IPv6 address in them")
            }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !host.contains(":") else { throw Malformed(problem: "has an IPv6 address without brackets") }
        } else {
            host = text
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Malformed(problem: "names no host")
        }
        if let port {
            guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(port), (1...65535).contains(number)
            else { throw Malformed(problem: "has no port between 1 and 65535") }
            self.port = number
        } else if let defaultPort {
            self.port = defaultPort
        } else {
            throw Malformed(problem: "has no port")
        }
        self.host = String(host)
    }

    package var isIPv6: Bool { self.host.contains(":") }

    /// Whether it is an IPv4 address in its usual form.
    package var isIPv4: Bool {
        let parts = self.host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { $0 != 0x2B } }
    }

    /// Whether the host is this machine.
    package var isLoopback: Bool {
        self.host == "::1" || self.host.lowercased() == "localhost" || self.host.lowercased().hasSuffix(".localhost")
            || (self.isIPv4 && self.host.hasPrefix("127."))
    }

    package var description: String { self.isIPv6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }
}
