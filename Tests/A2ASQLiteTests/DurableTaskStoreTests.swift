import A2A
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite
@testable import A2AServer

@Suite("Leases, turns and messages in the file", .timeLimit(.minutes(1)))
struct DurableTaskStoreTests {
    @Test("the store keeps the contract of durable stores", arguments: DurableTaskStoreContract.rules)
    func contract(_ rule: DurableTaskStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { count, demands in
                try (0..<count).map { _ in
                    try makeStore(in: folder, retention: demands.retention, clock: demands.wallClock)
                }
            }
        }
    }

    private func record(_ id: String = "m") -> TurnRecord {
        TurnRecord(opening: [1], message: MessageKey(id: id, fingerprint: 1))
    }

    private func beat(_ store: SQLiteTaskStore) async throws -> LeaseBeat {
        try await store.beat(now: .now, leaseLength: .seconds(3600))
    }

    @Test("a process that ends without a word loses its lease at once, and its log keeps its name")
    func ends() async throws {
        try await withFolder { folder in
            var first: SQLiteTaskStore? = try makeStore(in: folder)
            let name = try await first?.incarnation()
            _ = try await first?.create(
                A2ATask(id: "t", status: A2ATaskStatus(.working)), then: [], in: Scope(), turn: self.record())
            let second = try makeStore(in: folder)
            let whileItLives = try await self.beat(second)
            #expect(whileItLives == LeaseBeat(wasLost: false, hasOrphans: false, isShared: true))
            await first?.database.close()
            first = nil
            let afterwards = try await self.beat(second)
            #expect(afterwards == LeaseBeat(wasLost: false, hasOrphans: true, isShared: false))
            let orphans = try await second.takeOrphans(limit: 10)
            #expect(orphans.map(\.taskID) == ["t"])
            let known = try await second.answer(to: MessageKey(id: "m", fingerprint: 1), in: Scope())
            #expect(known == .task("t"))
            #expect(try await second.incarnation() == name)
            #expect(try leaseFiles(in: folder).count == 1)
            try await second.endLease()
            #expect(try leaseFiles(in: folder).isEmpty)
        }
    }

    @Test("a turn that is over when the store comes to write is one row of the log")
    func quickTurn() async throws {
        let agent = ClosureAgent { turn in try await turn.append(.text("x"), toArtifact: "a") }
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let gate = Gate()
            try await withRuntime(agent, store: store) { runtime in
                let state = try await withThrowingTaskGroup(of: A2ATaskState?.self) { group in
                    group.addTask {
                        try await store.database.write { _ in gate.wait() }
                        return nil
                    }
                    await gate.isReached()
                    group.addTask {
                        var request = A2ASendMessageRequest()
                        request.message = .user("hi")
                        let answer = try await runtime.sendMessage(request, context: CallContext())
                        if case .task(let task)? = answer.payload { return task.status.state }
                        return nil
                    }
                    // What it has said, and its end.
                    while runtime.turns.taskIDs.first.flatMap({ runtime.turns[$0]?.pump?.count }) != 2 {
                        try Task.checkCancellation()
                        await Task.yield()
                    }
                    gate.open()
                    return try await group.compactMap { $0 }.first { _ in true }
                }
                #expect(state == .completed)
                let rows = try await store.database.read { try Int.fetchAll($0, sql: "SELECT events FROM log") }
                #expect(rows == [3])
                let turns = try await store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM turns") }
                #expect(turns == 0)
            }
        }
    }

    @Test("a lease that began in a commit that failed is none: the next one begins another")
    func rolledBackLease() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.database.write { _ in gate.wait() } }
                await gate.isReached()
                group.addTask {
                    await #expect(throws: A2AError.self) {
                        _ = try await store.create(.sample("t"), then: [], in: Scope(), turn: self.record())
                    }
                }
                while store.database.queue.count < 1 { await Task.yield() }
                group.addTask {
                    await #expect(throws: A2AError.self) {
                        try await store.database.write { _ in throw DatabaseError(resultCode: .SQLITE_FULL) }
                    }
                }
                while store.database.queue.count < 2 { await Task.yield() }
                gate.open()
                try await group.waitForAll()
            }
            #expect(try leaseFiles(in: folder).isEmpty)
            _ = try await store.create(.sample("t"), then: [], in: Scope(), turn: self.record())
            #expect(try leaseFiles(in: folder).count == 1)
            #expect(try await self.beat(store).wasLost == false)
        }
    }

    @Test("a beat makes no other process read its tasks again; the end of a lease does")
    func quietBeats() async throws {
        try await withFolder { folder in
            let first = try makeStore(in: folder)
            let second = try makeStore(in: folder)
            var third: SQLiteTaskStore? = try makeStore(in: folder)
            for store in [first, second] { _ = try await self.beat(store) }
            _ = try await third?.beat(now: .now, leaseLength: .seconds(3600))
            let epoch = try second.epoch()
            for _ in 0..<3 { _ = try await self.beat(first) }
            #expect(try second.epoch() == epoch)
            await third?.database.close()
            third = nil
            _ = try await self.beat(first)
            let ended = try second.epoch()
            #expect(ended > epoch)
            _ = try await first.create(A2ATask(id: "t", status: A2ATaskStatus(.working)), then: [], in: Scope())
            #expect(try second.epoch() > ended)
        }
    }

    @Test("another file is another log")
    func names() async throws {
        try await withFolder { folder in
            let names = [
                try await makeStore(in: folder, name: "a").incarnation(),
                try await makeStore(in: folder, name: "b").incarnation(),
            ]
            #expect(names[0] != names[1])
            #expect(!names.contains(0))
        }
    }

    @Test("messages are forgotten, and nothing is left of turns that have ended")
    func nothingLeft() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let store = try makeStore(in: folder, clock: clock)
            for index in 0..<20 {
                let created = try await store.create(
                    A2ATask(id: "t\(index)", status: A2ATaskStatus(.working)), then: [], in: Scope(),
                    turn: self.record("m\(index)"))
                let end = TaskChange(.status(A2ATaskStatus(.completed)))
                _ = try await store.append(
                    [end], to: "t\(index)", in: Scope(), condition: AppendCondition(fence: created.appended.fence))
            }
            clock.advance(milliseconds: 600_001)
            try await store.removeExpired()
            for table in ["turns", "messages"] {
                let count = try await store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
                #expect(count == 0, "\(table)")
            }
        }
    }

    @Test("a process that was thought dead and ended its turn writes nothing of it")
    func lateEnd() async throws {
        try await withFolder { folder in
            let (first, second) = (try makeStore(in: folder), try makeStore(in: folder))
            let created = try await first.create(
                A2ATask(id: "t", status: A2ATaskStatus(.working)), then: [], in: Scope(), turn: self.record())
            _ = try await second.beat(now: .now, leaseLength: .zero)
            let beat = try await second.beat(now: .now + .seconds(1), leaseLength: .zero)
            #expect(beat.hasOrphans)
            let taken = try await second.takeOrphans(limit: 1)
            let late = TaskChange(.status(A2ATaskStatus(.completed)))
            await #expect(throws: TaskConflict.fenced) {
                _ = try await first.append(
                    [late], to: "t", in: Scope(), condition: AppendCondition(fence: created.appended.fence))
            }
            let state = try await first.snapshot(of: "t", in: Scope(), historyLength: nil)?.task.status.state
            #expect(state == .working)
            let fence = try #require(taken.first?.fence)
            let ended = try await second.append(
                [late], to: "t", in: Scope(), condition: AppendCondition(fence: fence))
            #expect(ended.state == .completed)
        }
    }
}

private func leaseFiles(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("-lease-") }
}
