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

    @Test("are found by the destination that the agent shows, and by the one that its store's file shows")
    func destinations() async throws {
        try await Self.withGivenUp { runtime, _, _ in
            var counts: [Int] = []
            for destination in ["https://on", "https://one", "two"] {
                counts.append(try await runtime.dropPushNotifications(.init(destination: destination)))
            }
            #expect(counts == [0, 2, 1])
        }
    }

    @Test("only those: what was made anew since somebody looked is not touched", arguments: [true, false])
    func late(_ isRetry: Bool) async throws {
        let store = LateStore()
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 1
        let sender = FakeSender { _ in .failed(reason: "no") }
        try await withPush(Self.agent, sender, pushStore: store, clock: LeapingClock(), limits: limits) { runtime in
            _ = try await runtime.sendMessage(request("go", push: webhook(id: "a")), context: .plain)
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 1 }
            store.isLate.store(true, ordering: .sequentiallyConsistent)
            let count =
                isRetry
                ? try await runtime.retryPushNotifications() : try await runtime.dropPushNotifications()
            #expect(count == 0)
            #expect(try await runtime.pushNotificationStatus(state: .active).statuses.map(\.id) == ["a"])
        }
    }

    @Test("are all found, on however many pages", arguments: [true, false])
    func pages(_ isRetry: Bool) async throws {
        let store = MemoryPushNotificationStore()
        for index in 0..<250 {
            let given = try await store.put(
                PushRegistration(
                    scope: Scope(), configuration: webhook(id: "\(index)", task: "task\(index)"), version: .v1_0,
                    deliveryKey: "\(index)", progress: PushProgress(delivered: 1)))
            var progress = given.progress
            progress.giveUp("no")
            _ = try await store.record(progress, for: given.key, revision: given.revision)
        }
        try await withPush(Self.agent, FakeSender(), pushStore: store, clock: LeapingClock(leaps: false)) { runtime in
            let count =
                isRetry ? try await runtime.retryPushNotifications() : try await runtime.dropPushNotifications()
            #expect(count == 250)
        }
    }

    @Test("are tried at once, although their receiver was left alone until later")
    func atOnce() async throws {
        let (isUp, answers) = (Switch(), Gate())
        let sender = FakeSender { _ in
            try? await answers.wait()
            return isUp.isOn ? .delivered : .failed(reason: "HTTP status 500")
        }
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 1
        limits.breakerThreshold = 1
        limits.concurrentDeliveriesPerDestination = 1
        // Time stands still.
        let clock = LeapingClock(leaps: false)
        try await withPush(Self.agent, sender, clock: clock, limits: limits) { runtime in
            for id in ["a", "b"] {
                _ = try await runtime.sendMessage(request("go", push: webhook(id: id)), context: .plain)
            }
            // One fails; the other one waits until the receiver is not left alone any more.
            answers.open()
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 1 }
            isUp.turnOn()
            #expect(try await runtime.retryPushNotifications() == 1)
            try await eventually { sender.taken().count == 6 }
        }
    }

    @Test("one that cannot be read is left as it is, and the others are tried again")
    func unreadable() async throws {
        let store = LateStore()
        let isUp = Switch()
        let sender = FakeSender { _ in isUp.isOn ? .delivered : .failed(reason: "no") }
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 1
        try await withPush(Self.agent, sender, pushStore: store, clock: LeapingClock(), limits: limits) { runtime in
            for id in ["a", "b"] {
                _ = try await runtime.sendMessage(request("go", push: webhook(id: id)), context: .plain)
            }
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 2 }
            store.unreadable.withLock { $0 = "a" }
            isUp.turnOn()
            #expect(try await runtime.retryPushNotifications() == 1)
            try await eventually { try await runtime.pushNotificationStatus(state: .finished).statuses.count == 1 }
            #expect(try await runtime.pushNotificationStatus(state: .dead).statuses.map(\.id) == ["a"])
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

/// A store in which everything that was found given up has been made anew by the time in which somebody hears of it, once it is late; and
/// which may have one that it can list but not decrypt.
private final class LateStore: ForwardingPushStore {
    let base = MemoryPushNotificationStore()
    let isLate = Atomic(false)
    /// The id of the one.
    let unreadable = Mutex("")

    private func requireReadable(_ key: PushRegistration.Key) throws {
        guard key.id != self.unreadable.withLock({ $0 }) else { throw A2AError(.internal, "It cannot be decrypted.") }
    }

    func scan(state: PushProgress.State?, pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        let page = try await self.base.scan(state: state, pageSize: pageSize, pageToken: pageToken)
        if self.isLate.load(ordering: .sequentiallyConsistent), state == .dead {
            for registration in page.registrations { _ = try await self.base.put(registration) }
        }
        return page
    }
    func registration(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        try self.requireReadable(key)
        return try await self.base.registration(key)
    }
    func reviveGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> PushRegistration? {
        try self.requireReadable(key)
        return try await self.base.reviveGivenUp(key, revision: revision)
    }
    func removeExpired() async throws {}
}
