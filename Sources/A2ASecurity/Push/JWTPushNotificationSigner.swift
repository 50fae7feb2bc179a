public import A2A
public import A2AServer
import Crypto
import FoundationEssentials
import JWTKit

/// Signs push notifications: a JWT (ES256) about who sends what to whom, valid for a short time.
///
/// Claims: `iss` the agent, `aud` the origin of the webhook, `iat`, `exp`, `jti` the delivery id, `taskId`, and `request_body_sha256`, the
/// hash of the body in hexadecimal. Receivers find the public key in ``jwks``, which is to be served at `/.well-known/jwks.json`.
public struct JWTPushNotificationSigner: PushNotificationSigner {
    /// The public key as a JSON Web Key Set (RFC 7517).
    public let jwks: [UInt8]

    private let issuer: String
    private let lifetime: Duration
    private let keys: JWTKeyCollection
    private let keyID: JWKIdentifier
    private let now: @Sendable () -> A2ATimestamp

    /// - Parameters:
    ///   - issuer: What the agent calls itself, usually its base URL.
    ///   - privateKeyPEM: A P-256 private key; `nil` makes one, which lives as long as the process.
    ///   - lifetime: How long a token is valid. Default 5 min.
    /// - Throws: ``A2AError`` with `.invalidParams` if the key cannot be read.
    public init(
        issuer: String, privateKeyPEM: String? = nil, lifetime: Duration = .seconds(300),
        now: @escaping @Sendable () -> A2ATimestamp = { .now }
    ) async throws {
        let key: P256.Signing.PrivateKey
        do {
            key =
                try privateKeyPEM.map { try P256.Signing.PrivateKey(pemRepresentation: $0) }
                ?? P256.Signing.PrivateKey()
        } catch {
            throw A2AError(
                .invalidParams, "The key for signing notifications is no P-256 private key in PEM.", cause: error)
        }
        let (keyID, jwks) = PublicKeySet.make(key.publicKey)
        self.issuer = issuer
        self.lifetime = lifetime
        self.now = now
        self.keyID = JWKIdentifier(string: keyID)
        self.jwks = jwks
        self.keys = JWTKeyCollection()
        await self.keys.add(ecdsa: try ES256PrivateKey(backing: key), kid: self.keyID)
    }

    public func sign(_ notification: PushNotification, body: [UInt8]) async throws -> String {
        let now = self.now().seconds
        let token = NotificationToken(
            iss: self.issuer, aud: .init([Self.origin(notification.configuration.url)]), iat: now,
            exp: now + max(1, self.lifetime.components.seconds), jti: notification.deliveryID,
            taskId: notification.response.taskID, requestBodySHA256: NotificationToken.digest(body))
        return try await self.keys.sign(token, kid: self.keyID)
    }

    /// Scheme, host and port: paths and queries may hold secrets.
    private static func origin(_ url: String) -> String {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.percentEncodedHost
        else {
            return url
        }
        return "\(scheme.lowercased())://\(host.lowercased())" + (parts.port.map { ":\($0)" } ?? "")
    }
}
