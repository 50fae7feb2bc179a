import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

@Suite("The store in a database file", .timeLimit(.minutes(1)))
struct SQLiteTaskStoreTests {
    private let scope = Scope(tenant: "tenant", principal: "alice")

    @Test("keeps the contract", arguments: TaskStoreContract.rules)
    func contract(rule: TaskStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { demands in
                try makeStore(
                    in: folder, name: UUID().uuidString, retention: demands.retention, clock: demands.wallClock)
            }
        }
    }

    @Test("keeps the contract with almost nothing in memory", arguments: TaskStoreContract.rules)
    func contractWithoutCache(rule: TaskStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { demands in
                var options = SQLiteDatabase.Options()
                options.cacheBytes = 0
                return try makeStore(
                    in: folder, name: UUID().uuidString, retention: demands.retention, options: options,
                    clock: demands.wallClock)
            }
        }
    }

    @Test("keeps the contract between two processes that share the file", arguments: TaskStoreContract.rules)
    func contractOfTwo(rule: TaskStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { demands in
                let name = UUID().uuidString
                let stores = try (0..<2).map { _ in
                    try makeStore(in: folder, name: name, retention: demands.retention, clock: demands.wallClock)
                }
                return AlternatingStore(stores)
            }
        }
    }

    @Test("whoever asks for tasks that are not there leaves nothing in memory, however often and whatever the ids")
    func unknownIDs() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: Scope())
            let (count, bytes) = (store.database.tasks.count, store.database.tasks.byteCount)
            let long = String(repeating: "x", count: 10_000)
            for index in 0..<50 {
                #expect(try await store.snapshot(of: "\(index) \(long)", in: Scope(), historyLength: nil) == nil)
                await #expect(throws: TaskConflict.notFound) {
                    try await store.append([.text("x")], to: "\(index) other \(long)", in: Scope())
                }
            }
            #expect(store.database.tasks.count == count && store.database.tasks.byteCount == bytes)
            #expect(try await store.snapshot(of: "a", in: Scope(), historyLength: nil)?.generation == 1)
        }
    }

    @Test("every call says so when the store is closed")
    func closed() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: Scope())
            await store.database.close()
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await store.create(.sample("b"), then: [], in: Scope()) },
                { _ = try await store.append([.text("x")], to: "a", in: Scope()) },
                { _ = try await store.append([.text("x")], to: "unknown", in: Scope()) },
                { _ = try await store.snapshot(of: "a", in: Scope(), historyLength: nil) },
                { _ = try await store.events(of: "a", in: Scope(), after: 0, limit: 1) },
                { _ = try await store.list(TaskQuery(), in: Scope()) }, { try await store.removeExpired() },
                { _ = try await store.incarnation() }, { _ = try await store.progress(of: ["a"]) },
                { _ = try await store.database.info() }, { _ = try await store.database.check() },
                { _ = try await store.database.export { _ in } },
            ]
            for (index, call) in calls.enumerated() {
                let error = await #expect(throws: A2AError.self, "call \(index)") { try await call() }
                #expect(error?.code == .unavailable && error?.message.contains("is closed") == true, "call \(index)")
            }
        }
    }

    @Test("an age beyond all bounds removes nothing")
    func endlessAge() async throws {
        try await withFolder { folder in
            var retention = TaskRetention.durable
            retention.age = .seconds(Int64.max)
            let store = try makeStore(in: folder, retention: retention)
            _ = try await store.create(.sample("a"), then: [.status(.completed)], in: Scope())
            try await store.removeExpired()
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 1)
        }
    }

    @Test("what was acknowledged is there after an end without warning, to the last event")
    func abruptEnd() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [.status(.working)], in: self.scope)
            for index in 0..<50 { _ = try await store.append([.text("\(index)")], to: "a", in: self.scope) }
            _ = try await store.create(.sample("b"), then: [.status(.completed)], in: self.scope)
            // What a killed process leaves behind: the file and its log as they are, nothing closed.
            for ending in ["", "-wal"] {
                try FileManager.default.copyItem(
                    atPath: folder + "/store.db" + ending, toPath: folder + "/copy.db" + ending)
            }
            let copy = try makeStore(in: folder, name: "copy.db")
            for (id, generation) in [("a", Int64(52)), ("b", 2)] {
                let expected = try await store.snapshot(of: id, in: self.scope, historyLength: nil)
                let found = try await copy.snapshot(of: id, in: self.scope, historyLength: nil)
                #expect(found?.generation == generation)
                #expect(found?.task == expected?.task)
                let events = try await copy.events(of: id, in: self.scope, after: 1, limit: 100)
                let wanted = try await store.events(of: id, in: self.scope, after: 1, limit: 100)
                #expect(events.all == wanted.all)
            }
            #expect(try await copy.list(TaskQuery(), in: self.scope).total == 2)
            #expect(try await copy.append([.text("x")], to: "a", in: self.scope).generation == 53)
            let problems = try await copy.database.check()
            #expect(problems == [])
        }
    }

    @Test("a clock that was set back while the store was closed does not turn the order round")
    func clockBetweenRuns() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            var store = try makeStore(in: folder, clock: clock)
            let first = try await store.create(.sample("a"), then: [], in: self.scope).first
            await store.database.close()
            clock.advance(milliseconds: -1_000_000)
            store = try makeStore(in: folder, clock: clock)
            let second = try await store.create(.sample("b"), then: [], in: self.scope).first
            #expect(!second.status.timestamp.isBefore(first.status.timestamp))
            #expect(try await store.list(TaskQuery(), in: self.scope).tasks.map(\.id) == ["b", "a"])
        }
    }

    @Test("page tokens hold across a restart")
    func tokens() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            for index in 0..<5 { _ = try await store.create(.sample("\(index)"), then: [], in: self.scope) }
            let page = try await store.list(TaskQuery(pageSize: 2), in: self.scope)
            await store.database.close()
            let again = try makeStore(in: folder)
            let next = try await again.list(TaskQuery(pageSize: 2, pageToken: page.next), in: self.scope)
            #expect(next.tasks.map(\.id) == ["2", "1"])
        }
    }

    @Test("tasks in memory stay within their bytes, and those that went are read again")
    func cacheIsBounded() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.cacheBytes = 50_000
            let store = try makeStore(in: folder, options: options)
            for index in 0..<200 {
                _ = try await store.create(
                    .sample("\(index)"), then: [.text(String(repeating: "x", count: 1_000))], in: self.scope)
            }
            #expect(store.database.tasks.byteCount <= 50_000)
            #expect(store.database.tasks.count < 50)
            for index in 0..<200 {
                let found = try await store.snapshot(of: "\(index)", in: self.scope, historyLength: nil)
                #expect(found?.task.artifacts.first?.text.count == 1_000)
                #expect(store.database.tasks.byteCount <= 50_000)
            }
            #expect(try await store.append([.text("y")], to: "0", in: self.scope).generation == 3)
        }
    }

    @Test("a long log gets snapshots, from which the task is the same, and loses the rows that left its window")
    func snapshots() async throws {
        try await withFolder { folder in
            var retention = TaskRetention.durable
            retention.eventsPerTask = 20
            var options = SQLiteDatabase.Options()
            options.cacheBytes = 0
            let store = try makeStore(in: folder, retention: retention, options: options)
            let warm = try makeStore(in: folder, name: "warm.db", retention: retention)
            let text = String(repeating: "x", count: 4_000)
            let task = A2ATask.sample("a")
            for each in [store, warm] {
                _ = try await each.create(task, then: [.status(.working)], in: self.scope)
                for index in 0..<90 {
                    _ = try await each.append([.text("\(index) " + text, of: "\(index % 7)")], to: "a", in: self.scope)
                }
            }
            func rows(_ store: SQLiteTaskStore) async throws -> (snapshot: Int64, rows: Int) {
                try await store.database.read { db in
                    (
                        try Int64.fetchOne(db, sql: "SELECT snapshot FROM tasks") ?? 0,
                        try Int.fetchOne(db, sql: "SELECT count(*) FROM log") ?? 0
                    )
                }
            }
            while try await rows(warm).snapshot == 0 { await Task.yield() }
            _ = try await warm.append([.text("last")], to: "a", in: self.scope)
            _ = try await store.append([.text("last")], to: "a", in: self.scope)
            #expect(try await rows(warm).rows < 92)
            #expect(try await rows(store).snapshot > 0)
            let reopened = try makeStore(in: folder, name: "warm.db", retention: retention)
            let expected = try await store.snapshot(of: "a", in: self.scope, historyLength: nil)
            var found = try await reopened.snapshot(of: "a", in: self.scope, historyLength: nil)
            #expect(found?.generation == 93)
            // Two stores have stamped them.
            found?.task.status.timestamp = expected?.task.status.timestamp ?? .now
            #expect(found?.task == expected?.task)
            guard case .gap(let oldest) = try await reopened.events(of: "a", in: self.scope, after: 1, limit: 1) else {
                Issue.record("no gap")
                return
            }
            #expect(oldest == 74)
            let page = try await reopened.events(of: "a", in: self.scope, after: oldest - 1, limit: 100)
            #expect(page.all?.map(\.generation) == Array(74...93))
            let problems = try await reopened.database.check()
            #expect(problems == [])
        }
    }

    @Test(
        "when the bytes of all tasks are used up, the one that ended first goes, also after a restart; if none has, what grows is refused"
    )
    func storeBytes() async throws {
        try await withFolder { folder in
            var retention = TaskRetention.durable
            retention.bytes = 100_000
            let text = TaskChange.text(String(repeating: "x", count: 20_000))
            var store = try makeStore(in: folder, retention: retention)
            for id in ["a", "b"] { _ = try await store.create(.sample(id), then: [text], in: self.scope) }
            _ = try await store.append([.status(.completed)], to: "a", in: self.scope)
            _ = try await store.create(.sample("c"), then: [text], in: self.scope)
            #expect(try await store.snapshot(of: "a", in: self.scope, historyLength: 0) == nil)
            await store.database.close()

            store = try makeStore(in: folder, retention: retention)
            await expectA2AError(.resourceExhausted, saying: "unfinished tasks") {
                try await store.create(.sample("d"), then: [text], in: self.scope)
            }
            await expectA2AError(.resourceExhausted, saying: "unfinished tasks") {
                try await store.append([text], to: "c", in: self.scope)
            }
            _ = try await store.append([.status(.completed)], to: "b", in: self.scope)
            #expect(try await store.append([text], to: "c", in: self.scope).generation == 3)
            #expect(try await store.list(TaskQuery(), in: self.scope).tasks.map(\.id) == ["c"])
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("bytes of events are bounded too, and what leaves first is the oldest")
    func logBytes() async throws {
        try await withFolder { folder in
            var retention = TaskRetention.durable
            retention.eventBytesPerTask = 5_000
            let store = try makeStore(in: folder, retention: retention)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            for _ in 0..<10 {
                _ = try await store.append([.text(String(repeating: "x", count: 2_000))], to: "a", in: self.scope)
            }
            guard case .gap(let oldest) = try await store.events(of: "a", in: self.scope, after: 1, limit: 1) else {
                Issue.record("no gap")
                return
            }
            #expect(oldest > 8 && oldest <= 11)
            let page = try await store.events(of: "a", in: self.scope, after: oldest - 1, limit: 10)
            #expect(page.all?.last?.generation == 11)
        }
    }
}

extension EventPage {
    var all: [LoggedEvent]? {
        if case .events(let events) = self { events } else { nil }
    }
}

/// Calls two stores in turn, as a load balancer would.
struct AlternatingStore: TaskStore {
    private let stores: [SQLiteTaskStore]
    private let calls = Tally()

    init(_ stores: [SQLiteTaskStore]) { self.stores = stores }

    private var next: SQLiteTaskStore {
        self.calls.add()
        return self.stores[self.calls.value % self.stores.count]
    }

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        try await self.next.create(task, then: changes, in: scope)
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        try await self.next.append(changes, to: id, in: scope, condition: condition)
    }

    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        try await self.next.snapshot(of: id, in: scope, historyLength: historyLength)
    }

    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage {
        try await self.next.events(of: id, in: scope, after: generation, limit: limit)
    }

    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        try await self.next.list(query, in: scope)
    }

    func removeExpired() async throws { try await self.next.removeExpired() }
}
