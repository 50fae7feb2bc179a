import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Sending messages", .timeLimit(.minutes(1)))
struct SendingTests {
    @Test("a reply is a message, and makes no task")
    func directReply() async throws {
        try await withRuntime(ClosureAgent { try await $0.reply("You said \($0.message.text)") }) { runtime in
            let response = try await runtime.sendMessage(request("hi", context: "c"), context: .plain)
            guard case .message(let message) = response.payload else {
                Issue.record("no message")
                return
            }
            #expect(message.text == "You said hi")
            #expect(message.contextID == "c" && message.taskID.isEmpty && message.role == .agent)
            #expect(message.violations().isEmpty)
            #expect(try await runtime.list().isEmpty)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a blocking send answers with the finished task: artifacts, history, status")
    func wholeTask() async throws {
        let agent = ClosureAgent { turn in
            try await turn.working("Thinking")
            try await turn.append("a", toArtifact: "x")
            try await turn.append("b", toArtifact: "x", lastChunk: true)
            try await turn.artifact(A2AArtifact(parts: [.data(["n": 1])], artifactID: "y"))
            try await turn.complete("Done")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", context: "c")
            #expect(task.status.state == .completed && task.status.message.text == "Done")
            #expect(task.artifacts.map(\.artifactID) == ["x", "y"])
            #expect(task.text == "ab" && task.contextID == "c")
            #expect(task.history.map(\.text) == ["hi", "Thinking"])
            #expect(task.history.first?.taskID == task.id)
            #expect(task.violations().isEmpty)
            #expect(try await runtime.get(task.id) == task)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("returning normally completes the task")
    func silentEnd() async throws {
        try await withRuntime(ClosureAgent { try await $0.working() }) { runtime in
            let task = try await runtime.task("hi")
            #expect(task.status.state == .completed)
        }
    }

    @Test("an agent that says nothing is an error of the agent")
    func noAnswer() async throws {
        try await withRuntime(ClosureAgent { _ in }, configuration: patient()) { runtime in
            await expectError(.invalidAgentResponse) { try await runtime.task("hi") }
            await expectError(.invalidAgentResponse) { try await runtime.stream("hi") }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent replies once, and makes no task after that, nor a message after a task")
    func oneAnswer() async throws {
        let notes = Notes<A2AError.Code>()
        let agent = ClosureAgent { turn in
            func note(_ body: () async throws -> Void) async {
                do { try await body() } catch let error as A2AError { notes.add(error.code) } catch {}
            }
            if turn.message.text == "message" {
                try await turn.reply("one")
                await note { try await turn.reply("two") }
                await note { try await turn.working() }
            } else {
                try await turn.complete()
                await note { try await turn.reply("late") }
                await note { try await turn.working() }
            }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            guard case .message(let reply) = try await runtime.sendMessage(request("message"), context: .plain).payload
            else {
                Issue.record("no message")
                return
            }
            #expect(reply.text == "one")
            // Its turn goes on after the reply.
            try await runtime.expectNothingLeft()
            #expect(try await runtime.task("task").status.state == .completed)
            try await runtime.expectNothingLeft()
            #expect(
                notes.all == [
                    .invalidAgentResponse, .invalidAgentResponse, .invalidAgentResponse, .unsupportedOperation,
                ])
        }
    }

    @Test("what an agent throws: an A2AError reaches the caller, of anything else nothing", arguments: [false, true])
    func agentErrors(hasTask: Bool) async throws {
        struct Secret: Error { var password = "hunter2" }
        let agent = ClosureAgent { turn in
            if hasTask { try await turn.working() }
            if turn.message.text == "known" { throw A2AError(.contentTypeNotSupported, "Only PNG.") }
            throw Secret()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            if hasTask {
                let known = try await runtime.task("known")
                #expect(known.status.state == .failed && known.status.message.text == "Only PNG.")
                let unknown = try await runtime.task("unknown")
                #expect(unknown.status.state == .failed)
                #expect(!unknown.textFormatString().contains("hunter2"))
            } else {
                let known = await expectError(.contentTypeNotSupported) { try await runtime.task("known") }
                #expect(known?.message == "Only PNG.")
                let unknown = await expectError(.internal) { try await runtime.task("unknown") }
                #expect(unknown?.message.contains("hunter2") == false)
                #expect("\(unknown?.details ?? [])".contains("hunter2") == false)
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an immediate send to a silent agent gets a submitted task; a later reply completes it")
    func decisionGrace() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await gate.wait()
            try await turn.reply("At last")
        }
        try await withRuntime(agent, configuration: patient { $0.decisionGrace = .milliseconds(1) }) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            #expect(task.status.state == .submitted)
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            #expect(try await runtime.get(task.id).status.message.text == "At last")
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an immediate send to an agent that answers at once gets the answer")
    func immediateAnswer() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            if turn.message.text == "message" { return try await turn.reply("Yes") }
            try await turn.working()
            try await gate.wait()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let reply = try await runtime.sendMessage(request("message", immediate: true), context: .plain)
            #expect(reply.text == "Yes")
            let task = try await runtime.task("task", immediate: true)
            #expect(!task.status.state.isTerminal)
            gate.open()
        }
    }

    @Test("the task that a caller forces and the agent's own first answer may meet anywhere", arguments: 0..<20)
    func forcedRace(round: Int) async throws {
        let agent = ClosureAgent { turn in
            for _ in 0..<Int.random(in: 0..<40) { await Task.yield() }
            switch turn.message.text {
            case "reply": try await turn.reply("r")
            case "input": try await turn.requireInput("Which?")
            case "nothing": break
            default: try await turn.append("x", toArtifact: "a")
            }
        }
        try await withRuntime(agent, configuration: patient { $0.decisionGrace = .zero }) { runtime in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for text in ["reply", "input", "nothing", "work"] {
                    for _ in 0..<10 {
                        group.addTask {
                            _ = try? await runtime.sendMessage(request(text, immediate: true), context: .plain)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await runtime.expectNothingLeft()
            // Whoever came first, no task is left behind unfinished but those that wait for input.
            for task in try await runtime.list() {
                let text = task.history.first?.text ?? ""
                #expect(task.status.state == (text == "input" ? .inputRequired : .completed), "\(text)")
            }
        }
    }

    @Test("work goes on when the caller is cancelled; the same message again gets its answer")
    func callerLeaves() async throws {
        let (started, gate) = (Gate(), Gate())
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add(turn.message.text)
            started.open()
            try await gate.wait()
            try await turn.reply("Yes")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await runtime.sendMessage(request("hi", id: "1"), context: .plain)
                    }
                }
                try? await started.wait()
                group.cancelAll()
            }
            gate.open()
            let reply = try await runtime.sendMessage(request("hi", id: "1"), context: .plain)
            #expect(reply.text == "Yes")
            #expect(runs.count == 1)
            try await runtime.expectNothingLeft()
            #expect(try await runtime.sendMessage(request("hi", id: "1"), context: .plain).text == "Yes")
            #expect(runs.count == 1)
        }
    }

    @Test("a message to a task that does not exist, has ended, or is of another context is refused")
    func wrongTasks() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "ask" { try await turn.requireInput("?") } else { try await turn.complete() }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            await expectError(.taskNotFound) { try await runtime.task("hi", task: "none") }
            let ended = try await runtime.task("hi")
            await expectError(.unsupportedOperation) { try await runtime.task("more", task: ended.id) }
            let open = try await runtime.task("ask")
            await expectError(.invalidParams) { try await runtime.task("more", task: open.id, context: "other") }
            #expect(try await runtime.get(open.id).status.state == .inputRequired)
            #expect(try await runtime.task("more", task: open.id, context: open.contextID).status.state == .completed)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a refused message may be sent again")
    func refusedMessage() async throws {
        let agent = ClosureAgent { turn in
            if turn.message.text == "fail" { throw A2AError(.unavailable, "Not now.") }
            try await turn.requireInput("?")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            for _ in 0..<2 { await expectError(.unavailable) { try await runtime.task("fail", id: "1") } }
            try await eventually { runtime.turns.count == 0 }
            let task = try await runtime.task("ask")
            for _ in 0..<2 {
                await expectError(.invalidParams) {
                    try await runtime.task("more", id: "2", task: task.id, context: "other")
                }
            }
            #expect(try await runtime.get(task.id).history.count == 1)
        }
    }

    @Test("the answer has as much history as the request asks for", arguments: [(nil, 2), (0, 0), (1, 1), (9, 2)])
    func historyLength(length: Int?, count: Int) async throws {
        let agent = ClosureAgent { turn in
            try await turn.working("One")
            try await turn.complete("Two")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let response = try await runtime.sendMessage(request("hi", historyLength: length), context: .plain)
            guard case .task(let task) = response.payload else { return }
            #expect(task.history.count == count)
        }
    }

    @Test("an agent sees the tasks that a message refers to, as far as they are the caller's")
    func references() async throws {
        let agent = ClosureAgent { turn in
            let texts = try await turn.referencedTasks().map(\.text)
            try await turn.artifact(A2AArtifact(parts: [.text(texts.joined() + turn.message.text)]))
        }
        try await withRuntime(agent) { runtime in
            let mine = try await runtime.task("mine", as: .by("alice"))
            let other = try await runtime.task("other", as: .by("bob"))
            var request = request("!")
            request.message.referenceTaskIds = [mine.id, other.id, "none"]
            #expect(try await runtime.sendMessage(request, context: .by("alice")).text == "mine!")
        }
    }
}
