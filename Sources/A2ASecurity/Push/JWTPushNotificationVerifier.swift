public import A2A
public import A2AClient
import JWTKit

/// Checks the JWTs of push notifications against the keys that an agent publishes.
///
/// A token is taken if its signature is right, it is about the very bytes that came, it was issued within the replay window and
/// has not expired, and it names the issuer and the audience that are expected.
public actor JWTPushNotificationVerifier: PushNotificationVerifier {
    /// What is expected of a token.
    public struct Expectations: Sendable {
        /// The agent (`iss`); `nil` for any whose key it is.
        public var issuer: String?
        /// The receiver (`aud`), such as `https://hooks.example.com`; `nil` for any. Without it, a notification that the agent has sent
        /// to somebody else can be passed on to this receiver.
        public var audience: String?
        /// How old a token may be. Default 5 min.
        public var replayWindow: Duration = .seconds(300)
        /// By how much clocks may differ. Default 60 s.
        public var leeway: Duration = .seconds(60)

        public init(issuer: String? = nil, audience: String? = nil) {
            self.issuer = issuer
            self.audience = audience
        }
    }

    /// How long after keys were fetched they are not fetched again for a token that they do not fit.
    static let refetchPause: Duration = .seconds(60)
    /// The largest token that is looked at, in bytes.
    static let maxTokenBytes = 8192

    private let expectations: Expectations
    private let fetch: @Sendable () async throws -> [UInt8]
    private let clock: @Sendable () -> ContinuousClock.Instant
    private var keys: JWTKeyCollection?
    private var fetchedAt: ContinuousClock.Instant?

    /// - Parameter jwks: Gives the agent's key set in JSON; called when a key is not known, at most once a minute.
    public init(
        _ expectations: Expectations = .init(), jwks: @escaping @Sendable () async throws -> [UInt8]
    ) {
        self.init(expectations, clock: { .now }, jwks: jwks)
    }

    init(
        _ expectations: Expectations, clock: @escaping @Sendable () -> ContinuousClock.Instant,
        jwks: @escaping @Sendable () async throws -> [UInt8]
    ) {
        self.expectations = expectations
        self.fetch = jwks
        self.clock = clock
    }

    public func verify(_ token: String, body: [UInt8], now: A2ATimestamp) async throws -> PushNotificationClaims {
        guard token.utf8.count <= Self.maxTokenBytes else { throw Self.refusal("is too long") }
        let claims = try await self.checked(token)
        let time = now.seconds
        let leeway = self.expectations.leeway.components.seconds
        guard claims.iat <= time + leeway else { throw Self.refusal("comes from the future") }
        guard claims.exp > time - leeway else { throw Self.refusal("has expired") }
        guard claims.iat >= time - leeway - self.expectations.replayWindow.components.seconds else {
            throw Self.refusal("is too old")
        }
        if let issuer = self.expectations.issuer, issuer != claims.iss { throw Self.refusal("is of another issuer") }
        if let audience = self.expectations.audience, !claims.aud.values.contains(audience) {
            throw Self.refusal("is for somebody else")
        }
        guard isEqualInConstantTime(claims.requestBodySHA256.lowercased().utf8, NotificationToken.digest(body).utf8)
        else { throw Self.refusal("is about another body") }
        return PushNotificationClaims(
            issuer: claims.iss, audience: claims.aud.values, id: claims.jti, taskID: claims.taskId,
            issuedAt: A2ATimestamp(milliseconds: claims.iat &* 1000))
    }

    private func checked(_ token: String) async throws -> NotificationToken {
        if let keys = self.keys {
            do {
                return try await keys.verify(token, as: NotificationToken.self)
            } catch {
                // Perhaps the agent has a new key.
                let now = self.clock()
                guard let last = self.fetchedAt, now - last >= Self.refetchPause else {
                    throw Self.refusal("is not signed by the agent", cause: error)
                }
            }
        }
        let keys = try await self.load()
        do {
            return try await keys.verify(token, as: NotificationToken.self)
        } catch {
            throw Self.refusal("is not signed by the agent", cause: error)
        }
    }

    private func load() async throws -> JWTKeyCollection {
        self.fetchedAt = self.clock()
        let keys = JWTKeyCollection()
        do {
            try await keys.add(jwksJSON: String(decoding: try await self.fetch(), as: UTF8.self))
        } catch {
            throw A2AError(
                .unavailable, "The agent's keys cannot be had.", details: [.retryInfo(.seconds(5))], cause: error)
        }
        self.keys = keys
        return keys
    }

    private static func refusal(_ problem: String, cause: (any Error)? = nil) -> A2AError {
        A2AError(
            .unauthenticated, "The notification's JWT \(problem).", challenge: "Bearer error=\"invalid_token\"",
            cause: cause)
    }
}
