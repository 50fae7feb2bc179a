import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Limits of the runtime", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("no more turns than allowed are at work; the next message is refused and may come again")
    func turns() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
        }
        try await withRuntime(agent, configuration: patient { $0.maxConcurrentTurns = 2 }) { runtime in
            for _ in 0..<2 { _ = try await runtime.task("hi", immediate: true) }
            let error = await expectError(.resourceExhausted) { try await runtime.task("hi", id: "3", immediate: true) }
            #expect(error?.retryDelay != nil)
            gate.open()
            try await eventually { runtime.turns.count == 0 }
            #expect(try await runtime.task("hi", id: "3").status.state == .completed)
        }
    }

    @Test("a full store refuses new tasks, to whoever waits, and lets the others go on")
    func fullStore() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.tasks = 1
        let gate = Gate()
        let agent = ClosureAgent { turn in
            if turn.message.text == "reply" { return try await turn.reply("Yes") }
            if turn.message.text == "silent" { try await gate.wait() }
            try await turn.requireInput("?")
        }
        let configuration = patient { $0.decisionGrace = .milliseconds(1) }
        try await withRuntime(agent, store: MemoryTaskStore(retention: retention), configuration: configuration) {
            runtime in
            let task = try await runtime.task("hi")
            await expectError(.resourceExhausted) { try await runtime.task("hi") }
            await expectError(.resourceExhausted) { try await runtime.stream("hi") }
            await expectError(.resourceExhausted) { try await runtime.task("silent", immediate: true) }
            #expect(try await runtime.sendMessage(request("reply"), context: .plain).text == "Yes")
            #expect(try await runtime.task("more", task: task.id).status.state == .inputRequired)
            _ = try await runtime.cancel(task.id)
            #expect(try await runtime.task("hi").status.state == .inputRequired)
            gate.open()
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a task that grows too large fails, and everybody who waits is told")
    func largeTask() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let agent = ClosureAgent { turn in
            while true { try await turn.append("0123456789", toArtifact: "x") }
        }
        try await withRuntime(agent, store: MemoryTaskStore(retention: retention), configuration: patient()) {
            runtime in
            let task = try await runtime.task("hi")
            #expect(task.status.state == .failed)
            #expect(task.status.message.text.contains("20000"))
            #expect(task.artifacts.first?.parts.isEmpty == false)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a task that has reached its limit can still be cancelled and fail with long words")
    func fullTask() async throws {
        var retention = MemoryTaskStore.Retention()
        retention.bytesPerTask = 20_000
        let agent = ClosureAgent { turn in
            do {
                while true { try await turn.append("0123456789", toArtifact: "x") }
            } catch let error as A2AError where error.code == .resourceExhausted {
                if turn.message.text == "talk" { throw A2AError(.internal, String(repeating: "x", count: 500_000)) }
                try await Gate().wait()
            }
        }
        try await withRuntime(agent, store: MemoryTaskStore(retention: retention), configuration: patient()) {
            runtime in
            let task = try await runtime.task("hi", immediate: true)
            #expect(try await runtime.cancel(task.id).status.state == .canceled)
            let failed = try await runtime.task("talk")
            #expect(failed.status.state == .failed && !failed.status.hasMessage)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("nothing of a thousand turns is left")
    func nothingLeft() async throws {
        let agent = ClosureAgent { turn in
            switch turn.message.text.count % 3 {
            case 0: try await turn.reply("Yes")
            case 1: try await turn.append("x", toArtifact: "a")
            default: throw A2AError(.unavailable, "No.")
            }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<10 {
                    group.addTask {
                        for index in 0..<100 {
                            let text = String(repeating: "x", count: caller + index)
                            _ = try? await runtime.sendMessage(request(text), context: .plain)
                        }
                    }
                }
            }
            try await runtime.expectNothingLeft()
        }
    }
}
