import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

@Suite("Notify over TCP (§8.7)", .timeLimit(.minutes(1)))
struct NotifyTests {
    /// What a receiver was told.
    private final class Inbox: Sendable {
        private let notifications = Mutex<[ReceivedPushNotification]>([])
        func add(_ notification: ReceivedPushNotification) { self.notifications.withLock { $0.append(notification) } }
        var all: [ReceivedPushNotification] { self.notifications.withLock { $0 } }
        var labels: [String] {
            self.all.map { $0.response.state.map(\.name) ?? $0.response.artifactUpdate.artifact.text }
        }

        func wait(until condition: () -> Bool) async throws {
            while !condition() {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    private static func withAgent(
        _ agent: any Agent = ReferenceAgent(), tokens: [String: Principal] = [:],
        _ body: (_ address: String) async throws -> Void
    ) async throws {
        let sender = TCPPushNotificationSender()
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        configuration.notifier = sender
        let runtime = TaskRuntime(
            agent: agent, card: ReferenceAgent.card(), push: PushNotifications(senders: [sender]), logger: .silent)
        try await withTCPRuntime(
            runtime, configuration: configuration,
            middleware: tokens.isEmpty ? [] : [AuthenticationMiddleware(StaticTokenAuthenticator(tokens))], body)
    }

    private static var options: TCPClientOptions {
        get throws {
            var options = TCPClientOptions()
            options.additionalTrustRootsPEM = try pem("ca.pem")
            return options
        }
    }

    private static func receiver(
        _ address: String, _ id: String, token: String? = nil, bearer: String? = nil,
        _ adjust: (inout TCPNotificationReceiver.Configuration) -> Void = { _ in },
        handler: @escaping TCPNotificationReceiver.Handler
    ) throws -> TCPNotificationReceiver {
        var configuration = TCPNotificationReceiver.Configuration(
            agent: address, endpointID: id, credentials: bearer.map { FixedCredentials.bearer($0) })
        configuration.token = token
        configuration.connecting = try Self.options
        configuration.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(10))
        adjust(&configuration)
        return TCPNotificationReceiver(configuration, logger: .silent, handler: handler)
    }

    private static func request(_ text: String, _ url: String, token: String = "") -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest.text(text)
        request.configuration.taskPushNotificationConfig.url = url
        request.configuration.taskPushNotificationConfig.token = token
        return request
    }

    private static func streamer(_ count: Int) -> ClosureAgent {
        ClosureAgent { turn in
            for index in 0..<count { try await turn.append(.text("\(index)"), toArtifact: "a") }
        }
    }

    @Test("notifications come over the connection that their receiver has dialled, in order, each once")
    func delivered() async throws {
        let (id, inbox) = (TCPEndpointID.random(), Inbox())
        try await Self.withAgent(Self.streamer(40)) { address in
            let receiver = try Self.receiver(address, id, token: "t0ken") { inbox.add($0) }
            try await withService(receiver) {
                let service = try transport(address, options: Self.options)
                _ = try await service.sendMessage(
                    Self.request("go", TCPEndpointID.url(id), token: "t0ken"), context: CallContext())
                try await inbox.wait { inbox.labels.last == "TASK_STATE_COMPLETED" }
                #expect(inbox.labels == (0..<40).map { "\($0)" } + ["TASK_STATE_COMPLETED"])
                #expect(Set(inbox.all.map(\.deliveryID)).count == 41)
            }
        }
    }

    @Test("what comes while the receiver is away, or what it fails to handle, comes again")
    func later() async throws {
        let (id, inbox) = (TCPEndpointID.random(), Inbox())
        let failures = Atomic(0)
        try await Self.withAgent(Self.streamer(10)) { address in
            let service = try transport(address, options: Self.options)
            _ = try await service.sendMessage(Self.request("go", TCPEndpointID.url(id)), context: CallContext())
            let receiver = try Self.receiver(address, id) { notification in
                if failures.add(1, ordering: .relaxed).newValue == 1 { throw A2AError(.internal, "not now") }
                inbox.add(notification)
            }
            try await withService(receiver) {
                try await inbox.wait { inbox.labels.last == "TASK_STATE_COMPLETED" }
            }
            #expect(inbox.labels == (0..<10).map { "\($0)" } + ["TASK_STATE_COMPLETED"])
        }
    }

    @Test("nobody else gets them: another principal with the same endpoint id does not")
    func otherPrincipal() async throws {
        let (id, mine, other) = (TCPEndpointID.random(), Inbox(), Inbox())
        let tokens = ["a": Principal(id: "alice"), "b": Principal(id: "bob")]
        try await Self.withAgent(Self.streamer(5), tokens: tokens) { address in
            let (connected, input) = AsyncStream<Void>.makeStream()
            let thief = try Self.receiver(address, id, bearer: "b", { $0.onConnected = { input.yield() } }) {
                other.add($0)
            }
            try await withService(thief) {
                for await _ in connected { break }
                let service = try transport(address, options: Self.options)
                let context = CallContext(parameters: ServiceParameters([.authorization: "Bearer a"]))
                _ = try await service.sendMessage(Self.request("go", TCPEndpointID.url(id)), context: context)
                // The newest connection of the endpoint id, but one after the other of different principals.
                let receiver = try Self.receiver(address, id, bearer: "a") { mine.add($0) }
                try await withService(receiver) {
                    try await mine.wait { mine.labels.last == "TASK_STATE_COMPLETED" }
                }
            }
            #expect(mine.all.count == 6)
            #expect(other.all.isEmpty)
        }
    }

    @Test("a connection that does not take notifications, or has no TLS, is not one to send them to")
    func refusals() async throws {
        try await Self.withAgent { address in
            let service = try transport(address, options: Self.options)
            for (url, field) in [("a2a+peer:short", "url"), ("https://example.com/", "url")] {
                let error = await #expect(throws: A2AError.self) {
                    try await service.sendMessage(Self.request("form", url), context: CallContext())
                }
                #expect(error?.code == .invalidParams)
                #expect(error?.fieldViolations.first?.field.hasSuffix(field) == true)
            }
            var request = Self.request("form", TCPEndpointID.url(TCPEndpointID.random()))
            request.configuration.taskPushNotificationConfig.authentication.scheme = "Bearer"
            let final = request
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(final, context: CallContext())
            }
            #expect(error?.fieldViolations.map(\.field) == ["authentication"])
        }
        let plain = TCPNotificationReceiver(
            .init(agent: "a2a+tcp://127.0.0.1:1", endpointID: TCPEndpointID.random()), logger: .silent
        ) { _ in }
        await #expect(throws: A2AError.self) { try await plain.run() }
        #expect(TCPEndpointID.isValid(TCPEndpointID.random()))
    }
}
