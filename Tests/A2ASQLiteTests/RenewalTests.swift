import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

/// A copy and its original may both go on. Then a number is of one of them only.
@Suite("Copies as logs of their own", .timeLimit(.minutes(1)))
struct RenewalTests {
    private let scope = Scope()

    /// A task that has ended, and two that have not: one waits for its caller, one is worked on.
    private func fill(_ store: SQLiteTaskStore) async throws {
        for (id, end) in [("ended", A2ATaskState.completed), ("waiting", .inputRequired)] {
            _ = try await store.create(.sample(id), then: [.status(.working), .text("one")], in: self.scope)
            _ = try await store.append([.text("two"), .text("three"), .status(end)], to: id, in: self.scope)
        }
        let turn = TurnRecord(opening: [1], message: MessageKey(id: "m", fingerprint: 1))
        _ = try await store.create(.sample("working"), then: [.status(.working)], in: self.scope, turn: turn)
        for text in ["one", "two"] { _ = try await store.append([.text(text)], to: "working", in: self.scope) }
    }

    /// What a subscription with a cursor begins with.
    private func resume(_ id: String, after cursor: Int64, _ store: SQLiteTaskStore) async throws -> StreamEvent? {
        try await withRuntime(ClosureAgent { try await $0.complete() }, store: store) { runtime in
            var request = A2ASubscribeToTaskRequest()
            request.id = id
            var events = try await runtime.subscribeToTask(request, context: CallContext(resumeAfter: cursor))
                .makeAsyncIterator()
            return try await events.next()
        }
    }

    /// How a copy is made.
    enum Way: CaseIterable { case backup, importInNewFile, importBeside }

    private func copy(_ original: SQLiteTaskStore, _ way: Way, in folder: String) async throws -> SQLiteTaskStore {
        let path = folder + "/copy.db"
        switch way {
        case .backup: try await original.database.backUp(to: path)
        case .importInNewFile, .importBeside:
            if way == .importBeside {
                let store = try makeStore(in: folder, name: "copy.db")
                _ = try await store.create(.sample("other"), then: [], in: self.scope)
                await store.database.close()
            }
            let lines = Lines()
            _ = try await original.database.export { lines.add($0) }
            _ = try await SQLiteDatabase.importing(into: path) { lines.next() }
        }
        return try makeStore(in: folder, name: "copy.db")
    }

    @Test(
        "a number that the original gave out after the copy was made is a gap in the copy, however far both have gone on",
        arguments: Way.allCases)
    func cursors(_ way: Way) async throws {
        try await withFolder { folder in
            let original = try makeStore(in: folder)
            try await self.fill(original)
            let copy = try await self.copy(original, way, in: folder)
            for index in 0..<20 {
                _ = try await original.append([.text("original \(index)")], to: "waiting", in: self.scope)
                _ = try await copy.append([.text("copy \(index)")], to: "waiting", in: self.scope)
            }
            let last = try #require(try await original.snapshot(of: "waiting", in: self.scope, historyLength: 0))
                .generation
            #expect(last == 26)
            for cursor in 1...last {
                guard case .gap = try await copy.events(of: "waiting", in: self.scope, after: cursor, limit: 1) else {
                    Issue.record("no gap after \(cursor)")
                    continue
                }
            }
            for cursor in [3, last] {
                let first = try await self.resume("waiting", after: cursor, copy)
                guard case .task(let task)? = first?.response.payload else {
                    Issue.record("\(String(describing: first))")
                    continue
                }
                #expect(task.artifacts.first?.parts.last?.text == "copy 19")
                #expect(try #require(first?.generation) > last + 1_000_000)
            }
            // And the other way round.
            let there = try #require(try await copy.snapshot(of: "waiting", in: self.scope, historyLength: 0))
                .generation
            let back = try await self.resume("waiting", after: there - 3, original)
            guard case .task? = back?.response.payload else {
                Issue.record("\(String(describing: back))")
                return
            }
        }
    }

    @Test("a task that has ended is the same in both, and is gone on with exactly")
    func ended() async throws {
        try await withFolder { folder in
            let original = try makeStore(in: folder)
            try await self.fill(original)
            try await original.database.backUp(to: folder + "/copy.db")
            let copy = try makeStore(in: folder, name: "copy.db")
            let expected = try await original.events(of: "ended", in: self.scope, after: 3, limit: 10).all
            let found = try await copy.events(of: "ended", in: self.scope, after: 3, limit: 10).all
            #expect(expected?.map(\.generation) == [4, 5, 6])
            #expect(found == expected)
        }
    }

    @Test(
        "every copy has its own name and its own numbers, and is sound; its events are those of the original in order")
    func copies() async throws {
        try await withFolder { folder in
            let original = try makeStore(in: folder)
            try await self.fill(original)
            let text = String(repeating: "x", count: 10_000)
            for _ in 0..<60 { _ = try await original.append([.text(text)], to: "waiting", in: self.scope) }
            // So that the task has a snapshot.
            while try await original.database.read({ try Int64.fetchOne($0, sql: "SELECT max(snapshot) FROM tasks") })
                == 0
            {
                await Task.yield()
            }
            try await original.database.backUp(to: folder + "/a.db")
            let first = try makeStore(in: folder, name: "a.db")
            try await first.database.backUp(to: folder + "/b.db")
            try await original.database.backUp(to: folder + "/c.db")
            let stores = [
                original, first, try makeStore(in: folder, name: "b.db"), try makeStore(in: folder, name: "c.db"),
            ]
            var names: Set<UInt64> = []
            var generations: Set<Int64> = []
            var windows: Set<[String]> = []
            for store in stores {
                // How far each log reaches back from its last number.
                windows.insert(
                    try await store.database.read { db in
                        let sql =
                            "SELECT id || ' ' || (generation - oldest) || ' ' || (generation - first_row) FROM tasks"
                        return try String.fetchAll(db, sql: sql).sorted()
                    })
                names.insert(try await store.incarnation())
                let found = try #require(try await store.snapshot(of: "waiting", in: self.scope, historyLength: nil))
                generations.insert(found.generation)
                let wanted = try #require(
                    try await original.snapshot(of: "waiting", in: self.scope, historyLength: nil))
                #expect(found.task == wanted.task)
                let events = try await store.events(
                    of: "waiting", in: self.scope, after: found.generation - 65, limit: 100
                ).all
                #expect(events?.map(\.generation) == Array(found.generation - 64...found.generation))
                let problems = try await store.database.check()
                #expect(problems == [])
            }
            #expect(names.count == 4)
            #expect(generations.count == 4)
            #expect(windows.count == 1, "\(windows)")
        }
    }

    @Test("nobody works in a copy yet: its turns are taken over at the first beat, with the events that were of them")
    func turns() async throws {
        try await withFolder { folder in
            let original = try makeStore(in: folder)
            try await self.fill(original)
            try await original.database.backUp(to: folder + "/copy.db")
            let copy = try makeStore(in: folder, name: "copy.db")
            let beat = try await copy.beat(now: .now, leaseLength: .seconds(3600))
            #expect(beat.hasOrphans && !beat.isShared)
            let orphan = try #require(try await copy.takeOrphans(limit: 10).first)
            #expect(orphan.taskID == "working" && orphan.attempts == 1)
            let generation = try #require(try await copy.snapshot(of: "working", in: self.scope, historyLength: 0))
                .generation
            #expect(generation - orphan.since == 3)
            let elsewhere = try await original.beat(now: .now, leaseLength: .seconds(3600))
            #expect(elsewhere == LeaseBeat(wasLost: false, hasOrphans: false, isShared: false))
        }
    }

    @Test("how often a turn was taken up without a word is counted on in a copy")
    func attempts() async throws {
        try await withFolder { folder in
            var killed: SQLiteTaskStore? = try makeStore(in: folder)
            try await self.fill(try #require(killed))
            await killed?.database.close()
            killed = nil
            let original = try makeStore(in: folder)
            _ = try await original.beat(now: .now, leaseLength: .seconds(3600))
            #expect(try await original.takeOrphans(limit: 10).map(\.attempts) == [1])
            try await original.database.backUp(to: folder + "/copy.db")
            let copy = try makeStore(in: folder, name: "copy.db")
            _ = try await copy.beat(now: .now, leaseLength: .seconds(3600))
            #expect(try await copy.takeOrphans(limit: 10).map(\.attempts) == [2])
        }
    }

    @Test("what was still to be sent of a task is still to be sent in a copy")
    func pushConfigurations() async throws {
        try await withFolder { folder in
            let original = try makeStore(in: folder)
            try await self.fill(original)
            let keys = try StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()])
            let push = try await SQLitePushNotificationStore(original.database, keys: keys)
            for (id, delivered) in [("waiting", Int64(4)), ("working", 0), ("ended", 6)] {
                var configuration = A2ATaskPushNotificationConfig()
                configuration.id = "c"
                configuration.taskID = id
                configuration.url = "https://example.com/"
                _ = try await push.put(
                    PushRegistration(
                        scope: self.scope, configuration: configuration, version: .v1_0, deliveryKey: id,
                        progress: PushProgress(delivered: delivered)))
            }
            try await original.database.backUp(to: folder + "/copy.db")
            let copy = try makeStore(in: folder, name: "copy.db")
            // Who delivers from the original is nobody here.
            let owners = try await copy.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM push_owners") }
            #expect(owners == 0)
            let other = try await SQLitePushNotificationStore(copy.database, keys: keys)
            let claimed = try await other.claim(pageSize: 10, pageToken: nil).registrations
            #expect(claimed.count == 3)
            for (id, waiting) in [("waiting", 2), ("working", 3), ("ended", 0)] {
                let registration = try #require(claimed.first { $0.configuration.taskID == id })
                let events = try await copy.events(
                    of: id, in: self.scope, after: registration.progress.delivered, limit: 100)
                #expect(events.all?.count == waiting, "\(id)")
            }
        }
    }
}
