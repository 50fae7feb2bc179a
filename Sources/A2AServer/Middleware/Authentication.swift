public import A2A

/// Finds out who makes a call (§7.4).
///
/// Public cards are served without asking. What an authenticator refuses never reaches the agent. A token that is bound to a
/// certificate (RFC 8705) is to be refused unless its `cnf.x5t#S256` is the thumbprint of the certificate in
/// ``CallContext/evidence``.
public protocol Authenticator: Sendable {
    /// The principal of a call.
    ///
    /// - Parameter context: The call; credentials are in its ``CallContext/parameters`` (`Authorization` and the like).
    /// - Throws: ``A2AError`` with `.unauthenticated` and a challenge, or with `.permissionDenied`.
    func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal

    /// The principal of a call, and for how long its credential is valid. By default without an end.
    ///
    /// It is asked again when that time is over and the call is not. The credentials of `context` are then those that the caller
    /// has by now, where the binding can say so (``CallContext/evidence``).
    ///
    /// - Throws: As ``authenticate(_:context:)``.
    func identify(_ operation: A2AOperation, context: CallContext) async throws -> AuthenticatedCaller
}

extension Authenticator {
    public func identify(_ operation: A2AOperation, context: CallContext) async throws -> AuthenticatedCaller {
        AuthenticatedCaller(try await self.authenticate(operation, context: context))
    }
}

/// Who makes a call, as far as a credential says, and for how long it says so.
public struct AuthenticatedCaller: Sendable, Hashable {
    /// Who makes the call.
    public var principal: Principal

    /// For how long from now the credential is valid; `nil` for as long as the call takes. One that is not above zero is over.
    public var validFor: Duration?

    public init(_ principal: Principal, validFor: Duration? = nil) {
        self.principal = principal
        self.validFor = validFor
    }
}

/// An authenticator made of a closure.
public struct ClosureAuthenticator: Authenticator {
    private let body: @Sendable (A2AOperation, CallContext) async throws -> AuthenticatedCaller

    public init(_ body: @escaping @Sendable (A2AOperation, CallContext) async throws -> Principal) {
        self.body = { AuthenticatedCaller(try await body($0, $1)) }
    }

    /// - Parameter identify: Says too for how long the credential is valid.
    public init(
        identify: @escaping @Sendable (A2AOperation, CallContext) async throws -> AuthenticatedCaller
    ) {
        self.body = identify
    }

    public func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal {
        try await self.body(operation, context).principal
    }

    public func identify(_ operation: A2AOperation, context: CallContext) async throws -> AuthenticatedCaller {
        try await self.body(operation, context)
    }
}

/// Knows callers by fixed bearer tokens: for development, and for a handful of trusted services.
///
/// Tokens are compared in constant time.
public struct StaticTokenAuthenticator: Authenticator {
    private let tokens: [(token: [UInt8], principal: Principal)]

    /// - Parameter tokens: The principal of each token.
    public init(_ tokens: [String: Principal]) {
        self.tokens = tokens.map { (Array($0.key.utf8), $0.value) }
    }

    public func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal {
        guard let header = context.parameters["authorization"] else {
            throw Self.refusal("This agent needs a bearer token in the Authorization header.", error: nil)
        }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw Self.refusal("This agent takes bearer tokens only.", error: "invalid_request")
        }
        let given = Array(words[1].utf8)
        var found: Principal?
        // Every token is compared, so that time tells nothing about which one came close.
        for (token, principal) in self.tokens where isEqualInConstantTime(token, given) { found = principal }
        guard let found else { throw Self.refusal("The bearer token is not known.", error: "invalid_token") }
        return found
    }

    private static func refusal(_ message: String, error: String?) -> A2AError {
        let challenge = "Bearer realm=\"a2a\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return A2AError(.unauthenticated, message, challenge: challenge)
    }
}
