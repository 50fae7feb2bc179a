import A2A
import A2ATesting
import Synchronization
import Testing

@testable import A2AServer

/// A store of which another process has, or had, a part.
private final class SharedStore: ForwardingPushStore {
    let base = MemoryPushNotificationStore()
    private let elsewhere = Mutex<Set<String>>([])
    private let news = Mutex(PushStoreNews())

    var claimInterval: Duration? { .milliseconds(1) }

    /// The ids of configurations that another process delivers from.
    func setElsewhere(_ ids: Set<String>) { self.elsewhere.withLock { $0 = ids } }
    func tell(_ news: PushStoreNews) { self.news.withLock { $0 = news } }

    private func isElsewhere(_ id: String) -> Bool { self.elsewhere.withLock { $0.contains(id) } }

    func renewClaims() async throws -> PushStoreNews {
        self.news.withLock { news in
            defer { news = PushStoreNews() }
            return news
        }
    }
    func claim(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        self.isElsewhere(key.id) ? nil : try await self.base.registration(key)
    }
    func claim(pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        var page = try await self.base.scan(state: .active, pageSize: pageSize, pageToken: pageToken)
        page.registrations.removeAll { self.isElsewhere($0.configuration.id) }
        return page
    }
    func record(_ progress: PushProgress, for key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        guard !self.isElsewhere(key.id) else { return false }
        return try await self.base.record(progress, for: key, revision: revision)
    }
    func removeExpired() async throws {}
}

@Suite("Push notifications of several processes", .timeLimit(.minutes(1)))
struct SharedPushStoreTests {
    private let chat = ClosureAgent { turn in
        try await turn.working()
        try await turn.requireInput("And?")
    }

    @Test("what another process delivers from is left to it, and taken up when that one has ended")
    func takesUp() async throws {
        let (store, sender) = (SharedStore(), FakeSender())
        store.setElsewhere(["other"])
        try await withPush(self.chat, sender, pushStore: store) { runtime in
            let task = try #require(try await runtime.sendMessage(request("hi"), context: .plain).taskID)
            for id in ["other", "mine"] {
                _ = try await runtime.createTaskPushNotificationConfig(
                    webhook(id, id: id, task: task), context: .plain)
            }
            _ = try await runtime.sendMessage(request("more", task: task), context: .plain)
            try await eventually { sender.taken(at: webhook("mine").url).count == 3 }
            #expect(sender.taken(at: webhook("other").url).isEmpty)
            store.setElsewhere([])
            store.tell(PushStoreNews(hasOrphans: true))
            try await eventually { sender.taken(at: webhook("other").url).count == 3 }
            #expect(sender.taken(at: webhook("mine").url).count == 3)
        }
    }

    @Test("a log that has grown by the hands of another process is noticed")
    func grown() async throws {
        let (store, sender, tasks) = (SharedStore(), FakeSender(), MemoryTaskStore())
        try await withPush(self.chat, sender, store: tasks, pushStore: store) { runtime in
            let task = try #require(
                try await runtime.sendMessage(request("hi", push: webhook()), context: .plain).taskID)
            try await eventually { sender.taken().count == 2 }
            _ = try await tasks.append([TaskChange(.status(A2ATaskStatus(.completed)))], to: task, in: Scope())
            store.tell(PushStoreNews(grown: ["none", task]))
            try await eventually { sender.taken().map(\.label).last == "TASK_STATE_COMPLETED" }
        }
    }

    @Test("who has lost a configuration while a notification was on its way sends no more of it")
    func lost() async throws {
        let (store, gate, isSending) = (SharedStore(), Gate(), Gate())
        let sender = FakeSender { _ in
            isSending.open()
            try? await gate.wait()
            return .delivered
        }
        try await withPush(self.chat, sender, pushStore: store) { runtime in
            _ = try await runtime.sendMessage(request("hi", push: webhook(id: "a")), context: .plain)
            try await isSending.wait()
            store.setElsewhere(["a"])
            gate.open()
            try await eventually { sender.sent.count == 1 }
            let status = try #require(try await runtime.pushNotificationStatus().statuses.first)
            #expect(status.progress.delivered == 0)
        }
        #expect(sender.sent.count == 1)
    }
}
