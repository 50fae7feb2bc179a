import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import A2ASQLite

/// Tasks that are so large that others would notice what is done with them.
@Suite("Large tasks", .timeLimit(.minutes(1)))
struct LargeTaskTests {
    private let scope = Scope()
    private let text = String(repeating: "x", count: 20_000)

    /// Makes a task of about 20 KB a chunk.
    private func grow(_ store: SQLiteTaskStore, id: String = "large", chunks: Int) async throws {
        _ = try await store.create(.sample(id), then: [.status(.working)], in: self.scope)
        for index in 0..<chunks { _ = try await store.append([.text("\(index) " + self.text)], to: id, in: self.scope) }
    }

    private struct Pieces: Equatable {
        var snapshot: Int64
        var build: Int64
        var count: Int
        var others: Int
        var inline: Int
    }

    private func pieces(_ store: SQLiteTaskStore) async throws -> Pieces {
        try await store.database.read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT t.snapshot, coalesce(s.build, 0),
                    (SELECT count(*) FROM snapshot_pieces p WHERE p.task = t.task AND p.build = s.build),
                    (SELECT count(*) FROM snapshot_pieces p WHERE p.build <> coalesce(s.build, 0)),
                    coalesce(length(s.head) + length(s.artifacts), 0)
                    FROM tasks t LEFT JOIN snapshots s ON s.task = t.task WHERE t.id = 'large'
                    """)
            return try #require(
                row.map { Pieces(snapshot: $0[0], build: $0[1], count: $0[2], others: $0[3], inline: $0[4]) })
        }
    }

    /// Replaces an artifact again and again, until the log is so much larger than the task that a snapshot with so many pieces is made, and
    /// nothing is on its way any more.
    private func rewrite(_ store: SQLiteTaskStore, pieces: Int, after snapshot: Int64 = 0) async throws -> Pieces {
        var count = 0
        while true {
            let isBusy = store.database.tasks.entry("large")?.state.withLock { $0?.isCompacting } ?? false
            let found = try await self.pieces(store)
            if !isBusy, found.count >= pieces, found.others == 0, found.snapshot > snapshot { return found }
            if isBusy {
                await Task.yield()
                continue
            }
            count += 1
            let artifact = A2AArtifact(
                parts: [.text("\(count)" + String(repeating: "y", count: 200_000))], artifactID: "b")
            _ = try await store.append(
                [TaskChange(.artifact(artifact, lastChunk: true))], to: "large", in: self.scope)
        }
    }

    @Test("a large snapshot is written in pieces, each in a commit of its own, and is the task again")
    func inPieces() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await self.grow(store, chunks: 60)
            let commits = store.database.commitCount
            let appends = try #require(try await store.snapshot(of: "large", in: self.scope, historyLength: 0))
                .generation
            let first = try await self.rewrite(store, pieces: 5)
            #expect(first.build != 0 && first.inline == 0)
            // One for each append, for each piece, and for what makes them count.
            let later = try #require(try await store.snapshot(of: "large", in: self.scope, historyLength: 0)).generation
            #expect(store.database.commitCount - commits >= Int(later - appends) + first.count + 1)
            let second = try await self.rewrite(store, pieces: 5, after: first.snapshot)
            #expect(second.build != first.build)
            let expected = try await store.snapshot(of: "large", in: self.scope, historyLength: nil)
            let lines = Lines()
            _ = try await store.database.export { lines.add($0) }
            await store.database.close()
            _ = try await SQLiteDatabase.importing(into: folder + "/import.db") { lines.next() }
            for name in ["store.db", "import.db"] {
                let again = try makeStore(in: folder, name: name)
                let found = try await again.snapshot(of: "large", in: self.scope, historyLength: nil)
                #expect(found?.task == expected?.task)
                let page = try await again.list(TaskQuery(includeArtifacts: true), in: self.scope)
                #expect(page.tasks.first?.artifacts == expected?.task.artifacts)
                let problems = try await again.database.check()
                #expect(problems == [])
            }
        }
    }

    @Test(
        "the pieces are the parts, and none is larger than others can wait for",
        arguments: [0, 100_000, 262_144, 1_000_000])
    func division(size: Int) throws {
        var task = A2ATask.sample("a")
        task.history = [.user(String(repeating: "h", count: size))]
        task.artifacts = [A2AArtifact(parts: [.text(String(repeating: "a", count: size))], artifactID: "a")]
        let state = TaskEntry.State(
            epoch: 0, task: 1, scopeID: 1, scope: self.scope, fold: TaskFold(task), generation: 5, durable: 5, fence: 1,
            oldest: 2, firstRow: 1, logBytes: 0, counted: 0, snapshot: 0, sinceSnapshot: 0)
        let origin = try #require(SnapshotOrigin(state, id: "a"))
        let snapshot = try EncodedSnapshot(origin)
        #expect((snapshot.build == 0) == snapshot.pieces.isEmpty)
        #expect(snapshot.pieces.isEmpty == (snapshot.byteCount <= EncodedSnapshot.pieceBytes))
        var parts: [[UInt8]] = snapshot.pieces.isEmpty ? snapshot.parts : [[], []]
        for piece in snapshot.pieces {
            #expect(piece.range.count <= EncodedSnapshot.pieceBytes)
            parts[piece.part] += snapshot.parts[piece.part][piece.range]
        }
        #expect(parts == snapshot.parts)
        var ahead = state
        ahead.durable = 4
        #expect(SnapshotOrigin(ahead, id: "a") == nil)
    }

    /// A snapshot of the task as it is, to be written step by step.
    private func snapshot(_ store: SQLiteTaskStore) throws -> EncodedSnapshot {
        let state = try #require(store.database.tasks.entry("large")?.state.withLock { $0 })
        let origin = try #require(SnapshotOrigin(state, id: "large"))
        return try EncodedSnapshot(origin)
    }

    private func perform(
        _ step: EncodedSnapshot.Step, _ snapshot: EncodedSnapshot, _ store: SQLiteTaskStore
    ) async throws -> EncodedSnapshot.Step? {
        try await store.database.submit(bytes: 0) { try SnapshotWriter($0).perform(step, of: snapshot) }
    }

    @Test("a snapshot whose pieces are not all there does not count; what was written in vain goes with the next")
    func incomplete() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await self.grow(store, chunks: 60)
            let before = try await self.rewrite(store, pieces: 5)
            _ = try await store.append([.text("end")], to: "large", in: self.scope)
            let snapshot = try self.snapshot(store)
            #expect(snapshot.pieces.count > 2)
            #expect(try await self.perform(.piece(0), snapshot, store) == .piece(1))
            #expect(try await self.perform(.piece(1), snapshot, store) == .piece(2))
            #expect(try await self.perform(.swap, snapshot, store) == .clean)
            #expect(try await self.pieces(store).snapshot == before.snapshot)
            #expect(try await self.pieces(store).others == 2)
            // As after a crash: the next one begins anew.
            let next = try self.snapshot(store)
            for index in next.pieces.indices { _ = try await self.perform(.piece(index), next, store) }
            #expect(try await self.perform(.swap, next, store) == .clean)
            #expect(try await self.pieces(store).build == next.build)
            while try await self.perform(.clean, next, store) != nil {}
            let after = try await self.pieces(store)
            #expect(after.others == 0 && after.count == next.pieces.count && after.snapshot == next.generation)
            // One of before is not wanted any more.
            #expect(try await self.perform(.piece(0), snapshot, store) == .clean)
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("the pieces of a task go with it, and none is added afterwards")
    func removed() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let store = try makeStore(in: folder, clock: clock)
            try await self.grow(store, chunks: 60)
            _ = try await self.rewrite(store, pieces: 5)
            let snapshot = try self.snapshot(store)
            _ = try await store.append([.status(.completed)], to: "large", in: self.scope)
            clock.advance(milliseconds: 8 * 24 * 3_600_000)
            try await store.removeExpired()
            #expect(try await self.perform(.piece(0), snapshot, store) == .clean)
            #expect(try await self.perform(.swap, snapshot, store) == .clean)
            #expect(try await self.perform(.clean, snapshot, store) == nil)
            for table in ["tasks", "log", "snapshots", "snapshot_pieces"] {
                let count = try await store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
                #expect(count == 0, "\(table)")
            }
        }
    }

    // MARK: Reading

    /// How many logs the writer has read since the trace began.
    private func tracingWriter(_ store: SQLiteTaskStore) async throws -> Tally {
        let tally = Tally()
        try await store.database.write { db in
            db.trace { event in
                if "\(event)".contains("SELECT generation, events, bytes, at, changes FROM log") { tally.add() }
            }
        }
        return tally
    }

    @Test(
        "a large task that is not in memory is read beside the writer before it is changed, a small one by the writer")
    func beside() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await self.grow(store, chunks: 30)
            try await self.grow(store, id: "small", chunks: 1)
            await store.database.close()
            for cacheBytes in [0, 64 << 20] {
                var options = SQLiteDatabase.Options()
                options.cacheBytes = cacheBytes
                let again = try makeStore(in: folder, options: options)
                let reads = try await self.tracingWriter(again)
                let before = try #require(try await again.snapshot(of: "small", in: self.scope, historyLength: 0))
                    .generation
                _ = try await again.append([.text("more")], to: "large", in: self.scope)
                // What a turn says goes another way.
                let fence = try await again.append([.text("more")], to: "large", in: self.scope).fence
                _ = try await again.write(to: "large", in: self.scope, bytes: 0) {
                    TurnStep(changes: [.text("of a turn")], fence: fence)
                }
                #expect(reads.value == 0)
                #expect(again.database.tasks.large.offered("large") == nil)
                await again.database.close()
                let third = try makeStore(in: folder, options: options)
                let others = try await self.tracingWriter(third)
                #expect(try await third.append([.text("more")], to: "small", in: self.scope).generation == before + 1)
                #expect(others.value == 1)
                let problems = try await third.database.check()
                #expect(problems == [])
                await third.database.close()
            }
        }
    }

    @Test("what was read beside the writer is not believed if the task has gone on since")
    func outdated() async throws {
        try await withFolder { folder in
            let (one, other) = (try makeStore(in: folder), try makeStore(in: folder))
            try await self.grow(one, chunks: 20)
            let outdated = try #require(try await other.database.read { try TaskLoader($0).load("large", epoch: 0) })
            _ = try await one.append([.text("between")], to: "large", in: self.scope)
            other.database.tasks.large.offer("large", outdated)
            let appended = try await other.append([.text("last")], to: "large", in: self.scope)
            #expect(appended.generation == 24)
            for store in [one, other] {
                let task = try await store.snapshot(of: "large", in: self.scope, historyLength: nil)?.task
                #expect(task?.artifacts.first?.parts.suffix(2).map(\.text) == ["between", "last"])
            }
            let problems = try await one.database.check()
            #expect(problems == [])
        }
    }

    @Test("after a commit of another process a task is not read again, unless it was that one's")
    func commitsOfOthers() async throws {
        try await withFolder { folder in
            let (one, other) = (try makeStore(in: folder), try makeStore(in: folder))
            try await self.grow(one, chunks: 20)
            let reads = try await self.tracingWriter(one)
            for index in 0..<5 {
                _ = try await other.create(.sample("\(index)"), then: [], in: self.scope)
                _ = try await one.append([.text("\(index)")], to: "large", in: self.scope)
            }
            #expect(reads.value == 0)
            _ = try await other.append([.text("theirs")], to: "large", in: self.scope)
            #expect(try await one.append([.text("ours")], to: "large", in: self.scope).generation == 29)
            #expect(reads.value == 1)
            let problems = try await one.database.check()
            #expect(problems == [])
        }
    }
}
