import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Shutting down", .timeLimit(.minutes(1)))
struct ShutdownTests {
    /// Runs `body` with a runtime that shuts down gracefully when `body` opens the gate, and waits for its end.
    private func withShutdown(
        _ agent: ClosureAgent, _ configuration: RuntimeConfiguration,
        _ body: (TaskRuntime, _ shutDown: Gate) async throws -> Void
    ) async throws {
        let runtime = TaskRuntime(
            agent: agent, card: .testCard(), configuration: configuration, logger: .silent)
        let (begun, shutDown) = (Gate(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withService(runtime) {
                    begun.open()
                    try await shutDown.wait()
                }
            }
            try await begun.wait()
            try await body(runtime, shutDown)
            shutDown.open()
            try await group.waitForAll()
        }
        #expect(runtime.turns.count == 0)
        await expectError(.unavailable) { try await runtime.task("after the end") }
    }

    private func expectRefusal(_ runtime: TaskRuntime) async throws {
        try await eventually {
            do {
                _ = try await runtime.sendMessage(request("quick"), context: .plain)
                return false
            } catch let error as A2AError {
                return error.code == .unavailable
            }
        }
    }

    @Test("turns at work finish; new messages are refused; streams of idle tasks end as unavailable")
    func graceful() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            switch turn.message.text {
            case "quick": try await turn.reply("Yes")
            case "auth": try await turn.requireAuth("Log in.")
            default:
                try await turn.working()
                try await gate.wait()
                try await turn.complete("Done")
            }
        }
        try await self.withShutdown(agent, patient()) { runtime, shutDown in
            let idle = try await runtime.task("auth")
            let work = try await runtime.task("work", immediate: true)
            let (idleStream, workStream) = (try await runtime.subscribe(idle.id), try await runtime.subscribe(work.id))
            shutDown.open()
            try await self.expectRefusal(runtime)
            await expectError(.unavailable) { try await runtime.task("more", task: idle.id) }
            gate.open()
            #expect(try await workStream.all().last?.word == "completed")
            await expectError(.unavailable) { try await idleStream.all() }
        }
    }

    @Test("turns that take too long are stopped and their tasks fail")
    func impatient() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "quick" { return try await turn.reply("Yes") }
            if turn.message.text == "task" { try await turn.working() }
            try await Gate().wait()
        }
        try await self.withShutdown(agent, patient { $0.shutdownGrace = .milliseconds(1) }) { runtime, shutDown in
            let task = try await runtime.task("task", immediate: true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await expectError(.unavailable) { try await runtime.task("undecided") } }
                try await eventually { runtime.turns.count == 2 }
                shutDown.open()
                try await group.waitForAll()
            }
            try await eventually { try await runtime.get(task.id).status.state == .failed }
            #expect(try await runtime.get(task.id).status.message.text.contains("shut down"))
        }
    }

    @Test("a turn that never stops keeps no reader waiting")
    func stubborn() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            if turn.message.text == "auth" { return try await turn.requireAuth("Log in.") }
            try await turn.working()
            await gate.waitStubbornly()
        }
        let configuration = patient {
            $0.shutdownGrace = .milliseconds(1)
            $0.cancellationGrace = .milliseconds(1)
        }
        try await self.withShutdown(agent, configuration) { runtime, shutDown in
            let idle = try await runtime.task("auth")
            let work = try await runtime.task("work", immediate: true)
            let (idleStream, workStream) = (try await runtime.subscribe(idle.id), try await runtime.subscribe(work.id))
            shutDown.open()
            await expectError(.unavailable) { try await idleStream.all() }
            do {
                #expect(try await workStream.all().last?.word == "failed")
            } catch {
                #expect((error as? A2AError)?.code == .unavailable)
            }
            gate.open()
        }
    }

    @Test("a runtime that is cancelled leaves nobody waiting", arguments: 0..<10)
    func cancelled(round: Int) async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "auth" { return try await turn.requireAuth("Log in.") }
            try await turn.working()
            try await Gate().wait()
        }
        let runtime = TaskRuntime(agent: agent, card: .testCard(), configuration: patient(), logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runtime.run() }
            let idle = try await runtime.task("auth")
            let stream = try await runtime.subscribe(idle.id)
            let work = try await runtime.task("work", immediate: true)
            group.cancelAll()
            await expectError(.unavailable) { try await stream.all() }
            try await eventually { try await runtime.get(work.id).status.state == .failed }
            await expectError(.unavailable) { try await runtime.task("late") }
            try await group.waitForAll()
        }
        #expect(runtime.turns.count == 0)
    }

    @Test("readers are woken also when nobody is left to do it beside the writer")
    func wakingAfterTheEnd() async throws {
        let log = TaskLog(store: MemoryTaskStore(), watches: TaskWatches(), spawn: { _ in false })
        _ = try await log.create(A2ATask(id: "t", status: A2ATaskStatus(.working)), then: [], in: Scope())
        let handle = log.watches.watch("t")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<(TaskLog.inlineWakeups * 3) {
                group.addTask { try await handle.watch.wait(for: .event, after: 1) }
            }
            for _ in 0..<100 { await Task.yield() }
            _ = try await log.append(
                [TaskChange(.status(A2ATaskStatus(.completed)))], to: "t", in: Scope(), condition: .init())
            try await group.waitForAll()
        }
    }
}
