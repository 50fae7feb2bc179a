import A2A
import A2ATesting
import Synchronization
import Testing

@testable import A2AServer

@Suite("Push notifications that were given up", .timeLimit(.minutes(1)))
struct DeadLetterTests {
    private static let agent = ClosureAgent { turn in
        try await turn.append(.text("a"), toArtifact: "a")
        try await turn.append(.text("b"), toArtifact: "a")
    }

    /// Runs an agent with three configurations that were given up after their first notification.
    private static func withGivenUp(
        _ body: (TaskRuntime, FakeSender, Switch) async throws -> Void
    ) async throws {
        let isUp = Switch()
        let sender = FakeSender { notification in
            notification.generation == 2 || isUp.isOn
                ? .delivered : .failed(reason: "HTTP status 500")
        }
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 3
        limits.breakerThreshold = 2
        try await withPush(Self.agent, sender, clock: LeapingClock(), limits: limits) { runtime in
            for (host, id) in [("one", "a"), ("one", "b"), ("two", "c")] {
                _ = try await runtime.sendMessage(request("go", push: webhook(host, id: id)), context: .plain)
            }
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 3 }
            try await body(runtime, sender, isUp)
        }
    }

    private final class Switch: Sendable {
        private let value = Atomic(false)
        var isOn: Bool { self.value.load(ordering: .sequentiallyConsistent) }
        func turnOn() { self.value.store(true, ordering: .sequentiallyConsistent) }
    }

    @Test("are tried again when the operator says so, and go on where they stopped, in order")
    func retried() async throws {
        try await Self.withGivenUp { runtime, sender, isUp in
            isUp.turnOn()
            #expect(try await runtime.retryPushNotifications(.init(destination: "one")) == 2)
            try await eventually { try await runtime.pushNotificationStatus(state: .finished).statuses.count == 2 }
            #expect(try await runtime.pushNotificationStatus(state: .dead).statuses.map(\.id) == ["c"])
            let taken = sender.sent.all.filter { $0.outcome == .delivered }
            for id in ["a", "b"] {
                let own = taken.filter { $0.notification.configuration.id == id }.map(\.notification)
                #expect(own.map(\.generation) == [2, 3, 4])
                #expect(Set(own.map { $0.deliveryID.prefix { $0 != "-" } }).count == 1, "the ids go on too")
                #expect(own.allSatisfy { $0.configuration.token == "t0ken" })
            }
            #expect(try await runtime.retryPushNotifications() == 1)
            try await eventually { try await runtime.pushNotificationStatus(state: .finished).statuses.count == 3 }
        }
    }

    @Test("fail again as often as at first, if the receiver is still not there")
    func failAgain() async throws {
        try await Self.withGivenUp { runtime, sender, _ in
            let before = sender.sent.all.count
            #expect(try await runtime.retryPushNotifications(.init(id: "c")) == 1)
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 3 }
            #expect(sender.sent.all.count == before + 3)
        }
    }

    @Test("are removed when the operator says so, and only those that are meant")
    func dropped() async throws {
        try await Self.withGivenUp { runtime, sender, _ in
            let task = try #require(
                try await runtime.pushNotificationStatus().statuses.first { $0.id == "b" }?.taskID)
            #expect(try await runtime.dropPushNotifications(.init(taskID: "unknown")) == 0)
            #expect(try await runtime.dropPushNotifications(.init(taskID: task)) == 1)
            #expect(try await runtime.pushNotificationStatus().statuses.map(\.id) == ["a", "c"])
            #expect(try await runtime.dropPushNotifications() == 2)
            #expect(try await runtime.pushNotificationStatus().statuses.isEmpty)
            #expect(try await runtime.retryPushNotifications() == 0)
        }
    }

    @Test("only those: what is still tried is neither hurried nor removed")
    func others() async throws {
        let sender = FakeSender { _ in .failed(reason: "no") }
        try await withPush(Self.agent, sender, clock: LeapingClock(leaps: false)) { runtime in
            _ = try await runtime.sendMessage(request("go", push: webhook(id: "a")), context: .plain)
            try await eventually { sender.sent.all.count == 1 }
            #expect(try await runtime.retryPushNotifications() == 0)
            #expect(try await runtime.dropPushNotifications() == 0)
            #expect(try await runtime.pushNotificationStatus(state: .active).statuses.count == 1)
        }
    }

    @Test("are not those that an agent was started without a sender for: the next one sends them")
    func noSender() async throws {
        let (tasks, store) = (MemoryTaskStore(), MemoryPushNotificationStore())
        let down = FakeSender { _ in .failed(reason: "down") }
        try await withPush(Self.agent, down, store: tasks, pushStore: store, clock: LeapingClock(leaps: false)) {
            runtime in
            _ = try await runtime.sendMessage(request("go", push: webhook()), context: .plain)
            try await eventually { down.sent.all.count == 1 }
        }
        let other = FakeSender(schemes: ["other"])
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 1_000
        try await withPush(Self.agent, other, store: tasks, pushStore: store, clock: LeapingClock(), limits: limits) {
            runtime in
            try await eventually {
                try await runtime.pushNotificationStatus().statuses.first?.progress.attempts ?? 0 > 5
            }
            let status = try #require(try await runtime.pushNotificationStatus().statuses.first)
            #expect(status.progress.state == .active)
            #expect(status.progress.lastFailure == "no sender for its scheme")
        }
        let up = FakeSender()
        try await withPush(Self.agent, up, store: tasks, pushStore: store, clock: LeapingClock()) { _ in
            try await eventually { up.taken().count == 3 }
        }
        #expect(other.sent.all.isEmpty)
    }
}
