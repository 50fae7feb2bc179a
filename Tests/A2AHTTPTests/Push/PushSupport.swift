import A2A
import A2AClient
import A2AServer
import A2ATesting
import Synchronization

@testable import A2AHTTP

/// A resolver that gives one answer after the other, then the last one again.
final class ScriptedResolver: HostResolver {
    private let answers: Mutex<[[String]]>
    private let asked = Mutex<[String]>([])

    init(_ answers: [[String]]) { self.answers = Mutex(answers) }

    func addresses(of host: String) async throws -> [String] {
        self.asked.withLock { $0.append(host) }
        return self.answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? [] }
    }

    var count: Int { self.asked.withLock { $0.count } }
}

/// What a receiver has been told, in order.
final class Inbox: Sendable {
    private let notifications = Mutex<[ReceivedPushNotification]>([])
    func add(_ notification: ReceivedPushNotification) { self.notifications.withLock { $0.append(notification) } }
    var all: [ReceivedPushNotification] { self.notifications.withLock { $0 } }
}

/// Runs a receiver of notifications on a free port.
func withListener<Result: Sendable>(
    _ receiver: PushNotificationReceiver = .init(), handler: @escaping PushNotificationRoute.Handler,
    _ body: (_ url: String) async throws -> Result
) async throws -> Result {
    let (urls, input) = AsyncStream<String>.makeStream()
    let listener = PushNotificationListener(
        PushNotificationRoute(receiver: receiver, handler: handler), path: "/hook", logger: .silent
    ) { url in
        input.yield(url)
        input.finish()
    }
    return try await withService(listener) {
        for await url in urls { return try await body(url) }
        throw CancellationError()
    }
}

extension HTTPPushNotificationSender.Options {
    /// May send to this machine.
    static func loopback(_ adjust: (inout Self) -> Void = { _ in }) -> Self {
        var options = Self()
        options.egress.insecurelyAllowsLoopback = true
        adjust(&options)
        return options
    }
}

func notification(
    to url: String, attempts: Int = 0, _ adjust: (inout A2ATaskPushNotificationConfig) -> Void = { _ in }
) -> PushNotification {
    var configuration = A2ATaskPushNotificationConfig()
    configuration.id = "config"
    configuration.taskID = "task"
    configuration.url = url
    adjust(&configuration)
    let status = A2ATaskStatus.with { $0.state = .working }
    let update = A2ATaskStatusUpdateEvent(taskID: "task", contextID: "context", status: status)
    return PushNotification(
        deliveryID: "key-2", configuration: configuration, scope: Scope(), response: .statusUpdate(update),
        generation: 2,
        version: .v1_0, attempts: attempts)
}

/// Waits until something holds that other tasks are about to bring about; the suite's time limit ends the wait.
func eventually(_ condition: () async throws -> Bool) async throws {
    while !(try await condition()) {
        try Task.checkCancellation()
        await Task.yield()
    }
}
