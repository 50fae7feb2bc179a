public import A2A

/// Finds out who makes a call (§7.4).
///
/// Public cards are served without asking. What an authenticator refuses never reaches the agent.
public protocol Authenticator: Sendable {
    /// The principal of a call.
    ///
    /// - Parameter context: The call; credentials are in its ``CallContext/parameters`` (`Authorization` and the like).
    /// - Throws: ``A2AError`` with `.unauthenticated` and a challenge, or with `.permissionDenied`.
    func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal
}

/// An authenticator made of a closure.
public struct ClosureAuthenticator: Authenticator {
    private let body: @Sendable (A2AOperation, CallContext) async throws -> Principal

    public init(_ body: @escaping @Sendable (A2AOperation, CallContext) async throws -> Principal) { self.body = body }

    public func authenticate(_ operation: A2AOperation, context: CallContext) async throws -> Principal {
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
        for (token, principal) in self.tokens where Self.isEqual(token, given) { found = principal }
        guard let found else { throw Self.refusal("The bearer token is not known.", error: "invalid_token") }
        return found
    }

    private static func isEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        guard lhs.count == rhs.count else { return false }
        return zip(lhs, rhs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func refusal(_ message: String, error: String?) -> A2AError {
        let challenge = "Bearer realm=\"a2a\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return A2AError(.unauthenticated, message, challenge: challenge)
    }
}

/// Sets the principal of every call but the public card's.
public struct AuthenticationMiddleware: ServiceMiddleware {
    private let authenticator: any Authenticator

    public init(_ authenticator: any Authenticator) { self.authenticator = authenticator }

    public func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard let operation = call.operation else { return try await next(call) }
        var call = call
        call.context.principal = try await self.authenticator.authenticate(operation, context: call.context)
        return try await next(call)
    }
}
