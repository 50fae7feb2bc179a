import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

@Suite("Removing tasks", .timeLimit(.minutes(1)))
struct RemovalTests {
    private let scope = Scope()
    private let week: Int64 = 7 * 24 * 3_600_000

    /// A task of 20 KB a chunk that has ended.
    private func add(_ id: String, chunks: Int, to store: SQLiteTaskStore) async throws {
        let text = String(repeating: "x", count: 20_000)
        _ = try await store.create(.sample(id), then: [.status(.working)], in: self.scope)
        for index in 0..<chunks { _ = try await store.append([.text("\(index) \(text)")], to: id, in: self.scope) }
        // What takes the place of something else makes snapshots worth while.
        for index in 0..<chunks / 12 {
            let artifact = A2AArtifact(
                parts: [.text("\(index)" + String(repeating: "y", count: 300_000))], artifactID: "b")
            _ = try await store.append([TaskChange(.artifact(artifact, lastChunk: true))], to: id, in: self.scope)
        }
        _ = try await store.append([.status(.completed)], to: id, in: self.scope)
        // Until its snapshot is done nobody knows what there will be to remove.
        while store.database.compactor.state.bytes > 0 { await Task.yield() }
    }

    private struct Rows: Equatable {
        var tasks = 0
        var log = 0
        var pieces = 0
        var removals = 0

        var left: Int { self.log + self.pieces + self.removals }
    }

    private func rows(_ database: SQLiteDatabase) async throws -> Rows {
        try await database.read { db in
            func count(_ table: String) throws -> Int {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            }
            return Rows(
                tasks: try count("tasks"), log: try count("log"), pieces: try count("snapshot_pieces"),
                removals: try count("removals"))
        }
    }

    /// Removes what has ended, and ends as a process does that is killed when it has made that durable, and nothing after it.
    private func removeAndCrash(_ store: SQLiteTaskStore) async throws {
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await store.database.submit(bytes: 0) { session in
                    defer { gate.wait() }
                    return try session.log.removeEnded(
                        before: A2ATimestamp(milliseconds: .max), sparing: A2ATimestamp(milliseconds: .max), after: 0,
                        session: session)
                }
            }
            await gate.isReached()
            store.database.queue.close()
            gate.open()
            try await group.waitForAll()
        }
        await store.database.close()
    }

    @Test(
        "a large task is gone at once for all, and stays gone after a crash; its rows go in pieces, and with them nobody else's"
    )
    func inPieces() async throws {
        try await withFolder { folder in
            let first = try makeStore(in: folder)
            try await self.add("large", chunks: 200, to: first)
            try await self.removeAndCrash(first)

            let store = try makeStore(in: folder)
            let before = try await self.rows(store.database)
            #expect(before.tasks == 0 && before.log > 100 && before.pieces > 10 && before.removals == 1)
            #expect(try await store.snapshot(of: "large", in: self.scope, historyLength: nil) == nil)
            await #expect(throws: TaskConflict.notFound) {
                try await store.events(of: "large", in: self.scope, after: 1, limit: 1)
            }
            await #expect(throws: TaskConflict.notFound) {
                try await store.append([.text("x")], to: "large", in: self.scope)
            }
            let page = try await store.list(TaskQuery(), in: self.scope)
            #expect(page.total == 0 && page.tasks.isEmpty)
            var problems = try await store.database.check()
            #expect(problems == [])
            let info = try await store.database.info()
            #expect(info.tasks == 0 && info.events == 0)
            // Its number is nobody else's meanwhile, nor is anything of it theirs.
            for id in ["large", "other"] {
                _ = try await store.create(.sample(id), then: [.text("new")], in: self.scope)
            }
            let again = try #require(try await store.snapshot(of: "large", in: self.scope, historyLength: nil))
            #expect(again.generation == 2 && again.task.artifacts.first?.text == "new")
            // Neither in a copy nor in an export.
            let lines = Lines()
            let exported = try await store.database.export { lines.add($0) }
            #expect(exported.tasks == 2 && exported.lines == 5)
            try await store.database.backUp(to: folder + "/copy.db")
            let copy = try makeStore(in: folder, name: "copy.db")
            #expect(try await self.rows(copy.database) == Rows(tasks: 2, log: 2))
            problems = try await copy.database.check()
            #expect(problems == [])
            // The first process after the crash that looks for what has expired removes the rest, a piece in each commit.
            var last = before.left + 2
            var commits = 0
            while try await store.database.submit(bytes: 0, { try RemovalWriter($0).removePiece() }) {
                let left = try await self.rows(store.database).left
                #expect(left < last && last - left <= 64 + 1)
                last = left
                commits += 1
            }
            #expect(commits > 5)
            #expect(try await self.rows(store.database) == Rows(tasks: 2, log: 2))
            #expect(try await store.list(TaskQuery(), in: self.scope).total == 2)
            problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test(
        "what a process that was killed has left is removed by the next one that looks for what has expired, and by an import"
    )
    func afterCrash() async throws {
        try await withFolder { folder in
            for (name, chunks) in [("a.db", 50), ("b.db", 50)] {
                let store = try makeStore(in: folder, name: name)
                try await self.add("large", chunks: chunks, to: store)
                try await self.removeAndCrash(store)
            }
            let store = try makeStore(in: folder, name: "a.db")
            #expect(try await self.rows(store.database).removals == 1)
            _ = try await store.create(.sample("a"), then: [.status(.completed)], in: self.scope)
            try await store.removeExpired()
            #expect(try await self.rows(store.database) == Rows(tasks: 1, log: 1))
            let lines = Lines()
            _ = try await store.database.export { lines.add($0) }
            _ = try await SQLiteDatabase.importing(into: folder + "/b.db") { lines.next() }
            let other = try makeStore(in: folder, name: "b.db")
            #expect(try await self.rows(other.database) == Rows(tasks: 1, log: 1))
            let problems = try await other.database.check()
            #expect(problems == [])
        }
    }

    @Test("room that is made for a new task is made in pieces too, by itself")
    func makingRoom() async throws {
        try await withFolder { folder in
            var retention = TaskRetention.durable
            retention.tasks = 2
            let store = try makeStore(in: folder, retention: retention)
            try await self.add("large", chunks: 100, to: store)
            try await self.add("small", chunks: 1, to: store)
            let commits = store.database.commitCount
            _ = try await store.create(.sample("new"), then: [], in: self.scope)
            while try await self.rows(store.database).removals > 0 { await Task.yield() }
            let left = try await self.rows(store.database)
            #expect(left.tasks == 2 && left.pieces == 0 && left.log <= 5)
            #expect(store.database.commitCount - commits > 3)
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("more than a bound is not left to be removed later, and small tasks are removed at once")
    func pending() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let most = RemovalWriter.maxPendingBytes
            let answers = try await store.database.submit(bytes: 0) { session -> [Bool] in
                let writer = RemovalWriter(session)
                defer { _ = try? session.db.execute(sql: "DELETE FROM removals") }
                return [
                    try writer.leaves(1, bytes: RemovalWriter.minBytes - 1),
                    // Larger than the bound, but alone.
                    try writer.leaves(2, bytes: most + 1), try writer.leaves(3, bytes: RemovalWriter.minBytes),
                ]
            }
            #expect(answers == [false, true, false])
        }
    }

    // MARK: Age

    @Test(
        "a store that was down for weeks has lost no task that had not ended, in whatever state, and its turns are taken up"
    )
    func downtime() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let states: [A2ATaskState] = [.submitted, .working, .inputRequired, .authRequired]
            let ends: [A2ATaskState] = [.completed, .failed, .canceled, .rejected]
            var first: SQLiteTaskStore? = try makeStore(in: folder, clock: clock)
            for state in states + ends {
                _ = try await first?.create(
                    .sample("\(state)"), then: [.status(state)], in: self.scope,
                    turn: TurnRecord(opening: [1], message: nil))
            }
            await first?.database.close()
            first = nil
            clock.advance(milliseconds: 10 * self.week)
            let store = try makeStore(in: folder, clock: clock)
            let expected = Set(states.map { "\($0)" })
            // Before the first beat, as if the runtime were slow.
            try await store.removeExpired()
            #expect(try await Set(store.list(TaskQuery(), in: self.scope).tasks.map(\.id)) == expected)
            let beat = try await store.beat(now: .now, leaseLength: .seconds(15))
            #expect(beat.hasOrphans)
            let orphans = try await store.takeOrphans(limit: 10)
            #expect(
                Set(orphans.map(\.taskID))
                    == [A2ATaskState.submitted, .working].reduce(into: []) { $0.insert("\($1)") })
            try await store.removeExpired()
            #expect(try await store.list(TaskQuery(), in: self.scope).total == states.count)
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("a task is kept for as long again if notifications of it are still to be sent, and one behind it is not")
    func unsent() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let store = try makeStore(in: folder, clock: clock)
            let keys = try StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()])
            let push = try await SQLitePushNotificationStore(store.database, keys: keys, logger: .silent)
            var registrations: [String: PushRegistration] = [:]
            let other = Scope(tenant: "t", principal: "p")
            for (id, scope) in [("sent", self.scope), ("unsent", self.scope), ("none", self.scope), ("other", other)] {
                _ = try await store.create(.sample(id), then: [.status(.completed)], in: scope)
                guard id != "none" else { continue }
                var configuration = A2ATaskPushNotificationConfig()
                configuration.id = "c"
                configuration.taskID = id
                configuration.url = "https://example.com/"
                // Of another caller's task of that name it says nothing.
                registrations[id] = try await push.put(
                    PushRegistration(
                        scope: self.scope, configuration: configuration, version: .v1_0, deliveryKey: id,
                        progress: PushProgress(delivered: 1)))
            }
            let sent = try #require(registrations["sent"])
            var progress = sent.progress
            progress.taken(2, isSnapshot: false, endsTask: true)
            #expect(try await push.record(progress, for: sent.key, revision: sent.revision))
            func left() async throws -> [String] {
                try await store.removeExpired()
                return try await store.list(TaskQuery(), in: self.scope).tasks.map(\.id)
                    + store.list(TaskQuery(), in: other).tasks.map(\.id)
            }
            #expect(try await left().sorted() == ["none", "other", "sent", "unsent"])
            clock.advance(milliseconds: self.week + 1)
            #expect(try await left() == ["unsent"])
            clock.advance(milliseconds: self.week - 2)
            #expect(try await left() == ["unsent"])
            clock.advance(milliseconds: 2)
            #expect(try await left() == [])
        }
    }
}
