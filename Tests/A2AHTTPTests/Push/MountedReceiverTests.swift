import A2A
import A2AClient
import A2AHTTP
import A2ASecurity
import A2AServer
import A2ATesting
import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Runs an application of somebody's own that receives notifications on one of its routes.
private func withApplication(
    _ route: PushNotificationRoute, _ body: (_ base: String) async throws -> Void
) async throws {
    let router = Router()
    router.get("health") { _, _ in "fine" }
    route.add(to: router.group("hooks"), at: "a2a")
    let (ports, input) = AsyncStream<Int>.makeStream()
    let application = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { input.yield($0.localAddress?.port ?? 0) }, logger: .silent)
    try await withService(application) {
        for await port in ports { return try await body("http://127.0.0.1:\(port)") }
    }
}

@Suite("A receiver on somebody's own Hummingbird", .timeLimit(.minutes(1)))
struct MountedReceiverTests {
    private static let body = Array(
        #"{"statusUpdate":{"taskId":"task","contextId":"context","status":{"state":"TASK_STATE_WORKING"}}}"#.utf8)

    @Test(
        "takes what the agent has signed, once, and refuses everything else; the keys come from the agent's JWKS endpoint"
    )
    func signed() async throws {
        let signer = try await JWTPushNotificationSigner(issuer: "https://agent.example.com")
        var serving = HTTPServerConfiguration.ephemeral
        serving.jwks = signer.jwks
        let runtime = TaskRuntime(agent: ClosureAgent { _ in }, card: .testCard(), logger: .silent)
        try await withAgentServer(runtime, configuration: serving, logger: .silent) { agent in
            let inbox = Inbox()
            let keys = HTTPKeySet(url: "\(agent)/.well-known/jwks.json")
            let verifier = JWTPushNotificationVerifier(.init(issuer: "https://agent.example.com")) {
                try await keys.fetch()
            }
            let route = PushNotificationRoute(receiver: .init(token: "t0ken", verifier: verifier)) { inbox.add($0) }
            try await withApplication(route) { base in
                let url = "\(base)/hooks/a2a"
                var options = HTTPPushNotificationSender.Options()
                options.egress.insecurelyAllowsLoopback = true
                let unsigned = HTTPPushNotificationSender(options: options)
                options.signer = signer
                let sender = HTTPPushNotificationSender(options: options)
                let mine = notification(to: url) { $0.token = "t0ken" }
                #expect(await unsigned.send(mine) == Self.refused)
                #expect(await sender.send(notification(to: url) { $0.token = "other" }) == Self.refused)
                #expect(inbox.all.isEmpty)
                for _ in 0..<2 { #expect(await sender.send(mine) == .delivered) }
                #expect(inbox.all.map(\.deliveryID) == ["key-2"])
                #expect(inbox.all.first?.claims?.issuer == "https://agent.example.com")

                // Overheard and sent again: with another id it is still the same, with other contents it is nobody's.
                let token = try await signer.sign(mine, body: Self.body)
                #expect(try await Self.post(url, token, id: "other", body: Self.body) == 204)
                #expect(inbox.all.count == 1)
                #expect(try await Self.post(url, token, id: "other", body: Self.body + [0x20]) == 401)
                #expect(
                    try await HTTPClient.shared.execute(.init(url: "\(base)/health"), timeout: .seconds(30)).status
                        == .ok)
            }
        }
    }

    @Test("what was signed too long ago is not taken")
    func replayWindow() async throws {
        let signer = try await JWTPushNotificationSigner(
            issuer: "agent", lifetime: .seconds(86_400),
            now: { A2ATimestamp(milliseconds: A2ATimestamp.now.seconds * 1000 - 600_000) })
        let inbox = Inbox()
        let verifier = JWTPushNotificationVerifier { signer.jwks }
        let route = PushNotificationRoute(receiver: .init(verifier: verifier)) { inbox.add($0) }
        try await withApplication(route) { base in
            let url = "\(base)/hooks/a2a"
            let token = try await signer.sign(notification(to: url), body: Self.body)
            #expect(try await Self.post(url, token, id: "1", body: Self.body) == 401)
            #expect(inbox.all.isEmpty)
        }
    }

    private static let refused = PushOutcome.failed(reason: "HTTP status 401", isDestinationAtFault: false)

    /// Posts a notification as somebody does who has overheard one.
    private static func post(_ url: String, _ token: String, id: String, body: [UInt8]) async throws -> UInt {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = [
            "Content-Type": "application/a2a+json", "A2A-Notification-JWT": token, "A2A-Notification-Id": id,
            "A2A-Notification-Token": "t0ken",
        ]
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await HTTPClient.shared.execute(request, timeout: .seconds(30)).status.code
    }
}
