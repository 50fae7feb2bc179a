import A2A
import A2AClient
import A2AHTTP
import A2AServer
import A2ATesting
import Foundation
import Synchronization
import Testing

/// What callers were told, and what the webhook has taken.
private final class Records: Sendable {
    private struct State {
        /// The generations that callers have seen, by task.
        var seen: [String: Set<Int64>] = [:]
        /// What was taken, by task, in order: the number in the delivery id.
        var taken: [String: [Int64]] = [:]
        var takenCount = 0
        /// Tasks that were sent as a whole, and the generation of that.
        var snapshots: [String: Int64] = [:]
    }
    private let state = Mutex(State())
    private let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Waits until something holds that is looked at whenever a notification was taken. One at a time.
    func wait(until condition: (Records) -> Bool) async throws {
        guard !condition(self) else { return }
        for await _ in self.changes where condition(self) { return }
        throw CancellationError()
    }

    func see(_ task: String, _ generation: Int64) {
        _ = self.state.withLock { $0.seen[task, default: []].insert(generation) }
    }

    func take(_ notification: ReceivedPushNotification) {
        let parts = notification.deliveryID?.split(separator: "-").map(String.init) ?? []
        let isSnapshot = parts.last == "task"
        let number = Int64((isSnapshot ? parts.dropLast() : parts[...]).last ?? "") ?? -1
        self.state.withLock { state in
            state.takenCount += 1
            state.taken[notification.taskID ?? "", default: []].append(number)
            if isSnapshot { state.snapshots[notification.taskID ?? ""] = number }
        }
        self.changed.yield()
    }

    var takenCount: Int { self.state.withLock { $0.takenCount } }
    var seenCount: Int { self.state.withLock { $0.seen.values.reduce(0) { $0 + $1.count } } }

    /// What callers have seen and the webhook has not taken. Nobody is notified of a task's creation.
    var missing: [String] {
        self.state.withLock { state in
            state.seen.flatMap { task, generations in
                generations.subtracting(state.taken[task] ?? [])
                    .filter { $0 > 1 && $0 > state.snapshots[task] ?? 0 }.map { "\(task)@\($0)" }
            }
        }
    }

    /// Tasks of which something came out of order or twice.
    var disordered: [String] {
        self.state.withLock { state in
            state.taken.filter { zip($0.value, $0.value.dropFirst()).contains { $0 >= $1 } }.map {
                "\($0.key): \($0.value)"
            }
        }
    }
}

/// `A2A_CRASH_KILLS` and `A2A_CRASH_SEED` as for the other test of agents that are killed; 5 times by default.
@Suite("Push notifications of an agent that is killed", .timeLimit(.minutes(30)))
struct PushCrashTests {
    private static func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    private static var kills: Int { self.setting("A2A_CRASH_KILLS").flatMap { Int($0) } ?? 5 }
    private static let callers = 6

    @Test(
        "what callers saw arrives at a receiver that fails half of the time: all of it, in order, over kill -9 under load"
    )
    func killed() async throws {
        let seed = Self.setting("A2A_CRASH_SEED").flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        let random = Mutex(SeededGenerator(seed: seed))
        let records = Records()
        let directory = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let arguments = [
            "--port", "0", "--no-grpc", "--no-tcp", "--store", "sqlite:\(directory)/store.db",
            "--insecure-push-to-loopback", "--push-retry-limit", "0.05",
        ]
        let route = PushNotificationRoute(receiver: .init(token: "t0ken", authorization: "Bearer s3cret")) {
            if random.withLock({ Bool.random(using: &$0) }) { throw A2AError(.unavailable, "no luck") }
            records.take($0)
        }
        let (urls, input) = AsyncStream<String>.makeStream()
        let listener = PushNotificationListener(route, path: "/hook", logger: .silent) { input.yield($0) }
        try await withService(listener) {
            guard let hook = await urls.first(where: { _ in true }) else { return }
            for _ in 0..<Self.kills {
                try await KilledProgram.run("a2a-agent", arguments) { card, agent in
                    let client = try await Self.client(card)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<Self.callers {
                            group.addTask { await Self.call(client, hook, records) }
                        }
                        let limit = records.takenCount + random.withLock { Int.random(in: 5...60, using: &$0) }
                        try await records.wait { $0.takenCount >= limit }
                        agent.kill()
                        try await group.waitForAll()
                    }
                }
            }
            // Whatever is left, the last one delivers.
            try await KilledProgram.run("a2a-agent", arguments) { _, _ in
                try await records.wait { $0.missing.isEmpty }
            }
        }
        print(
            "push crash test: \(Self.kills) kills, \(records.seenCount) events seen, \(records.takenCount) notifications "
                + "(A2A_CRASH_SEED=\(seed))")
        #expect(records.seenCount > Self.kills * 5, "seed \(seed)")
        #expect(records.disordered.isEmpty, "seed \(seed)")
    }

    @Test("of two agents on one store the other one delivers what the one that was killed has left, in order")
    func takenOver() async throws {
        let records = Records()
        let isOpen = Atomic(false)
        let directory = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let arguments = [
            "--port", "0", "--no-grpc", "--no-tcp", "--store", "sqlite:\(directory)/store.db",
            "--insecure-push-to-loopback", "--push-retry-limit", "0.05",
        ]
        let route = PushNotificationRoute(receiver: .init(token: "t0ken", authorization: "Bearer s3cret")) {
            guard isOpen.load(ordering: .sequentiallyConsistent) else { throw A2AError(.unavailable, "not yet") }
            records.take($0)
        }
        let (urls, input) = AsyncStream<String>.makeStream()
        let listener = PushNotificationListener(route, path: "/hook", logger: .silent) { input.yield($0) }
        try await withService(listener) {
            guard let hook = await urls.first(where: { _ in true }) else { return }
            try await KilledProgram.run("a2a-agent", arguments) { card, first in
                try await KilledProgram.run("a2a-agent", arguments) { _, _ in
                    let client = try await Self.client(card)
                    for _ in 0..<3 { try await Self.follow(client, hook, records) }
                    #expect(records.takenCount == 0)
                    first.kill()
                    isOpen.store(true, ordering: .sequentiallyConsistent)
                    try await records.wait { $0.missing.isEmpty }
                }
            }
        }
        #expect(records.takenCount == 3 * 8 && records.seenCount == 3 * 9)
        #expect(records.disordered.isEmpty)
    }

    private static func client(_ card: String) async throws -> any A2AService {
        var configuration = ClientConfiguration()
        configuration.retry = .never
        configuration.resume.maxAttemptsWithoutProgress = 0
        return try await Client.discover(
            card, transports: [HTTPTransportFactory()], configuration: configuration
        ).service
    }

    /// Begins one task after the other and follows it, until the agent is gone.
    private static func call(_ service: any A2AService, _ hook: String, _ records: Records) async {
        do {
            while true { try await Self.follow(service, hook, records) }
        } catch {
            // Killed, as it was to be.
        }
    }

    /// Begins a task with a webhook, and notes what comes of it.
    private static func follow(_ service: any A2AService, _ hook: String, _ records: Records) async throws {
        var request = A2ASendMessageRequest()
        request.message = .user("stream one two three four five six")
        request.configuration.taskPushNotificationConfig.url = hook
        request.configuration.taskPushNotificationConfig.token = "t0ken"
        request.configuration.taskPushNotificationConfig.authentication.scheme = "Bearer"
        request.configuration.taskPushNotificationConfig.authentication.credentials = "s3cret"
        for try await event in try await service.sendStreamingMessage(request, context: CallContext()) {
            if let task = event.response.taskID, let generation = event.generation { records.see(task, generation) }
        }
    }
}
