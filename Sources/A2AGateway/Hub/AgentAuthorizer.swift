public import A2A

/// Decides which agents may dial in to an ``AgentHub``, and under which names.
public protocol AgentAuthorizer: Sendable {
    /// Who may have a name.
    ///
    /// - Parameter context: The agent's call: credentials are in its ``CallContext/parameters``, the identity of a verified
    ///   client certificate is its ``CallContext/principal``.
    /// - Returns: The agent's principal. As long as a name is taken, only the same one may come under it again.
    /// - Throws: ``A2AError`` with `.unauthenticated` and a challenge, or with `.permissionDenied`.
    func authorize(name: String, context: CallContext) async throws -> Principal
}

/// Knows agents by bearer tokens, one for each name.
///
/// Tokens are compared in constant time.
public struct AgentTokens: AgentAuthorizer {
    private let tokens: [String: [UInt8]]

    /// - Parameter tokens: The token of each name. An empty one lets nobody in.
    public init(_ tokens: [String: String]) { self.tokens = tokens.mapValues { Array($0.utf8) } }

    public func authorize(name: String, context: CallContext) async throws -> Principal {
        let words = context.parameters["authorization"]?.split(separator: " ", maxSplits: 1) ?? []
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw A2AError(
                .unauthenticated, "This hub needs the agent's bearer token in its credential slot.",
                challenge: "Bearer realm=\"a2a-hub\"")
        }
        let given = Array(words[1].utf8)
        // A name that is not known is answered like a wrong token, so that nobody learns the names.
        let expected = self.tokens[name] ?? []
        guard Self.isEqual(expected, given), !expected.isEmpty else {
            throw A2AError(
                .unauthenticated, "The bearer token is not that of the agent of this name.",
                challenge: "Bearer realm=\"a2a-hub\", error=\"invalid_token\"")
        }
        return Principal(id: "agent:\(name)")
    }

    private static func isEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        guard lhs.count == rhs.count else { return false }
        return zip(lhs, rhs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Knows agents by their client certificates, each under the names that its certificate says.
///
/// These are, of the principal that the certificate gives: a DNS name and its first label; of a URI, such as a SPIFFE ID, the
/// last part of its path.
public struct AgentCertificates: AgentAuthorizer {
    public init() {}

    public func authorize(name: String, context: CallContext) async throws -> Principal {
        guard !context.principal.isAnonymous else {
            throw A2AError(.unauthenticated, "This hub needs the agent's client certificate.")
        }
        guard Self.names(of: context.principal.id).contains(name) else {
            throw A2AError(.permissionDenied, "The agent's client certificate is not for this name.")
        }
        return context.principal
    }

    /// The names that a principal may have.
    static func names(of principal: String) -> [String] {
        if let scheme = principal.firstRange(of: "://") {
            // The authority is a trust domain, not an agent.
            let parts = principal[scheme.upperBound...].split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count > 1, let last = parts.last, !last.isEmpty else { return [] }
            return [String(last)]
        }
        guard let label = principal.split(separator: ".").first else { return [] }
        return [principal, String(label)]
    }
}

/// Asks several, in turn: a name is given when one of them gives it.
public struct AnyAgentAuthorizer: AgentAuthorizer {
    private let authorizers: [any AgentAuthorizer]

    public init(_ authorizers: [any AgentAuthorizer]) { self.authorizers = authorizers }

    /// - Throws: The error of the last one; with none, `.permissionDenied`.
    public func authorize(name: String, context: CallContext) async throws -> Principal {
        var failure = A2AError(.permissionDenied, "This hub takes no agents.")
        for authorizer in self.authorizers {
            do {
                return try await authorizer.authorize(name: name, context: context)
            } catch {
                failure = A2AError(wrapping: error)
            }
        }
        throw failure
    }
}

/// Lets everybody in under any name, also one that another has: for play on one machine.
public struct InsecurelyOpenHub: AgentAuthorizer {
    public init() {}

    public func authorize(name: String, context: CallContext) async throws -> Principal { .anonymous }
}
