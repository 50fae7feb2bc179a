import A2A
import A2AClient
import A2AServer
import Crypto
import Foundation
import Synchronization
import Testing

@testable import A2ASecurity

@Suite("Signed push notifications")
struct JWTPushNotificationTests {
    private static let body = Array(#"{"task":{"id":"task"}}"#.utf8)
    private static let now = A2ATimestamp(milliseconds: 1_750_000_000_000)

    private static func at(_ seconds: Int64) -> A2ATimestamp {
        A2ATimestamp(milliseconds: self.now.seconds * 1000 + seconds * 1000)
    }

    private static var notification: PushNotification {
        var configuration = A2ATaskPushNotificationConfig()
        configuration.url = "https://Hooks.example.com:8443/in?secret=1"
        var task = A2ATask()
        task.id = "task"
        return PushNotification(
            deliveryID: "key-7", configuration: configuration, scope: Scope(), response: .task(task), generation: 7,
            version: .v1_0, attempts: 0)
    }

    private static func signer(_ pem: String? = nil) async throws -> JWTPushNotificationSigner {
        try await JWTPushNotificationSigner(issuer: "https://agent.example.com", privateKeyPEM: pem, now: { self.now })
    }

    private static func verifier(
        _ signer: JWTPushNotificationSigner,
        _ adjust: (inout JWTPushNotificationVerifier.Expectations) -> Void = { _ in }
    ) -> JWTPushNotificationVerifier {
        var expectations = JWTPushNotificationVerifier.Expectations(
            issuer: "https://agent.example.com", audience: "https://hooks.example.com:8443")
        adjust(&expectations)
        return JWTPushNotificationVerifier(expectations) { signer.jwks }
    }

    @Test("what the agent signs, the receiver believes, and nothing of the URL's secrets is in it")
    func accepted() async throws {
        let signer = try await Self.signer()
        let token = try await signer.sign(Self.notification, body: Self.body)
        let claims = try await Self.verifier(signer).verify(token, body: Self.body, now: Self.now)
        #expect(claims.id == "key-7")
        #expect(claims.taskID == "task")
        #expect(claims.audience == ["https://hooks.example.com:8443"])
        let part = String(token.split(separator: ".")[1]).replacing("-", with: "+").replacing("_", with: "/")
        let payload = try #require(Data(base64Encoded: part + String(repeating: "=", count: (4 - part.count % 4) % 4)))
        let text = String(decoding: payload, as: UTF8.self)
        #expect(!text.contains("secret"))
        let object = try #require(try JSONSerialization.jsonObject(with: payload) as? [String: Any])
        #expect(
            Set(object.keys) == ["iss", "aud", "iat", "exp", "jti", "taskId", "request_body_sha256"])
        #expect(object["exp"] as? Int == 1_750_000_300)
    }

    @Test("everything else is refused")
    func refused() async throws {
        let signer = try await Self.signer()
        let token = try await signer.sign(Self.notification, body: Self.body)
        let other = try await Self.signer()
        func refuse(
            _ token: String, _ why: Comment, body: [UInt8] = Self.body, at seconds: Int64 = 0,
            _ adjust: (inout JWTPushNotificationVerifier.Expectations) -> Void = { _ in }
        ) async {
            let error = await #expect(throws: A2AError.self, why) {
                try await Self.verifier(signer, adjust).verify(token, body: body, now: Self.at(seconds))
            }
            #expect(error?.code == .unauthenticated, why)
        }
        await refuse(token, "another body", body: Self.body + [32])
        await refuse(token, "too old", at: 361)
        await refuse(token, "from the future", at: -61)
        await refuse(token, "another issuer") { $0.issuer = "https://other.example.com" }
        await refuse(token, "another audience") { $0.audience = "https://other.example.com" }
        await refuse(try await other.sign(Self.notification, body: Self.body), "another key")
        let unsigned = token.split(separator: ".").prefix(2).joined(separator: ".")
        await refuse(unsigned + "." + String(repeating: "A", count: 86), "a signature of nothing")
        for nonsense in ["", ".", "..", "a.b.c", "e30.e30.", String(repeating: "x", count: 9000)] {
            await refuse(nonsense, "no token")
        }
        // Unsigned, with an empty audience: nothing of it may trap.
        let header = Data(#"{"alg":"none"}"#.utf8).base64EncodedString().replacing("=", with: "")
        let claims = Data(
            #"{"iss":"x","aud":[],"iat":1,"exp":9,"jti":"x","request_body_sha256":""}"#.utf8
        ).base64EncodedString().replacing("=", with: "")
        for signature in ["", "AAAA"] { await refuse("\(header).\(claims).\(signature)", "unsigned") }
        for body in ["{}", "[]", "null", "1"] {
            await refuse(
                "\(header).\(Data(body.utf8).base64EncodedString().replacing("=", with: "")).AAAA", "no claims")
        }
    }

    /// What everybody can read is no secret to sign with.
    @Test("a token is not believed because it names another algorithm", arguments: ["HS256", "HS512", "none", "ES384"])
    func confusion(_ algorithm: String) async throws {
        let signer = try await Self.signer()
        let token = try await signer.sign(Self.notification, body: Self.body)
        let parts = token.split(separator: ".").map(String.init)
        let keys = try #require(try JSONSerialization.jsonObject(with: Data(signer.jwks)) as? [String: [[String: Any]]])
        let key = try #require(keys["keys"]?.first)
        let kid = try #require(key["kid"] as? String)
        let x = try #require(key["x"] as? String)
        let header = Self.base64URL(Data(#"{"alg":"\#(algorithm)","typ":"JWT","kid":"\#(kid)"}"#.utf8))
        let signed = Data("\(header).\(parts[1])".utf8)
        let secrets = [Data(signer.jwks), Data(x.utf8), Data()]
        let signatures =
            secrets.map { Self.base64URL(Data(HMAC<SHA256>.authenticationCode(for: signed, using: .init(data: $0)))) }
            + ["", parts[2]]
        for signature in signatures {
            let error = await #expect(throws: A2AError.self) {
                try await Self.verifier(signer).verify(
                    "\(header).\(parts[1]).\(signature)", body: Self.body, now: Self.now)
            }
            #expect(error?.code == .unauthenticated)
        }
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    @Test("a key in PEM stays the same over restarts, and is named by its thumbprint")
    func pem() async throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNnKdc4Tigif6zv5Y
            ZIe7R/9KoF9p9NPX0aqy3zSmSPKhRANCAASnOP8Fa5UoQ08BcojFwzxmVGBn/BGp
            jIqYfKkqdoRYu3F9vJpitUAYz/BIy/6qNciRM9NFy3VVVQ8EVnuD8NVJ
            -----END PRIVATE KEY-----
            """
        let (first, second) = (try await Self.signer(pem), try await Self.signer(pem))
        #expect(first.jwks == second.jwks)
        let token = try await first.sign(Self.notification, body: Self.body)
        _ = try await Self.verifier(second).verify(token, body: Self.body, now: Self.now)
        let error = await #expect(throws: A2AError.self) { try await Self.signer("no key") }
        #expect(error?.code == .invalidParams)
    }

    @Test("keys are fetched again when they change, but not for every bad token")
    func rotation() async throws {
        let (old, new) = (try await Self.signer(), try await Self.signer())
        let served = Mutex(old.jwks)
        let fetches = Atomic(0)
        let passed = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let verifier = JWTPushNotificationVerifier(.init(), clock: { start + passed.withLock { $0 } }) {
            fetches.add(1, ordering: .relaxed)
            return served.withLock { $0 }
        }
        let (oldToken, newToken) = (
            try await old.sign(Self.notification, body: Self.body),
            try await new.sign(Self.notification, body: Self.body)
        )
        _ = try await verifier.verify(oldToken, body: Self.body, now: Self.now)
        served.withLock { $0 = new.jwks }
        for _ in 0..<5 {
            await #expect(throws: A2AError.self) { try await verifier.verify(newToken, body: Self.body, now: Self.now) }
        }
        #expect(fetches.load(ordering: .relaxed) == 1)
        passed.withLock { $0 = .seconds(61) }
        _ = try await verifier.verify(newToken, body: Self.body, now: Self.now)
        #expect(fetches.load(ordering: .relaxed) == 2)
    }

    @Test("keys that cannot be had are the agent's trouble, not the token's")
    func noKeys() async throws {
        let signer = try await Self.signer()
        let token = try await signer.sign(Self.notification, body: Self.body)
        for jwks in ["", "{}", "no json"] {
            let error = await #expect(throws: A2AError.self) {
                try await JWTPushNotificationVerifier { Array(jwks.utf8) }.verify(token, body: Self.body, now: Self.now)
            }
            #expect(error?.code == .unavailable)
        }
    }
}
