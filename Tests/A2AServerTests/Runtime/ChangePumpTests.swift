import A2A
import A2ATesting
import Synchronization
import Testing

@testable import A2AServer

@Suite("What a turn says, and a store that waits for its disk", .timeLimit(.minutes(1)))
struct ChangePumpTests {
    private struct Broken: Error, Equatable {}

    /// Runs a body with a pump whose writes are carried out beside it; `outcomes` has what came of them.
    private func withPump(
        _ store: PullingStore, _ body: @Sendable (ChangePump, Notes<Result<Written, any Error>>) async throws -> Void
    ) async throws {
        try await withSpawner { spawn in
            let log = TaskLog(store: store, watches: TaskWatches(), spawn: spawn)
            try await body(ChangePump(log: log, taskID: "t", scope: Scope()), Notes())
        }
    }

    private var task: A2ATask { A2ATask(id: "t", contextID: "c", status: A2ATaskStatus(.submitted)) }

    private func chunk(_ text: String) -> TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(text)], artifactID: "a"), lastChunk: false))
    }

    private func say(
        _ change: TaskChange?, begins: Bool = false, _ pump: ChangePump, _ outcomes: Notes<Result<Written, any Error>>
    ) async throws {
        let addition = ChangePump.Addition(task: begins ? self.task : nil, change: change, fence: 1)
        await pump.follow(try pump.add(addition)) { outcomes.add($0) }
    }

    private func text(_ store: PullingStore) async throws -> String? {
        let task = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)?.task
        return task?.artifacts.first.map { $0.parts.map(\.text).joined() }
    }

    @Test("what is said before the store comes to write is one step, and what is said meanwhile the next")
    func steps() async throws {
        let (first, second) = (Gate(), Gate())
        let (writes, steps) = (Notes<Void>(), Notes<TurnStep>())
        var store = PullingStore()
        store.onWrite = {
            writes.add(())
            try await (writes.count == 1 ? first : second).wait()
        }
        store.onStep = { steps.add($0) }
        try await self.withPump(store) { [store] pump, outcomes in
            try await self.say(self.chunk("1"), begins: true, pump, outcomes)
            try await self.say(self.chunk("2"), pump, outcomes)
            #expect(pump.count == 2)
            first.open()
            try await eventually { writes.count == 2 || outcomes.count == 1 }
            try await self.say(self.chunk("3"), pump, outcomes)
            try await self.say(self.chunk("4"), pump, outcomes)
            second.open()
            try await pump.flush()
            #expect(steps.all.first?.begins?.id == "t" && steps.all.first?.changes.count == 2)
            #expect(steps.all.dropFirst().allSatisfy { $0.begins == nil && $0.fence == 1 })
            #expect(steps.all.reduce(0) { $0 + $1.changes.count } == 4)
            #expect(try outcomes.all.last?.get().appended.generation == 5)
            #expect(try await self.text(store) == "1234")
        }
    }

    @Test("a step that has to be made out again is the same")
    func again() async throws {
        var store = PullingStore()
        store.undoesFirst = true
        try await self.withPump(store) { [store] pump, outcomes in
            try await self.say(self.chunk("1"), begins: true, pump, outcomes)
            for number in 2...9 { try await self.say(self.chunk("\(number)"), pump, outcomes) }
            try await pump.flush()
            #expect(try await self.text(store) == "123456789")
        }
    }

    @Test("what goes wrong is thrown at the next step and at flush, and nothing is written after it")
    func failure() async throws {
        let gate = Gate()
        let steps = Notes<TurnStep>()
        var store = PullingStore()
        store.onStep = { step in
            steps.add(step)
            try await gate.wait()
            throw Broken()
        }
        try await self.withPump(store) { pump, outcomes in
            try await self.say(self.chunk("1"), begins: true, pump, outcomes)
            try await eventually { steps.count == 1 }
            try await self.say(self.chunk("2"), pump, outcomes)
            gate.open()
            await #expect(throws: Broken.self) { try await pump.flush() }
            await #expect(throws: Broken.self) { try await self.say(self.chunk("3"), pump, outcomes) }
            #expect(steps.count == 1 && pump.count == 0)
            #expect(throws: Broken.self) { try outcomes.all.first?.get() }
        }
    }

    @Test("more than may wait holds the agent up until the store has taken some")
    func bound() async throws {
        let gate = Gate()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        let said = Notes<Int>()
        try await self.withPump(store) { [store] pump, outcomes in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 0...ChangePump.maxWaiting + 1 {
                        try await self.say(self.chunk("x"), begins: number == 0, pump, outcomes)
                        said.add(number)
                    }
                }
                try await eventually { pump.count == ChangePump.maxWaiting + 1 }
                for _ in 0..<100 { await Task.yield() }
                #expect(said.count == ChangePump.maxWaiting)
                gate.open()
                try await group.waitForAll()
            }
            try await pump.flush()
            #expect(try await self.text(store)?.count == ChangePump.maxWaiting + 2)
        }
    }

    @Test("an agent that waits for room is not left waiting when the store fails")
    func boundAndFailure() async throws {
        let gate = Gate()
        let steps = Notes<Void>()
        var store = PullingStore()
        store.onStep = { _ in
            steps.add(())
            guard steps.count > 1 else { return }
            try await gate.wait()
            throw Broken()
        }
        let said = Notes<Int>()
        try await self.withPump(store) { pump, outcomes in
            try await self.say(self.chunk("x"), begins: true, pump, outcomes)
            try await pump.flush()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 0... {
                        try await self.say(self.chunk("x"), pump, outcomes)
                        said.add(number)
                    }
                }
                // The second step is made out, after which there was room again for as many.
                try await eventually { steps.count == 2 && pump.count == ChangePump.maxWaiting + 1 }
                gate.open()
                await #expect(throws: Broken.self) { try await group.waitForAll() }
            }
            // It is all kept: the store may take it later.
            #expect(pump.count == ChangePump.maxWaiting + 1 && !pump.hasLost)
        }
    }

    @Test("flush waits for what was said before it, and not for what is said after")
    func flush() async throws {
        let (first, second) = (Gate(), Gate())
        let writes = Notes<Void>()
        var store = PullingStore()
        store.onStep = { _ in
            writes.add(())
            try await (writes.count == 1 ? first : second).wait()
        }
        try await self.withPump(store) { pump, outcomes in
            try await self.say(self.chunk("1"), begins: true, pump, outcomes)
            try await eventually { writes.count == 1 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pump.flush() }
                // Perhaps before it waits, and perhaps after: the first step alone must be enough, or both be there.
                try await self.say(self.chunk("2"), pump, outcomes)
                first.open()
                try await eventually { writes.count == 2 }
                second.open()
                try await group.waitForAll()
            }
            #expect(outcomes.count >= 1)
        }
    }

    @Test("of changes that are too much together, those are kept that fit one by one")
    func pieces() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let gate = Gate()
        var store = PullingStore(base: MemoryTaskStore(retention: retention))
        store.onWrite = { try await gate.wait() }
        try await self.withPump(store) { [store] pump, outcomes in
            for number in 0..<5 {
                try await self.say(
                    self.chunk(String(repeating: "\(number)", count: 8000)), begins: number == 0, pump, outcomes)
            }
            gate.open()
            let error = await expectError(.resourceExhausted) { try await pump.flush() }
            #expect(error != nil)
            let kept = try await self.text(store)
            #expect(kept == String(repeating: "0", count: 8000) + String(repeating: "1", count: 8000))
            #expect(try outcomes.all.first?.get().appended.generation == 1)
        }
    }

    @Test("nothing is said after the end, and what is tried does not undo it")
    func afterTheEnd() async throws {
        let gate = Gate()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        try await self.withPump(store) { [store] pump, outcomes in
            try await self.say(self.chunk("1"), begins: true, pump, outcomes)
            try await self.say(TaskChange(.status(A2ATaskStatus(.completed))), pump, outcomes)
            for change in [self.chunk("2"), TaskChange(.status(A2ATaskStatus(.failed)))] {
                await #expect(throws: TaskConflict.terminal(.completed)) { try await self.say(change, pump, outcomes) }
            }
            gate.open()
            try await pump.flush()
            let task = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)?.task
            #expect(task?.status.state == .completed)
            #expect(try await self.text(store) == "1")
        }
    }

    @Test("of a step that fails in the middle of its pieces, those that are written are not written again")
    func piecesAndFailure() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let gate = Gate()
        let steps = Notes<Void>()
        var store = PullingStore(base: MemoryTaskStore(retention: retention))
        store.onWrite = { try await gate.wait() }
        store.onStep = { _ in
            steps.add(())
            // The whole, the task, the first chunk, and then the second one.
            if steps.count == 4 { throw A2AError(.unavailable, "The disk is away.") }
        }
        try await self.withPump(store) { [store] pump, outcomes in
            for number in 0..<3 {
                try await self.say(
                    self.chunk(String(repeating: "\(number)", count: 8000)), begins: number == 0, pump, outcomes)
            }
            gate.open()
            await expectError(.unavailable) { try await pump.flush() }
            #expect(!pump.hasLost)
            try await self.say(TaskChange(.status(A2ATaskStatus(.completed))), pump, outcomes)
            await expectError(.resourceExhausted) { try await pump.flush() }
            #expect(
                try await self.text(store) == String(repeating: "0", count: 8000) + String(repeating: "1", count: 8000))
        }
    }

    @Test("a task that is full ends without the words of its end")
    func fullTask() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let gate = Gate()
        var store = PullingStore(base: MemoryTaskStore(retention: retention))
        store.onWrite = { try await gate.wait() }
        try await self.withPump(store) { [store] pump, outcomes in
            try await self.say(self.chunk(String(repeating: "x", count: 15_000)), begins: true, pump, outcomes)
            let status = A2ATaskStatus(
                .completed, message: .agent(String(repeating: "y", count: TaskRetention.endReserve + 10_000)))
            try await self.say(TaskChange(.status(status)), pump, outcomes)
            gate.open()
            try await pump.flush()
            let task = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)?.task
            #expect(task?.status.state == .completed && task?.status.hasMessage == false)
            #expect(try await self.text(store)?.count == 15_000)
        }
    }
}
