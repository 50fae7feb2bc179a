import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Messages to a task that exists", .timeLimit(.minutes(1)))
struct FollowUpTests {
    @Test("the answer to a question begins a new turn with the history")
    func continuation() async throws {
        let agent = ClosureAgent { turn in
            guard let task = turn.task else { return try await turn.requireInput("Name?") }
            #expect(task.history.map(\.text) == ["hi", "Name?", "Ada"])
            #expect(task.status.state == .working)
            try await turn.complete("Hello \(turn.message.text)")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let asked = try await runtime.task("hi")
            #expect(asked.status.state == .inputRequired && asked.status.message.text == "Name?")
            let done = try await runtime.task("Ada", task: asked.id)
            #expect(done.id == asked.id && done.contextID == asked.contextID)
            #expect(done.status.message.text == "Hello Ada")
            #expect(done.history.map(\.text) == ["hi", "Name?", "Ada"])
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a turn that waits gets the next message itself")
    func nextMessage() async throws {
        let agent = ClosureAgent { turn in
            try await turn.requireInput("First?")
            let first = try await turn.nextMessage().text
            try await turn.requireAuth("Second?")
            let second = try await turn.nextMessage().text
            try await turn.complete("\(first) \(second)")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            #expect(task.status.state == .inputRequired)
            #expect(try await runtime.task("1", task: task.id).status.state == .authRequired)
            #expect(try await runtime.task("2", task: task.id).status.message.text == "1 2")
            try await runtime.expectNothingLeft()
        }
    }

    @Test("messages that come while the agent works wait for it; unread ones begin another turn")
    func waitingMessages() async throws {
        let gate = Gate()
        let turns = Notes<String>()
        let agent = ClosureAgent { turn in
            turns.add(turn.message.text)
            if turn.message.text == "hi" {
                try await turn.working()
                try await gate.wait()
            }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            for text in ["1", "2"] {
                #expect(try await runtime.task(text, task: task.id, immediate: true).status.state == .working)
            }
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            #expect(turns.all == ["hi", "1", "2"])
            #expect(try await runtime.get(task.id).history.map(\.text) == ["hi", "1", "2"])
            try await runtime.expectNothingLeft()
        }
    }

    @Test("fifty messages at once all reach a turn that reads them")
    func manyMessages() async throws {
        let agent = ClosureAgent { turn in
            try await turn.working()
            while true {
                let text = try await turn.nextMessage().text
                if text == "stop" { return }
                try await turn.append(.text(text + ","), toArtifact: "all")
            }
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    group.addTask { _ = try await runtime.task("\(index)", task: task.id, immediate: true) }
                }
                try await group.waitForAll()
            }
            let done = try await runtime.task("stop", task: task.id)
            #expect(done.status.state == .completed)
            #expect(Set(done.text.split(separator: ",").compactMap { Int($0) }) == Set(0..<50))
            #expect(done.text.split(separator: ",").count == 50)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("fifty messages at once, each answered by a turn of its own or refused; none is lost", arguments: 0..<10)
    func manyTurns(round: Int) async throws {
        let seen = Notes<String>()
        let agent = ClosureAgent { turn in
            seen.add(turn.message.text)
            try await turn.requireInput("More?")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("begin")
            let accepted = try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        do {
                            _ = try await runtime.task("\(index)", task: task.id)
                            return "\(index)"
                        } catch let error as A2AError where error.code == .resourceExhausted {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [String]()) { if let text = $1 { $0.append(text) } }
            }
            try await runtime.expectNothingLeft()
            #expect(seen.all.sorted() == (accepted + ["begin"]).sorted())
            let ended = try await runtime.get(task.id)
            #expect(ended.status.state == .inputRequired)
            #expect(ended.history.filter { $0.role == .user }.map(\.text).sorted() == seen.all.sorted())
        }
    }

    @Test("messages that meet the end of the task are in it or refused", arguments: 0..<10)
    func theEnd(round: Int) async throws {
        let agent = ClosureAgent { turn in
            try await turn.working()
            for _ in 0..<(round * 7) { await Task.yield() }
            try await turn.complete()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("begin", immediate: true)
            let accepted = try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        do {
                            let answer = try await runtime.task("\(index)", task: task.id)
                            #expect(answer.status.state == .completed)
                            return "\(index)"
                        } catch let error as A2AError {
                            #expect(error.code == .unsupportedOperation)
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [String]()) { if let text = $1 { $0.append(text) } }
            }
            try await runtime.expectNothingLeft()
            let history = try await runtime.get(task.id).history.dropFirst().map(\.text)
            #expect(history.sorted() == accepted.sorted())
        }
    }

    @Test("more messages than a turn can hold are refused")
    func fullInbox() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
            try await turn.complete()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("begin", immediate: true)
            for index in 0..<TurnState.maxInbox {
                _ = try await runtime.task("\(index)", task: task.id, immediate: true)
            }
            let error = await expectError(.resourceExhausted) {
                try await runtime.task("too many", task: task.id, immediate: true)
            }
            #expect(error?.retryDelay != nil)
            gate.open()
        }
    }

    @Test("waiting for a message ends with the turn's cancellation; two cannot wait at once")
    func waiting() async throws {
        let notes = Notes<String>()
        let agent = ClosureAgent { turn in
            try await turn.requireInput("?")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do { _ = try await turn.nextMessage() } catch { notes.add("\(type(of: error))") }
                    }
                }
            }
            try Task.checkCancellation()
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            try await eventually { notes.all == ["A2AError"] }
            #expect(try await runtime.cancel(task.id).status.state == .canceled)
            #expect(notes.all == ["A2AError", "CancellationError"])
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent that waits for a message is not silent")
    func silence() async throws {
        let execution = TurnExecution(
            taskID: "t", contextID: "c", scope: Scope(), opening: .user("x"),
            state: TurnState(continuing: .inputRequired, fence: 1),
            log: TaskLog(store: MemoryTaskStore(), watches: TaskWatches(), spawn: { _ in false }))
        let start = execution.lastActivity
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await execution.nextMessage() }
            try? await eventually {
                let (one, two) = (execution.lastActivity, execution.lastActivity)
                return start < one && one < two
            }
            group.cancelAll()
        }
        #expect(execution.lastActivity == execution.lastActivity)
    }

    @Test("a reader that the agent has let loose is sent away when the agent is done")
    func looseReader() async throws {
        let execution = TurnExecution(
            taskID: "t", contextID: "c", scope: Scope(), opening: .user("x"),
            state: TurnState(continuing: .inputRequired, fence: 1),
            log: TaskLog(store: MemoryTaskStore(), watches: TaskWatches(), spawn: { _ in false }))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await execution.nextMessage() }
            }
            await Task.yield()
            execution.agentIsDone()
        }
    }
}
