import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("The store in memory", .timeLimit(.minutes(1)))
struct MemoryTaskStoreTests {
    private static let make: TaskStoreContract.StoreMaker = { demands in
        var retention = MemoryTaskStore.Retention()
        retention.tasks = demands.maxTasks
        retention.eventsPerTask = demands.maxEventsPerTask
        retention.bytesPerTask = demands.maxBytesPerTask
        retention.age = demands.maxAge
        return MemoryTaskStore(retention: retention, wallClock: { [clock = demands.wallClock] in clock.now })
    }

    @Test("keeps the contract", arguments: TaskStoreContract.rules)
    func contract(rule: TaskStoreContract.Rule) async throws { try await rule.check(Self.make) }

    @Test("keeps the contract with the real clock under concurrency", arguments: TaskStoreContract.rules)
    func contractWithRealClock(rule: TaskStoreContract.Rule) async throws {
        guard rule.description.contains("concurrent") else { return }
        for _ in 0..<5 {
            try await rule.check { _ in MemoryTaskStore() }
        }
    }

    private let scope = Scope()

    private func task(_ id: String, _ text: String = "") -> A2ATask {
        A2ATask(id: id, contextID: "c", status: A2ATaskStatus(.submitted), history: [.user(text)])
    }

    private func chunk(_ count: Int) -> TaskChange {
        TaskChange(
            .chunk(A2AArtifact(parts: [.text(String(repeating: "x", count: count))], artifactID: "a"), lastChunk: false)
        )
    }

    private func ended() -> TaskChange { TaskChange(.status(A2ATaskStatus(.completed))) }

    @Test("what a task took is given back when it goes")
    func bytesGoBack() async throws {
        let clock = ManualWallClock()
        var retention = MemoryTaskStore.Retention()
        retention.age = .seconds(1)
        retention.eventsPerTask = 3
        let store = MemoryTaskStore(retention: retention, wallClock: { clock.now })
        for index in 0..<20 {
            _ = try await store.create(self.task("\(index)", "Hello"), then: [self.chunk(10)], in: self.scope)
            for size in 0..<10 { _ = try await store.append([self.chunk(size)], to: "\(index)", in: self.scope) }
            _ = try await store.append([self.ended()], to: "\(index)", in: self.scope)
        }
        #expect(store.byteCount > 20 * 256)
        clock.advance(milliseconds: 5_000)
        try await store.removeExpired()
        #expect(store.count == 0)
        #expect(store.byteCount == 0)
    }

    @Test("bytes are given back also when tasks go while others write")
    func bytesUnderConcurrency() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.tasks = 10
        let store = MemoryTaskStore(retention: retention)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for index in 0..<40 {
                        let id = "\(writer)-\(index)"
                        guard (try? await store.create(self.task(id), then: [], in: self.scope)) != nil else {
                            continue
                        }
                        await withTaskGroup(of: Void.self) { inner in
                            inner.addTask {
                                for _ in 0..<5 { _ = try? await store.append([self.chunk(9)], to: id, in: self.scope) }
                            }
                            inner.addTask { _ = try? await store.append([self.ended()], to: id, in: self.scope) }
                        }
                    }
                }
            }
        }
        // Room for eleven more tasks drives out all that are left of those above.
        for index in 0..<11 {
            _ = try await store.create(self.task("last-\(index)"), then: [self.ended()], in: self.scope)
        }
        let fresh = MemoryTaskStore()
        for index in 1..<11 {
            _ = try await fresh.create(self.task("last-\(index)"), then: [self.ended()], in: self.scope)
        }
        #expect(store.count == 10)
        #expect(store.byteCount == fresh.byteCount)
    }

    @Test("the bytes of all tasks together are bounded, for growing tasks as well as for new ones")
    func bytesAreBounded() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytes = 100_000
        let store = MemoryTaskStore(retention: retention)
        _ = try await store.create(self.task("old"), then: [self.chunk(20_000), self.ended()], in: self.scope)
        _ = try await store.create(self.task("new"), then: [], in: self.scope)
        var accepted = 0
        do {
            while true {
                _ = try await store.append([self.chunk(10_000)], to: "new", in: self.scope)
                accepted += 1
                #expect(store.byteCount <= 100_000)
                guard accepted < 100 else { break }
            }
        } catch let error as A2AError {
            #expect(error.code == .resourceExhausted)
        }
        #expect(accepted >= 3)
        // The ended task had to go first, and the full one can still end.
        #expect(try await store.snapshot(of: "old", in: self.scope, historyLength: nil) == nil)
        _ = try await store.append([self.ended()], to: "new", in: self.scope)
    }

    @Test("a task that is too large from the beginning is refused")
    func tooLargeAtOnce() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 1_000
        let store = MemoryTaskStore(retention: retention)
        await expectError(.resourceExhausted) {
            try await store.create(self.task("a", String(repeating: "x", count: 2_000)), then: [], in: self.scope)
        }
        #expect(store.count == 0 && store.byteCount == 0)
    }

    @Test("the log is bounded by bytes too, but keeps the newest event")
    func logBytes() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.eventBytesPerTask = 5_000
        let store = MemoryTaskStore(retention: retention)
        _ = try await store.create(self.task("a"), then: [], in: self.scope)
        for _ in 0..<10 { _ = try await store.append([self.chunk(2_000)], to: "a", in: self.scope) }
        _ = try await store.append([self.chunk(50_000)], to: "a", in: self.scope)
        guard case .events(let events) = try await store.events(of: "a", in: self.scope, after: 11, limit: 10) else {
            Issue.record("the newest event is not kept")
            return
        }
        #expect(events.map(\.generation) == [12])
        guard case .gap(let oldest) = try await store.events(of: "a", in: self.scope, after: 1, limit: 1) else {
            Issue.record("no gap")
            return
        }
        #expect(oldest == 12)
    }

    @Test("an event is counted in the log exactly as long as it is there")
    func logSymmetry() {
        let changes = [
            self.chunk(5), self.ended(),
            TaskChange(.status(A2ATaskStatus(.working, message: .agent("x"))), metadata: ["a": ["b", 1, nil]]),
            TaskChange(
                .artifact(A2AArtifact(parts: ["x", .data(["k": 1])], artifactID: "a"), lastChunk: true),
                metadata: ["a": 1]),
        ]
        var fold = TaskFold(self.task("a"))
        for change in changes {
            let update = fold.apply(change, now: .now)
            #expect(LoggedEvent(generation: 2, update: update).approximateByteCount == change.approximateByteCount)
        }
    }

    @Test(
        "ages that no clock can reach do no harm",
        arguments: [Duration.seconds(Int64.max), .seconds(Int64.max / 1000), .zero])
    func extremeAges(age: Duration) async throws {
        var retention = MemoryTaskStore.Retention()
        retention.age = age
        let store = MemoryTaskStore(retention: retention)
        _ = try await store.create(self.task("a"), then: [self.ended()], in: self.scope)
        try await store.removeExpired()
        if age > .zero { #expect(store.count == 1) }
    }
}
