import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Cancelling tasks", .timeLimit(.minutes(1)))
struct CancellationTests {
    @Test("an agent that stops when it is told to leaves a cancelled task")
    func cooperative() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.append("x", toArtifact: "a")
            try await gate.wait()
        }
        try await withCleanRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            let stream = try await runtime.subscribe(task.id)
            let canceled = try await runtime.cancel(task.id)
            #expect(canceled.status.state == .canceled && canceled.text == "x")
            #expect(try await stream.all().last?.word == "canceled")
            await expectError(.taskNotCancelable) { try await runtime.cancel(task.id) }
            await expectError(.unsupportedOperation) { try await runtime.task("more", task: task.id) }
        }
    }

    @Test("an agent may say how it ends when it is cancelled; if it completes, it was too late to cancel")
    func lastWords() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            do {
                try await gate.wait()
            } catch {
                if turn.message.text == "finish" { try await turn.complete("Just done") }
                if turn.message.text == "say" { try await turn.update(.canceled, .agent("Stopped at 3")) }
                throw error
            }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let late = try await runtime.task("finish", immediate: true)
            await expectError(.taskNotCancelable) { try await runtime.cancel(late.id) }
            #expect(try await runtime.get(late.id).status.message.text == "Just done")
            let said = try await runtime.task("say", immediate: true)
            #expect(try await runtime.cancel(said.id).status.message.text == "Stopped at 3")
        }
    }

    @Test("an agent that does not stop is fenced off: the task is cancelled, and nothing follows")
    func uncooperative() async throws {
        let (gate, done) = (Gate(), Gate())
        let notes = Notes<String>()
        let agent = ClosureAgent { turn in
            try await turn.working()
            await gate.waitStubbornly()
            do {
                try await turn.append("late", toArtifact: "a")
                notes.add("appended")
            } catch {
                notes.add("\(type(of: error))")
            }
            done.open()
        }
        try await withCleanRuntime(agent, configuration: patient { $0.cancellationGrace = .milliseconds(1) }) {
            runtime in
            let task = try await runtime.task("hi", immediate: true)
            let stream = try await runtime.subscribe(task.id)
            #expect(try await runtime.cancel(task.id).status.state == .canceled)
            #expect(try await stream.all().last?.word == "canceled")
            #expect(runtime.turns.count == 1)
            gate.open()
            try await done.wait()
            #expect(notes.all == ["CancellationError"])
            try await eventually { runtime.turns.count == 0 }
            let task2 = try await runtime.get(task.id)
            #expect(task2.status.state == .canceled && task2.artifacts.isEmpty)
        }
    }

    @Test("cancelling twice at the same time succeeds twice", arguments: 0..<10)
    func idempotent(round: Int) async throws {
        let (told, gate) = (Gate(), Gate())
        let agent = ClosureAgent { turn in
            try await turn.working()
            do { try await Gate().wait() } catch { told.open() }
            await gate.waitStubbornly()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            try await withThrowingTaskGroup(of: A2ATaskState.self) { group in
                for _ in 0..<5 { group.addTask { try await runtime.cancel(task.id).status.state } }
                try await told.wait()
                group.addTask { try await runtime.cancel(task.id).status.state }
                try await eventually { runtime.log.watches.count == 1 }
                gate.open()
                do {
                    for try await state in group { #expect(state == .canceled) }
                } catch let error as A2AError {
                    // One of them may have come after the end.
                    #expect(error.code == .taskNotCancelable)
                }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a task that waits without a turn is cancelled at once; unknown and ended ones are refused")
    func withoutTurn() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "ask" { try await turn.requireInput("?") } else { try await turn.complete() }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let waiting = try await runtime.task("ask")
            #expect(try await runtime.cancel(waiting.id).status.state == .canceled)
            let ended = try await runtime.task("hi")
            await expectError(.taskNotCancelable) { try await runtime.cancel(ended.id) }
            await expectError(.taskNotFound) { try await runtime.cancel("none") }
            await expectError(.invalidParams) { try await runtime.cancel("") }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("cancelling and answering at the same time leaves a cancelled task and no turn", arguments: 0..<60)
    func cancelAgainstFollowUp(round: Int) async throws {
        let agent = ClosureAgent { turn in
            if turn.task == nil { return try await turn.requireInput("?") }
            // Works until it is stopped.
            try await Gate().wait()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<(round % 7) { await Task.yield() }
                    do {
                        #expect(try await runtime.task("more", task: task.id).status.state == .canceled)
                    } catch {
                        #expect((error as? A2AError)?.code == .unsupportedOperation, "\(error)")
                    }
                }
                group.addTask {
                    for _ in 0..<(round % 5) { await Task.yield() }
                    do {
                        #expect(try await runtime.cancel(task.id).status.state == .canceled)
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent that is silent for too long is stopped and its task fails")
    func silenceLimit() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "task" { try await turn.working() }
            try await Gate().wait()
        }
        try await withRuntime(agent, configuration: patient { $0.silenceLimit = .milliseconds(2) }) { runtime in
            let task = try await runtime.task("task")
            #expect(task.status.state == .failed)
            #expect(task.status.message.text.contains("no sign of life"))
            await expectError(.deadlineExceeded) { try await runtime.task("nothing") }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("the watch over silence does not outlive the turn")
    func silenceWatch() async throws {
        let agent = ClosureAgent { try await $0.complete() }
        try await withRuntime(agent, configuration: patient { $0.silenceLimit = .seconds(3600) }) { runtime in
            _ = try await runtime.task("hi")
            try await runtime.expectNothingLeft()
        }
    }
}
