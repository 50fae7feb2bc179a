import A2A
import A2ATesting
import Synchronization
import Testing

@testable import A2AServer

/// Streams as many chunks as the message says.
private let streamer = ClosureAgent { turn in
    try await turn.working()
    for index in 0..<(Int(turn.message.text) ?? 0) { try await turn.append(.text("\(index)"), toArtifact: "a") }
}

/// What ``streamer`` leads to.
private func streamed(_ count: Int) -> [String] {
    ["TASK_STATE_WORKING"] + (0..<count).map { "+\($0)" } + ["TASK_STATE_COMPLETED"]
}

@Suite("Delivering push notifications", .timeLimit(.minutes(1)))
struct PushDeliveryTests {
    @Test("every event goes out once, in order, with an id of its own")
    func inOrder() async throws {
        let sender = FakeSender()
        try await withPush(streamer, sender) { runtime in
            let task = try await runtime.sendMessage(request("100", push: webhook()), context: .plain)
            try await eventually { sender.taken().count == 102 }
            #expect(sender.taken().map(\.label) == streamed(100))
            #expect(sender.sent.all.map(\.notification.generation) == Array(2...103))
            #expect(Set(sender.sent.all.map(\.notification.deliveryID)).count == 102)
            #expect(sender.taken().allSatisfy { $0.taskID == task.taskID })
            let status = try await runtime.pushNotificationStatus().statuses
            #expect(status.map(\.progress.state) == [.finished])
            #expect(status.first?.progress.notifications == 102)
            #expect(status.first?.destination == "one")
        }
    }

    @Test("events have their generation in them where the configuration was made in 1.1, and not in 1.0")
    func generations() async throws {
        for version in [ProtocolVersion.v1_0, .v1_1] {
            let sender = FakeSender()
            try await withPush(streamer, sender) { runtime in
                _ = try await runtime.sendMessage(
                    request("3", push: webhook()), context: CallContext(version: version))
                try await eventually { sender.taken().count == 5 }
                let told = sender.sent.all.map(\.notification.response.generation)
                #expect(told == (version == .v1_0 ? [nil, nil, nil, nil, nil] : [2, 3, 4, 5, 6]))
            }
        }
    }

    @Test("a receiver that fails half of the time gets everything, in order, each time with the same id")
    func halfFails() async throws {
        let seed = UInt64.random(in: .min ... .max)
        let random = Mutex(SeededGenerator(seed: seed))
        let sender = FakeSender { _ in
            random.withLock { Bool.random(using: &$0) } ? .delivered : .failed(reason: "no luck")
        }
        try await withPush(streamer, sender, clock: LeapingClock()) { runtime in
            _ = try await runtime.sendMessage(request("100", push: webhook()), context: .plain)
            try await eventually { sender.taken().count == 102 }
            #expect(sender.taken().map(\.label) == streamed(100), "seed \(seed)")
            #expect(sender.sent.count > 110, "seed \(seed)")
            // Attempts at one notification follow each other, and only they share an id.
            var ids: [String] = []
            for sent in sender.sent.all where sent.notification.deliveryID != ids.last {
                ids.append(sent.notification.deliveryID)
            }
            #expect(ids.count == 102 && Set(ids).count == 102, "seed \(seed)")
        }
    }

    @Test("neither a dead receiver nor one that hangs delays the task or anybody else")
    func doesNotDelay() async throws {
        let gate = Gate()
        let sender = FakeSender { notification in
            if notification.configuration.url.contains("//dead/") { return .failed(reason: "dead") }
            if notification.configuration.url.contains("//hung/") {
                do { try await gate.wait() } catch { return .failed(reason: "cancelled") }
            }
            return .delivered
        }
        try await withPush(streamer, sender) { runtime in
            for host in ["dead", "hung", "dead", "hung", "dead", "hung", "dead", "hung", "dead", "hung"] {
                let answer = try await runtime.sendMessage(request("1", push: webhook(host)), context: .plain)
                #expect(answer.state == .completed)
            }
            _ = try await runtime.sendMessage(request("50", push: webhook("good")), context: .plain)
            try await eventually { sender.taken(at: webhook("good").url).count == 52 }
            #expect(sender.taken(at: webhook("good").url).map(\.label) == streamed(50))
            #expect(sender.taken(at: webhook("dead").url).isEmpty)
            gate.open()
            try await eventually { sender.taken(at: webhook("hung").url).count == 15 }
        }
    }

    @Test("two configurations of one task are independent of each other")
    func twoOfOneTask() async throws {
        let hold = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await hold.wait()
            for index in 0..<20 { try await turn.append(.text("\(index)"), toArtifact: "a") }
        }
        let sender = FakeSender { $0.configuration.url.contains("//dead/") ? .failed(reason: "dead") : .delivered }
        try await withPush(agent, sender) { runtime in
            let task = try await runtime.task("go", immediate: true)
            for (host, id) in [("dead", "1"), ("good", "2")] {
                _ = try await runtime.createTaskPushNotificationConfig(
                    webhook(host, id: id, task: task.id), context: .plain)
            }
            hold.open()
            try await eventually { sender.taken().last?.label == "TASK_STATE_COMPLETED" }
            #expect(sender.taken().map(\.label) == (0..<20).map { "+\($0)" } + ["TASK_STATE_COMPLETED"])
        }
    }

    @Test("after as many failures as allowed a configuration is given up, and says why; making it again goes on")
    func deadLetter() async throws {
        let isUp = Atomic(false)
        let sender = FakeSender { _ in
            isUp.load(ordering: .sequentiallyConsistent) ? .delivered : .failed(reason: "HTTP status 500")
        }
        var limits = PushNotifications.Limits()
        limits.maxAttempts = 7
        limits.breakerThreshold = 3
        try await withPush(streamer, sender, clock: LeapingClock(), limits: limits) { runtime in
            let answer = try await runtime.sendMessage(request("3", push: webhook(id: "mine")), context: .plain)
            try await eventually {
                try await runtime.pushNotificationStatus(state: .dead).statuses.count == 1
            }
            let status = try #require(try await runtime.pushNotificationStatus().statuses.first)
            #expect(status.progress.attempts == 7)
            #expect(status.progress.lastFailure == "failed 7 times, at last: HTTP status 500")
            #expect(sender.sent.count == 7)
            // The caller still sees it.
            let taskID = try #require(answer.taskID)
            let listed = try await runtime.listTaskPushNotificationConfigs(
                .with { $0.taskID = taskID }, context: .plain)
            #expect(listed.configs.map(\.id) == ["mine"])

            isUp.store(true, ordering: .sequentiallyConsistent)
            _ = try await runtime.createTaskPushNotificationConfig(
                webhook("two", id: "mine", task: taskID), context: .plain)
            try await eventually { sender.taken().count == 5 }
            #expect(sender.taken(at: webhook("two").url).map(\.label) == streamed(3))
        }
    }

    @Test("a notification that fails for too long is given up too, and so is one that the receiver wants no more of")
    func tooOldOrGone() async throws {
        let clock = LeapingClock()
        let sender = FakeSender { notification in
            notification.configuration.url.contains("//gone/")
                ? .refused(reason: "HTTP status 410") : .failed(reason: "no", retryAfter: .seconds(3000))
        }
        var limits = PushNotifications.Limits()
        limits.maxAge = .seconds(10_000)
        try await withPush(streamer, sender, clock: clock, limits: limits) { runtime in
            _ = try await runtime.sendMessage(request("1", push: webhook("gone", id: "gone")), context: .plain)
            _ = try await runtime.sendMessage(request("1", push: webhook("old", id: "old")), context: .plain)
            try await eventually { try await runtime.pushNotificationStatus(state: .dead).statuses.count == 2 }
            let statuses = try await runtime.pushNotificationStatus().statuses
            #expect(statuses.first { $0.id == "gone" }?.progress.lastFailure == "HTTP status 410")
            #expect(statuses.first { $0.id == "old" }?.progress.lastFailure.contains("failed for 10000.0") == true)
            #expect(sender.sent.all.filter { $0.url.contains("//gone/") }.count == 1)
            // 0, 3000, 6000, 9000 and 12000 s.
            #expect(sender.sent.all.filter { $0.url.contains("//old/") }.count == 5)
            #expect(clock.elapsed >= .seconds(12_000))
        }
    }

    @Test("a wait that the receiver asks for is kept, but not beyond the limit")
    func retryAfter() async throws {
        let clock = LeapingClock()
        let times = Notes<Duration>()
        let sender = FakeSender { _ in
            times.add(clock.elapsed)
            return switch times.count {
            case 1: .failed(reason: "busy", retryAfter: .seconds(120))
            case 2: .failed(reason: "busy", retryAfter: .seconds(1_000_000))
            default: .delivered
            }
        }
        try await withPush(streamer, sender, clock: clock) { runtime in
            _ = try await runtime.sendMessage(request("0", push: webhook()), context: .plain)
            try await eventually { sender.taken().count == 2 }
            #expect(times.all[1] - times.all[0] == .seconds(120))
            #expect(times.all[2] - times.all[1] == .seconds(3600))
        }
    }

    @Test("what was not delivered before the agent stopped is delivered by the next one")
    func restart() async throws {
        let tasks = MemoryTaskStore()
        let store = MemoryPushNotificationStore()
        let first = FakeSender { $0.generation < 8 ? .delivered : .failed(reason: "down") }
        try await withPush(streamer, first, store: tasks, pushStore: store) { runtime in
            _ = try await runtime.sendMessage(request("20", push: webhook()), context: .plain)
            try await eventually { first.sent.all.contains { $0.outcome != .delivered } }
        }
        let second = FakeSender()
        try await withPush(streamer, second, store: tasks, pushStore: store, clock: LeapingClock()) { _ in
            try await eventually { second.taken().last?.label == "TASK_STATE_COMPLETED" }
        }
        #expect((first.taken() + second.taken()).map(\.label) == streamed(20))
        // The one whose fate was unknown is the same notification to the receiver.
        #expect(first.sent.all.last?.notification.deliveryID == second.sent.all.first?.notification.deliveryID)
        let third = FakeSender()
        try await withPush(streamer, third, store: tasks, pushStore: store) { _ in }
        #expect(third.sent.count == 0)
    }

    @Test("a wait outlives the agent: the next one waits for what is left of it, and counts on")
    func waitsAcrossRestarts() async throws {
        let (tasks, store) = (MemoryTaskStore(), MemoryPushNotificationStore())
        let first = FakeSender { _ in .failed(reason: "busy", retryAfter: .seconds(1_000)) }
        try await withPush(streamer, first, store: tasks, pushStore: store, clock: LeapingClock(leaps: false)) {
            runtime in
            _ = try await runtime.sendMessage(request("0", push: webhook()), context: .plain)
            try await eventually {
                try await runtime.pushNotificationStatus().statuses.first?.progress.attempts == 1
            }
        }
        // The next one begins where the first has ended, on the same clock on the wall.
        let clock = LeapingClock()
        let times = Notes<Duration>()
        let second = FakeSender { notification in
            times.add(clock.elapsed)
            return notification.attempts == 1 ? .failed(reason: "again") : .delivered
        }
        try await withPush(streamer, second, store: tasks, pushStore: store, clock: clock) { runtime in
            try await eventually { second.taken().count == 2 }
            #expect(times.all.first == .seconds(1_000))
            #expect(second.sent.all.map(\.notification.attempts) == [1, 2, 0])
        }
    }

    @Test("the time in which no agent ran is not counted against a receiver, and what follows is")
    func downtime() async throws {
        for receivesInTheEnd in [true, false] {
            let (tasks, store) = (MemoryTaskStore(), MemoryPushNotificationStore())
            let first = FakeSender { _ in .failed(reason: "down", retryAfter: .seconds(1_000)) }
            try await withPush(streamer, first, store: tasks, pushStore: store, clock: LeapingClock(leaps: false)) {
                runtime in
                _ = try await runtime.sendMessage(request("0", push: webhook()), context: .plain)
                try await eventually {
                    try await runtime.pushNotificationStatus().statuses.first?.progress.attempts == 1
                }
            }
            // Everything was down for a week, and the receiver comes back later than the agent.
            let clock = LeapingClock(later: .seconds(7 * 24 * 3600))
            let second = FakeSender { _ in
                receivesInTheEnd && clock.elapsed >= .seconds(20 * 3600)
                    ? .delivered : .failed(reason: "down", retryAfter: .seconds(3000))
            }
            try await withPush(streamer, second, store: tasks, pushStore: store, clock: clock) { runtime in
                try await eventually {
                    try await runtime.pushNotificationStatus().statuses.first?.progress.state
                        == (receivesInTheEnd ? .finished : .dead)
                }
                #expect(second.taken().count == (receivesInTheEnd ? 2 : 0))
                #expect(clock.elapsed >= .seconds(receivesInTheEnd ? 20 * 3600 : 24 * 3600))
                #expect(clock.elapsed <= .seconds(25 * 3600))
            }
        }
    }

    @Test(
        "a receiver that was away for longer than the log reaches back is sent the task as it stands, and goes on from there"
    )
    func gap() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.eventsPerTask = 5
        let (isWritten, hold) = (Gate(), Gate())
        let agent = ClosureAgent { turn in
            try await turn.working()
            for index in 0..<20 { try await turn.append(.text("\(index),"), toArtifact: "a") }
            isWritten.open()
            try await hold.wait()
        }
        let isUp = Atomic(false)
        let sender = FakeSender { _ in
            isUp.load(ordering: .sequentiallyConsistent) ? .delivered : .failed(reason: "down")
        }
        try await withPush(
            agent, sender, store: MemoryTaskStore(retention: retention), clock: LeapingClock()
        ) { runtime in
            _ = try await runtime.sendMessage(request("go", push: webhook(), immediate: true), context: .plain)
            try await isWritten.wait()
            isUp.store(true, ordering: .sequentiallyConsistent)
            try await eventually { sender.taken().contains { $0.label.hasPrefix("task") } }
            hold.open()
            try await eventually { sender.taken().last?.label == "TASK_STATE_COMPLETED" }
            let labels = sender.taken().map(\.label)
            let position = try #require(labels.firstIndex { $0.hasPrefix("task") })
            // Events before it only if they were taken before the gap; after it nothing is missing or doubled.
            #expect(labels[position...].dropFirst().last == "TASK_STATE_COMPLETED")
            guard case .task(let task)? = sender.taken()[position].payload else { return }
            #expect(task.artifacts.first?.parts.count == 20)
            #expect(Array(labels[position...]) == ["task TASK_STATE_WORKING", "TASK_STATE_COMPLETED"])
            let status = try #require(try await runtime.pushNotificationStatus().statuses.first)
            #expect(status.progress.snapshots == 1)
        }
    }

    @Test("a destination that reports back is not waited for")
    func reachable() async throws {
        let isUp = Atomic(false)
        let sender = FakeSender { _ in
            isUp.load(ordering: .sequentiallyConsistent)
                ? .delivered : .failed(reason: "not connected", retryAfter: .seconds(3600))
        }
        try await withPush(streamer, sender) { runtime in
            _ = try await runtime.sendMessage(request("2", push: webhook()), context: .plain)
            try await eventually { sender.sent.count == 1 }
            isUp.store(true, ordering: .sequentiallyConsistent)
            sender.reachable("one")
            try await eventually { sender.taken().count == 4 }
        }
    }

    @Test("on shutdown what can be sent is sent; what cannot does not hold it up")
    func shutdown() async throws {
        let sender = FakeSender { $0.configuration.url.contains("//dead/") ? .failed(reason: "dead") : .delivered }
        try await withPush(streamer, sender) { runtime in
            _ = try await runtime.sendMessage(request("1", push: webhook("dead")), context: .plain)
            _ = try await runtime.sendMessage(request("50", push: webhook("good")), context: .plain)
        }
        #expect(sender.taken().map(\.label) == streamed(50))
    }

    @Test("a store that fails now and then loses nothing")
    func failingStore() async throws {
        let sender = FakeSender()
        let store = FlakyStore()
        try await withPush(streamer, sender, pushStore: store, clock: LeapingClock()) { runtime in
            _ = try await runtime.sendMessage(request("10", push: webhook()), context: .plain)
            try await eventually { sender.taken().last?.label == "TASK_STATE_COMPLETED" }
        }
        // What was sent and could not be noted is sent again: at least once, never out of order.
        var seen: [String] = []
        for label in sender.taken().map(\.label) where label != seen.last { seen.append(label) }
        #expect(seen == streamed(10))
    }
}

/// A store of which every third read or note fails.
private final class FlakyStore: ForwardingPushStore {
    struct Trouble: Error {}
    let base = MemoryPushNotificationStore()
    private let calls = Atomic(0)

    private func stumble() throws {
        if self.calls.wrappingAdd(1, ordering: .relaxed).newValue % 3 == 0 { throw Trouble() }
    }

    func registration(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        try self.stumble()
        return try await self.base.registration(key)
    }
    func record(_ progress: PushProgress, for key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        try self.stumble()
        return try await self.base.record(progress, for: key, revision: revision)
    }
    func scan(state: PushProgress.State?, pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        try self.stumble()
        return try await self.base.scan(state: state, pageSize: pageSize, pageToken: pageToken)
    }
}
