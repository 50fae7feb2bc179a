import A2A

/// Where an agent's card is: at a URL, or in a file (§8.2).
public enum AgentCardReference: Sendable, Hashable, CustomStringConvertible {
    /// An absolute `http` or `https` URL of the card itself, or the address of an agent that is asked for it over a binding of
    /// its own, such as `a2a+tls://example.com`.
    case url(String)
    /// A path in the file system.
    case file(String)

    /// Where an agent's card is found on its host (§8.2, RFC 8615).
    public static let wellKnownPath = "/.well-known/agent-card.json"

    /// The longest reference that is read, in bytes.
    public static let maxLength = 8192

    /// Reads a reference as people write it.
    ///
    /// - `http://127.0.0.1:9900` and `https://example.com/`: an origin; the well-known path is appended.
    /// - `example.com`, `localhost:9900`: a bare host, with `https`, or `http` for the local machine.
    /// - `https://example.com/agents/one/card.json`: a card URL, used as it is.
    /// - `a2a+tcp://127.0.0.1:9902`, `a2a+tls://example.com`: an agent that is asked for its card over this binding.
    /// - `file:///etc/card.json`, `/etc/card.json`, `./card.json`, `card.json`: a file.
    ///
    /// - Parameter fileExists: Tells whether a path is that of a file, for names that could be either.
    /// - Throws: ``A2AError`` with `.invalidParams`.
    public init(parsing text: String, fileExists: (String) -> Bool = { _ in false }) throws {
        let text = text.trimmingSpaces
        guard !text.isEmpty, text.utf8.count <= Self.maxLength,
            !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
                || fileExists(text)
        else {
            throw Self.invalid(text, "it is empty, too long or has spaces in it")
        }
        if let separator = text.firstRange(of: "://") {
            self = try Self.withScheme(
                text[..<separator.lowerBound].lowercased(), rest: text[separator.upperBound...], text)
        } else if fileExists(text) || Self.looksLikePath(text) {
            self = .file(text)
        } else {
            let scheme = Self.isLocal(Self.authority(text[...])) ? "http" : "https"
            self = try Self.withScheme(scheme, rest: text[...], text)
        }
    }

    private static func withScheme(_ scheme: String, rest: Substring, _ text: String) throws -> AgentCardReference {
        switch scheme {
        case "file":
            // file://host/path names a host, which can only be this one.
            let path = rest.hasPrefix("localhost/") ? rest.dropFirst("localhost".count) : rest
            guard path.hasPrefix("/") else { throw Self.invalid(text, "a file URL needs an absolute path") }
            return .file(path.removingPercentEncoding)
        case "http", "https":
            let authority = Self.authority(rest)
            guard !authority.isEmpty else { throw Self.invalid(text, "it names no host") }
            let tail = rest.dropFirst(authority.count)
            let isOrigin = tail.isEmpty || tail == "/"
            return .url("\(scheme)://\(authority)\(isOrigin ? Self.wellKnownPath[...] : tail)")
        case _ where scheme.hasPrefix(Self.bindingSchemePrefix) && scheme != Self.bindingSchemePrefix:
            // Whether the address is a good one, its binding knows.
            guard !Self.authority(rest).isEmpty else { throw Self.invalid(text, "it names no host") }
            return .url("\(scheme)://\(rest)")
        default:
            throw Self.invalid(text, "'\(scheme)' is not a scheme that a card is fetched with")
        }
    }

    /// What the schemes of bindings that serve the card themselves begin with.
    private static let bindingSchemePrefix = "a2a+"

    /// The scheme, if it is that of a binding that serves the card itself.
    var bindingScheme: String? {
        guard case .url(let url) = self, url.hasPrefix(Self.bindingSchemePrefix) else { return nil }
        return url.firstRange(of: "://").map { String(url[..<$0.lowerBound]) }
    }

    private static func authority(_ rest: Substring) -> Substring {
        rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }

    private static func isLocal(_ authority: Substring) -> Bool {
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.prefix { $0 != ":" }.lowercased()
        return host == "localhost" || host.hasSuffix(".localhost") || host.hasPrefix("127.")
    }

    private static func looksLikePath(_ text: String) -> Bool {
        if ["/", "./", "../", "~"].contains(where: { text.hasPrefix($0) }) { return true }
        // A host has a dot too, but none ends in ".json".
        return text.lowercased().hasSuffix(".json") && !text.contains(":")
    }

    private static func invalid(_ text: String, _ problem: String) -> A2AError {
        .invalidParams(
            field: "agentCard",
            "'\(text.prefix(100))' is no reference to a card: \(problem). "
                + "Give a host, an origin, the URL of a card, an a2a+tls address, or a path.")
    }

    public var description: String {
        switch self {
        case .url(let url): url
        case .file(let path): path
        }
    }
}

extension Substring {
    /// With `%41` and the like as the bytes they stand for.
    ///
    /// What is no such triple stays as it is.
    fileprivate var removingPercentEncoding: String {
        var bytes: [UInt8] = []
        var rest = Array(self.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
