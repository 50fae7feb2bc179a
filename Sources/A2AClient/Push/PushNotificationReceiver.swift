public import A2A
public import HTTPTypes

/// Checks and reads push notifications: who they are from, and what they say (§4.3.3, §13.2).
///
/// It is a value without a server; `PushNotificationRoute` in `A2AHTTP` puts it behind a URL. What arrives twice is told by
/// ``PushDeliveryLog``.
///
/// A notification is accepted only if everything that was asked for holds: the token, the `Authorization` field, the JWT, the task. A
/// receiver that asks for nothing believes everybody who knows its URL.
public struct PushNotificationReceiver: Sendable {
    /// The token of the configuration, under either of its two names; `nil` if it was made without.
    public var token: String?
    /// What `Authorization` must be, such as `Bearer abc`; `nil` if the configuration has no `authentication`.
    public var authorization: String?
    /// Who knows whether a JWT is the agent's; `nil` if the agent does not sign.
    public var verifier: (any PushNotificationVerifier)?
    /// Whether a task is one that notifications are expected of (§13.2). Default: every task is.
    public var isExpected: @Sendable (_ taskID: String) -> Bool = { _ in true }
    /// The largest notification, in bytes. Default 16 MiB.
    public var maxBodyBytes = 16 << 20

    /// The longest delivery id that is looked at, in bytes.
    static let maxDeliveryIDBytes = 256

    public init(
        token: String? = nil, authorization: String? = nil, verifier: (any PushNotificationVerifier)? = nil
    ) {
        self.token = token
        self.authorization = authorization
        self.verifier = verifier
    }

    /// Checks a request and reads the notification that it brings.
    ///
    /// - Parameters:
    ///   - fields: The header.
    ///   - body: The body, all of it.
    ///   - now: The time for which a JWT must be valid.
    /// - Throws: ``A2AError``: `.unauthenticated` if it is not from the agent, `.requestTooLarge`, `.parseError` or `.invalidParams` for
    ///   what is no notification, `.taskNotFound` for a task that nobody waits for.
    public func receive(
        _ fields: HTTPFields, body: [UInt8], now: A2ATimestamp = .now
    ) async throws -> ReceivedPushNotification {
        guard body.count <= self.maxBodyBytes else {
            throw A2AError(.requestTooLarge, "A notification has at most \(self.maxBodyBytes) bytes here.")
        }
        try self.checkSecrets(fields)
        var claims: PushNotificationClaims?
        if let verifier = self.verifier {
            guard let token = Self.jwt(fields) else {
                throw Self.refusal("The notification is not signed: it has no A2A-Notification-JWT.")
            }
            claims = try await verifier.verify(token, body: body, now: now)
        }
        if let type = fields[.contentType],
            !MediaType.accepts(["application/a2a+json", "application/json"], type)
        {
            throw A2AError(.invalidRequest, "A notification is application/a2a+json, not '\(type.prefix(100))'.")
        }
        let response = try ModelJSON.decode(A2AStreamResponse.self, from: body[...])
        guard response.payload != nil else {
            throw A2AError(
                .invalidParams, "A notification has one of task, message, statusUpdate and artifactUpdate (§4.3.3).")
        }
        let taskID = response.taskID
        if let signed = claims?.taskID, signed != taskID {
            throw Self.refusal("The notification is not about the task that its signature names.")
        }
        guard self.isExpected(taskID ?? "") else { throw A2AError.taskNotFound(taskID ?? "") }
        // What is signed counts: with another id in the header, what was overheard could be sent once more.
        return ReceivedPushNotification(
            response: response, taskID: taskID, deliveryID: claims?.id ?? Self.deliveryID(fields), claims: claims)
    }

    private func checkSecrets(_ fields: HTTPFields) throws {
        if let token = self.token {
            let given = fields[values: .a2aNotificationTokenX] + fields[values: .a2aNotificationToken]
            // All that are there must be right: one that is not was put there by somebody else.
            guard !given.isEmpty, given.allSatisfy({ isEqualInConstantTime($0.utf8, token.utf8) }) else {
                throw Self.refusal(
                    given.isEmpty ? "The notification has no token." : "The notification's token is not the right one.")
            }
        }
        if let authorization = self.authorization {
            let given = fields[.authorization] ?? ""
            guard Self.isSame(given, authorization) else {
                throw Self.refusal("The notification's Authorization is not what was agreed on.")
            }
        }
    }

    /// Schemes are compared without regard to case, credentials as they are.
    private static func isSame(_ given: String, _ expected: String) -> Bool {
        let given = given.split(separator: " ", maxSplits: 1)
        let expected = expected.split(separator: " ", maxSplits: 1)
        guard let scheme = given.first, let wanted = expected.first, scheme.lowercased() == wanted.lowercased() else {
            return false
        }
        return isEqualInConstantTime((given.dropFirst().first ?? "").utf8, (expected.dropFirst().first ?? "").utf8)
    }

    private static func jwt(_ fields: HTTPFields) -> String? {
        if let token = fields[.a2aNotificationJWT] { return token }
        guard let words = fields[.authorization]?.split(separator: " ", maxSplits: 1), words.count == 2,
            words[0].lowercased() == "bearer", words[1].split(separator: ".").count == 3
        else { return nil }
        return String(words[1])
    }

    private static func deliveryID(_ fields: HTTPFields) -> String? {
        guard let id = fields[.a2aNotificationID], !id.isEmpty, id.utf8.count <= Self.maxDeliveryIDBytes else {
            return nil
        }
        return id
    }

    private static func refusal(_ message: String) -> A2AError {
        A2AError(.unauthenticated, message, challenge: "Bearer realm=\"a2a-notifications\"")
    }
}

/// A notification that was checked.
public struct ReceivedPushNotification: Sendable {
    /// What it says.
    public var response: A2AStreamResponse
    /// The task that it is about; `nil` for a message without one.
    public var taskID: String?
    /// What tells it from all others: the same when it comes again. `nil` if the agent sends none.
    public var deliveryID: String?
    /// What the agent's signature says; `nil` if none was asked for.
    public var claims: PushNotificationClaims?

    public init(
        response: A2AStreamResponse, taskID: String?, deliveryID: String?, claims: PushNotificationClaims? = nil
    ) {
        self.response = response
        self.taskID = taskID
        self.deliveryID = deliveryID
        self.claims = claims
    }
}

/// Knows whether a token about a notification is the agent's.
public protocol PushNotificationVerifier: Sendable {
    /// Checks the signature, the times, and that the token is about these bytes.
    ///
    /// - Throws: ``A2AError`` with `.unauthenticated`.
    func verify(_ token: String, body: [UInt8], now: A2ATimestamp) async throws -> PushNotificationClaims
}

/// What a signed token says about a notification.
public struct PushNotificationClaims: Sendable, Equatable {
    /// The agent (`iss`).
    public var issuer: String
    /// For whom it is (`aud`).
    public var audience: [String]
    /// The notification's id (`jti`).
    public var id: String
    /// The task; `nil` for a message without one.
    public var taskID: String?
    /// When it was signed (`iat`).
    public var issuedAt: A2ATimestamp

    public init(issuer: String, audience: [String], id: String, taskID: String?, issuedAt: A2ATimestamp) {
        self.issuer = issuer
        self.audience = audience
        self.id = id
        self.taskID = taskID
        self.issuedAt = issuedAt
    }
}
