import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Deadlines", .timeLimit(.minutes(1)))
struct DeadlineTests {
    /// A call whose caller stops waiting soon.
    private static var impatient: CallContext {
        var context = CallContext()
        context.deadline = .now.advanced(by: .milliseconds(5))
        return context
    }

    @Test("a caller who stops waiting gets an error; the task goes on")
    func send() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
            try await turn.complete("Done")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            await expectError(.deadlineExceeded) { try await runtime.task("hi", as: Self.impatient) }
            let task = try #require(try await runtime.list().first)
            #expect(!task.status.state.isTerminal)
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a stream ends with an error at its deadline, and not before it has to wait")
    func stream() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
            try await turn.complete("Done")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            try await eventually { try await runtime.get(task.id).status.state == .working }
            var events = try await runtime.subscribe(task.id, as: Self.impatient).makeAsyncIterator()
            #expect(try await events.next()?.word == "task working")
            await expectError(.deadlineExceeded) { try await events.next() }
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
        }
    }
}
