import A2A
import A2AClient
import A2AHTTP
import Logging
import Synchronization

/// Receivers of push notifications, which listen until the harness ends.
final class Receiver: Sendable {
    /// What `receive_push` asks for.
    private struct Wish: Decodable {
        var token: String?
        var authorization: String?
        var tasks: [String]?
    }

    private let listeners: AsyncStream<PushNotificationListener>
    private let adding: AsyncStream<PushNotificationListener>.Continuation
    private let events = Mutex<[JSON]>([])

    init() { (self.listeners, self.adding) = AsyncStream.makeStream() }

    /// Runs what was opened, until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await listener in self.listeners {
                group.addTask { try? await listener.run() }
            }
            group.cancelAll()
        }
    }

    /// Opens a receiver, and says where notifications come to.
    func open(_ command: Command) async throws -> String {
        let wish = try command.decoded(Wish.self)
        var receiver = PushNotificationReceiver(token: wish.token, authorization: wish.authorization)
        if let tasks = wish.tasks { receiver.isExpected = { tasks.contains($0) } }
        self.events.withLock { $0 = [] }
        let route = PushNotificationRoute(receiver: receiver) { notification in
            let event = try JSON(notification.response)
            self.events.withLock { $0.append(event) }
        }
        let (urls, telling) = AsyncStream.makeStream(of: String.self)
        self.adding.yield(
            PushNotificationListener(route, logger: Logger(label: "harness") { _ in SwiftLogNoOpLogHandler() }) { url in
                telling.yield(url)
                telling.finish()
            })
        for await url in urls { return url }
        throw CancellationError()
    }

    func received() throws -> [JSON] { self.events.withLock { $0 } }
}
