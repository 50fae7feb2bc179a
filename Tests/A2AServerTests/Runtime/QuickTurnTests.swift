import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Turns over a store that waits for its disk", .timeLimit(.minutes(1)))
struct QuickTurnTests {
    /// Runs a body with a turn whose writes are carried out beside it.
    private func withExecution(_ store: PullingStore, _ body: (TurnExecution) async throws -> Void) async throws {
        try await withSpawner { spawn in
            let log = TaskLog(store: store, watches: TaskWatches(), spawn: spawn)
            try await body(
                TurnExecution(
                    taskID: "t", contextID: "c", scope: Scope(), opening: .user("hi"), state: TurnState(), log: log))
        }
    }

    private func chunk(_ text: String) -> TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(text)], artifactID: "a"), lastChunk: true))
    }

    @Test("the whole of a quick turn is one step: its task, what it says, and its end")
    func oneStep() async throws {
        let gate = Gate()
        let steps = Notes<TurnStep>()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        store.onStep = { steps.add($0) }
        try await self.withExecution(store) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await execution.emit(self.chunk("x")) }
                try await eventually { execution.pump?.count == 1 }
                group.addTask { try await execution.finish(A2ATaskStatus(.completed), fence: 1) }
                try await eventually { execution.pump?.count == 2 }
                gate.open()
                try await group.waitForAll()
            }
            #expect(steps.count == 1 && steps.all.first?.changes.count == 2)
            guard case .task(let task) = try await execution.decision(untilSettled: true) else {
                Issue.record("no task")
                return
            }
            #expect(task.status.state == .submitted && task.artifacts.isEmpty)
            let snapshot = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)
            #expect(snapshot?.task.status.state == .completed && snapshot?.generation == 3)
        }
    }

    @Test("an answer is given when it is in the log, and not before")
    func answeredLater() async throws {
        let gate = Gate()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        let returned = Notes<Void>()
        let agent = ClosureAgent { turn in
            try await turn.append(.text("x"), toArtifact: "a")
            returned.add(())
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            try await withThrowingTaskGroup(of: A2ATask?.self) { group in
                let answers = Notes<Void>()
                group.addTask {
                    let task = try await runtime.task("hi")
                    answers.add(())
                    return task
                }
                try await eventually { returned.count == 1 }
                for _ in 0..<100 { await Task.yield() }
                #expect(answers.count == 0)
                gate.open()
                #expect(try await group.next()??.status.state == .completed)
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent that flushes goes on when what it has said is in the log")
    func flushes() async throws {
        let gate = Gate()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        let (said, flushed) = (Gate(), Notes<A2ATask?>())
        let agent = ClosureAgent { [store] turn in
            try await turn.append(.text("x"), toArtifact: "a")
            said.open()
            try await turn.flush()
            let snapshot = try await store.snapshot(of: turn.taskID, in: Scope(), historyLength: nil)
            flushed.add(snapshot?.task)
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await runtime.task("hi") }
                try await said.wait()
                for _ in 0..<100 { await Task.yield() }
                #expect(flushed.count == 0)
                gate.open()
                try await group.waitForAll()
            }
            #expect(flushed.all.first??.artifacts.first?.parts.count == 1)
        }
    }

    @Test("a caller whose task cannot be made is told why, and may send its message again")
    func noTask() async throws {
        let isBroken = Notes<Void>()
        isBroken.add(())
        var store = PullingStore()
        store.onStep = { _ in
            if isBroken.count == 1 { throw A2AError(.unavailable, "The disk is full.") }
        }
        let agent = ClosureAgent { turn in try await turn.append(.text("x"), toArtifact: "a") }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let error = await expectError(.unavailable) { try await runtime.task("hi", id: "m") }
            #expect(error?.message == "The disk is full.")
            try await runtime.expectNothingLeft()
            isBroken.add(())
            #expect(try await runtime.task("hi", id: "m").status.state == .completed)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent that flushes is told that what it has said cannot be written, and why")
    func flushFails() async throws {
        let told = Notes<A2AError.Code>()
        var store = PullingStore()
        store.onStep = { step in
            if step.changes.contains(where: \.setsStatus) { return }
            throw A2AError(.resourceExhausted, "The disk is full.")
        }
        let agent = ClosureAgent { turn in
            try await turn.append(.text("x"), toArtifact: "a")
            do {
                try await turn.flush()
            } catch {
                told.add(A2AError(wrapping: error).code)
            }
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            await expectError(.resourceExhausted) { try await runtime.task("hi") }
            try await eventually { told.count == 1 }
            #expect(told.all == [.resourceExhausted])
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a turn whose words do not all reach the log fails, and says so")
    func lostWords() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let store = PullingStore(base: MemoryTaskStore(retention: retention))
        let agent = ClosureAgent { turn in
            for _ in 0..<4 { try await turn.append(.text(String(repeating: "x", count: 8000)), toArtifact: "a") }
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            #expect(task.status.state == .failed && task.status.message.text.contains("20000"))
            #expect(task.artifacts.first?.parts.count == 2)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("what a store did not take for a while is there when the task ends after all")
    func passingFailure() async throws {
        let isBroken = Notes<Void>()
        let steps = Notes<Void>()
        var store = PullingStore()
        store.onStep = { _ in
            steps.add(())
            if steps.count > 1, isBroken.count == 0 { throw A2AError(.unavailable, "The disk is full.") }
        }
        let said = Gate()
        let agent = ClosureAgent { turn in
            try await turn.append(.text("1"), toArtifact: "a")
            try await eventually { steps.count == 1 }
            try await turn.append(.text("2"), toArtifact: "a")
            said.open()
        }
        let configuration = patient { $0.recovery.heartbeatInterval = .milliseconds(1) }
        try await withRuntime(agent, store: store, configuration: configuration) { runtime in
            try await withThrowingTaskGroup(of: A2ATask.self) { group in
                group.addTask { try await runtime.task("hi") }
                try await said.wait()
                try await eventually { steps.count > 4 }
                isBroken.add(())
                for try await task in group {
                    #expect(task.status.state == .completed)
                    #expect(task.artifacts.first?.parts.map(\.text) == ["1", "2"])
                }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a turn that asks, and goes on by itself, ends its task")
    func goesOnByItself() async throws {
        let (returned, asked) = (Gate(), Notes<Void>())
        var store = PullingStore()
        store.onStep = { step in
            if step.changes.contains(where: \.settlesTask) { return asked.add(()) }
            try await returned.wait()
            for _ in 0..<500 { await Task.yield() }
        }
        let agent = ClosureAgent { turn in
            try await turn.requireAuth("Which key?")
            try await turn.working("The key came by another way.")
            // It returns before that is in the log.
            returned.open()
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            #expect(asked.count >= 1)
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a turn that is fenced off before its task is in the log leaves a task that has ended")
    func fencedOffEarly() async throws {
        let gate = Gate()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        try await self.withExecution(store) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await execution.emit(self.chunk("x")) }
                try await eventually { execution.pump?.count == 1 }
                execution.stop(.cancelled)
                group.addTask { try await execution.fenceOff(with: A2ATaskStatus(.canceled)) }
                for _ in 0..<100 { await Task.yield() }
                await #expect(throws: CancellationError.self) { try await execution.emit(self.chunk("y")) }
                gate.open()
                try await group.waitForAll()
            }
            let task = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)?.task
            #expect(task?.status.state == .canceled && task?.artifacts.first?.parts.count == 1)
        }
    }

    @Test("a task that a caller asks for is made once, also when the agent begins it at the same time")
    func forced() async throws {
        let gate = Gate()
        let steps = Notes<TurnStep>()
        var store = PullingStore()
        store.onWrite = { try await gate.wait() }
        store.onStep = { steps.add($0) }
        try await self.withExecution(store) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await execution.emit(self.chunk("x")) }
                    group.addTask { try await execution.forceTask() }
                }
                try await eventually { execution.pump?.count == 8 }
                gate.open()
                try await group.waitForAll()
                try await execution.flush()
            }
            #expect(steps.all.count { $0.begins != nil } == 1)
            let task = try await store.snapshot(of: "t", in: Scope(), historyLength: nil)?.task
            #expect(task?.artifacts.first?.parts.count == 8)
        }
    }
}
