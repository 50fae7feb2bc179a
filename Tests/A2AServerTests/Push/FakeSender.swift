import A2A
import A2ATesting
import Synchronization

@testable import A2AServer

/// A sender that notes what it is given, and answers as the test says.
final class FakeSender: PushNotificationSender {
    typealias Answer = @Sendable (PushNotification) async -> PushOutcome

    struct Sent: Sendable {
        var notification: PushNotification
        var outcome: PushOutcome
        var response: A2AStreamResponse { self.notification.response }
        var url: String { self.notification.configuration.url }
    }

    let sent = Notes<Sent>()
    private let answer: Answer
    private let wake = Mutex<(@Sendable (String) -> Void)?>(nil)

    init(schemes: Set<String> = ["https"], _ answer: @escaping Answer = { _ in .delivered }) {
        self.schemes = schemes
        self.answer = answer
    }

    let schemes: Set<String>

    func admit(_ configuration: A2ATaskPushNotificationConfig, for scope: Scope) async throws {
        if configuration.url.contains("forbidden") { throw A2AError.invalidParams(field: "url", "is forbidden") }
    }

    /// The host.
    func destination(of configuration: A2ATaskPushNotificationConfig) -> String {
        String(configuration.url.split(separator: "/").dropFirst().first ?? "")
    }

    func send(_ notification: PushNotification) async -> PushOutcome {
        let outcome = await self.answer(notification)
        self.sent.add(Sent(notification: notification, outcome: outcome))
        return outcome
    }

    func begin(whenReachable: @escaping @Sendable (String) -> Void) { self.wake.withLock { $0 = whenReachable } }

    func reachable(_ destination: String) { self.wake.withLock { $0 }?(destination) }

    /// What receivers of a URL have taken, in order.
    func taken(at url: String? = nil) -> [A2AStreamResponse] {
        self.sent.all.filter { $0.outcome == .delivered && (url == nil || $0.url == url) }.map(\.response)
    }
}

extension A2AStreamResponse {
    /// The event in a word.
    var label: String {
        switch self.payload {
        case .task(let task): "task \(task.status.state.name)"
        case .message: "message"
        case .statusUpdate(let update): update.status.state.name
        case .artifactUpdate(let update): "+\(update.artifact.text)"
        case nil: "nothing"
        }
    }
}

/// Time that passes when somebody waits for it: who sleeps until a moment brings the clock there.
final class LeapingClock: Sendable {
    private let passed = Mutex<Duration>(.zero)
    private let start = ContinuousClock.now
    private let wallStart: Int64
    private let leaps: Bool

    /// - Parameters:
    ///   - leaps: Whether time passes at all; otherwise who sleeps does so until the end.
    ///   - time: How much later it is on the wall than with other clocks of this kind.
    init(leaps: Bool = true, later time: Duration = .zero) {
        self.leaps = leaps
        self.wallStart = 1_750_000_000_000 + time.milliseconds
    }

    var now: ContinuousClock.Instant { self.start + self.passed.withLock { $0 } }
    var elapsed: Duration { self.passed.withLock { $0 } }

    func environment(random: @escaping @Sendable () -> Double = { 0.5 }) -> PushNotifications.Environment {
        var environment = PushNotifications.Environment()
        environment.now = { self.now }
        environment.wallClock = { A2ATimestamp(milliseconds: self.wallStart + self.elapsed.milliseconds) }
        environment.random = random
        environment.sleep = { deadline in
            guard self.leaps else { return try await Gate().wait() }
            // Whatever else can happen now happens first.
            for _ in 0..<50 {
                await Task.yield()
                try Task.checkCancellation()
            }
            self.passed.withLock { $0 = max($0, deadline - self.start) }
        }
        return environment
    }
}

extension A2AAgentCard {
    static var pushing: A2AAgentCard {
        .testCard(capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: true))
    }
}

/// Runs an agent that sends push notifications.
func withPush<Result>(
    _ agent: any Agent, _ sender: FakeSender, store: any TaskStore = MemoryTaskStore(),
    pushStore: any PushNotificationStore = MemoryPushNotificationStore(), clock: LeapingClock? = nil,
    random: @escaping @Sendable () -> Double = { 0.5 },
    limits: PushNotifications.Limits = .init(), _ body: (TaskRuntime) async throws -> Result
) async throws -> Result {
    var push = PushNotifications(senders: [sender], store: pushStore, limits: limits)
    if let clock { push.environment = clock.environment(random: random) }
    return try await withRuntime(agent, card: .pushing, store: store, push: push, configuration: patient(), body)
}

/// A configuration for a host.
func webhook(_ host: String = "one", id: String = "", task: String = "") -> A2ATaskPushNotificationConfig {
    var configuration = A2ATaskPushNotificationConfig()
    configuration.id = id
    configuration.taskID = task
    configuration.url = "https://\(host)/hook?key=s3cret"
    configuration.token = "t0ken"
    configuration.authentication.scheme = "Bearer"
    configuration.authentication.credentials = "cr3dentials"
    return configuration
}

/// A message that asks for notifications.
func request(_ text: String, push: A2ATaskPushNotificationConfig, immediate: Bool = false) -> A2ASendMessageRequest {
    var request = request(text, immediate: immediate)
    request.configuration.taskPushNotificationConfig = push
    return request
}
