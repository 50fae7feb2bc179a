import A2A
import A2AClient
import A2AHTTP
import A2AServer
import Testing

@testable import coordinator

@Suite("coordinator", .timeLimit(.minutes(1)))
struct CoordinatorTests {
    @Test("Delegates to both agents, streams their progress and merges their artifacts")
    func merges() async throws {
        try await Self.withAgents(WordCounter(pace: .zero), WordReverser(pace: .zero)) {
            coordinator, counter, reverser in
            var result = TaskAccumulator()
            var said: [String] = []
            for try await event in try await coordinator.stream("to be or") {
                result.apply(event)
                if case .statusUpdate(let update) = event.response.payload { said.append(update.status.message.text) }
            }
            let task = try #require(result.task)
            #expect(task.status.state == .completed)
            #expect(said.contains("First: Counting.") && said.contains("Second: Reversing."))

            #expect(task.artifacts.count == 2)
            let count = try #require(task.artifacts.first { $0.name == "First: Count" })
            #expect(count.dataParts.first?["words"]?.int == 3)
            #expect(task.artifacts.first { $0.name == "Second: Reversed" }?.text == "or be to ")

            // Each artifact says where it comes from, and the task there is of the same context.
            let origins = task.artifacts.map { $0.metadata["taskId"]?.string }
            for agent in [counter, reverser] {
                let delegated = try await Self.tasks(of: agent, in: task.contextID)
                #expect(delegated.map(\.status.state) == [.completed])
                #expect(origins.contains(delegated.first?.id))
            }
        }
    }

    @Test("Passes on metadata, context and the tasks that the message refers to")
    func passesContextOn() async throws {
        try await Self.withAgents(Mirror(), WordCounter(pace: .zero)) { coordinator, mirror, _ in
            guard case .task(let first) = try await coordinator.send("one").payload else {
                Issue.record("The coordinator made no task.")
                return
            }
            let message = A2AMessage(
                role: .user, parts: ["two"], contextID: first.contextID, metadata: ["project": "x"],
                referenceTaskIDs: [first.id])
            guard case .task(let second) = try await coordinator.send(message).payload else {
                Issue.record("The coordinator made no task.")
                return
            }
            let seen = try #require(second.artifacts.flatMap(\.dataParts).first { $0["references"] != nil })
            #expect(seen["contextId"]?.string == first.contextID)
            #expect(seen["project"]?.string == "x")
            #expect(seen["coordinatorTaskId"]?.string == second.id)

            // What the mirror is referred to is its own task, not the coordinator's.
            let own = try await Self.tasks(of: mirror, in: first.contextID).last?.id
            #expect(own != nil)
            #expect(seen["references"]?.array?.map(\.string) == [own])
        }
    }

    @Test("Cancels both delegated tasks when it is cancelled in the middle")
    func cancellation() async throws {
        try await Self.withAgents(Waiting(), Waiting()) { coordinator, first, second in
            var atWork: Set<String> = []
            for try await event in try await coordinator.stream("wait") {
                guard case .statusUpdate(let update) = event.response.payload, update.status.state == .working else {
                    continue
                }
                atWork.insert(update.status.message.text)
                guard atWork.isSuperset(of: ["First: Waiting.", "Second: Waiting."]) else { continue }
                let task = try await coordinator.cancel(update.taskID)
                #expect(task.status.state == .canceled)
                for delegate in [first, second] {
                    #expect(try await Self.ends(of: delegate, in: task.contextID) == [.canceled])
                }
                return
            }
            Issue.record("The stream ended before both were at work: \(atWork)")
        }
    }

    @Test("Cancels tasks whose agents had not answered yet when it was cancelled")
    func earlyCancellation() async throws {
        // An agent that has said nothing: its task has no id yet that the coordinator could know.
        let (arrivals, arrive) = AsyncStream<Void>.makeStream()
        let silent = ClosureAgent { turn in
            arrive.yield()
            _ = try await turn.nextMessage()
        }
        try await Self.withAgents(silent, silent) { coordinator, first, second in
            var configuration = A2ASendMessageConfiguration()
            configuration.returnImmediately = true
            let answer = try await coordinator.send("wait", configuration: configuration)
            var waiting = 2
            for await _ in arrivals {
                waiting -= 1
                if waiting == 0 { break }
            }
            let task = try await coordinator.cancel(try #require(answer.taskID))
            for delegate in [first, second] {
                // The task comes into being when the agent's time to decide is up, and is cancelled then.
                while try await Self.tasks(of: delegate, in: task.contextID).isEmpty { await Task.yield() }
                #expect(try await Self.ends(of: delegate, in: task.contextID) == [.canceled])
            }
        }
    }

    @Test("Fails with the words of the agent that failed, and cancels the other one's task")
    func failure() async throws {
        let failing = ClosureAgent { turn in
            try await turn.working("Trying.")
            try await turn.fail("The disk is full.")
        }
        try await Self.withAgents(Waiting(), failing) { coordinator, waiting, _ in
            guard case .task(let task) = try await coordinator.send("work").payload else {
                Issue.record("The coordinator made no task.")
                return
            }
            #expect(task.status.state == .failed)
            #expect(
                task.status.message.text == "Second did not complete (TASK_STATE_FAILED): The disk is full.")
            // It may not even have got to it; if it has, it is not left at work.
            let ends = try await Self.ends(of: waiting, in: task.contextID)
            #expect(ends.allSatisfy { $0 == .canceled })
        }
    }

    @Test("An agent that asks back fails the task, and its own is cancelled")
    func inputRequired() async throws {
        let asking = ClosureAgent { turn in try await turn.requireInput("Which one?") }
        try await Self.withAgents(asking, WordCounter(pace: .zero)) { coordinator, asking, _ in
            guard case .task(let task) = try await coordinator.send("work").payload else {
                Issue.record("The coordinator made no task.")
                return
            }
            #expect(task.status.message.text == "First did not complete (TASK_STATE_INPUT_REQUIRED): Which one?")
            var states = try await Self.tasks(of: asking, in: task.contextID).map(\.status.state)
            while states == [.inputRequired] {
                await Task.yield()
                states = try await Self.tasks(of: asking, in: task.contextID).map(\.status.state)
            }
            #expect(states == [.canceled])
        }
    }

    @Test("An agent that is not there fails the task and is named")
    func unreachable() async throws {
        // Port 9 is "discard": nobody listens there any more.
        try await withCoordinator(of: ["http://127.0.0.1:9"]) { url in
            let answer = try await Client.discover(url).send("work")
            guard case .task(let task) = answer.payload else {
                Issue.record("The coordinator made no task.")
                return
            }
            #expect(task.status.state == .failed)
            #expect(task.status.message.text.contains("127.0.0.1:9"), "\(task.status.message.text)")
        }
    }

    @Test("The program shows an answer and a cancellation")
    func demonstration() async throws {
        let outcome = try await RunningProgram.run("coordinator")
        #expect(outcome.status == 0)
        #expect(outcome.lines.contains("Result: Word reverser: Reversed: \"be to not or be to \""))
        #expect(
            outcome.lines.suffix(3) == [
                "The coordinator's task: TASK_STATE_CANCELED",
                "The task of Word counter: TASK_STATE_CANCELED",
                "The task of Word reverser: TASK_STATE_CANCELED",
            ])
    }

    @Test("The program serves a coordinator of the agents that it is given, and ends well on SIGTERM")
    func serves() async throws {
        try await Self.withAgent(WordCounter(pace: .zero), named: "Elsewhere") { agent in
            var names: [String] = []
            let outcome = try await RunningProgram.run("coordinator", ["0", agent]) { line in
                guard let url = RunningProgram.url(in: line) else { return true }
                if case .task(let task) = try await Client.discover(url).send("to be").payload {
                    names = task.artifacts.map(\.name)
                }
                return false
            }
            #expect(names == ["Elsewhere: Count"])
            #expect(outcome.status == 0)
        }
    }
}

// MARK: - Agents to delegate to

/// Works until it is cancelled.
private struct Waiting: Agent {
    func run(_ turn: Turn) async throws {
        try await turn.working("Waiting.")
        _ = try await turn.nextMessage()
    }
}

/// Shows what came with the message.
private struct Mirror: Agent {
    func run(_ turn: Turn) async throws {
        var seen = turn.message.metadata.fields
        seen["contextId"] = A2AValue(turn.contextID)
        seen["references"] = A2AValue(turn.message.referenceTaskIds.map { A2AValue($0) })
        try await turn.artifact(A2AArtifact(parts: [.data(A2AValue(seen))]))
    }
}

extension CoordinatorTests {
    /// Runs two agents, "First" and "Second", and a coordinator of them.
    private static func withAgents(
        _ first: some Agent, _ second: some Agent,
        _ body: (_ coordinator: Client, _ first: Client, _ second: Client) async throws -> Void
    ) async throws {
        try await Self.withAgent(first, named: "First") { firstURL in
            try await Self.withAgent(second, named: "Second") { secondURL in
                try await withCoordinator(of: [firstURL, secondURL]) { url in
                    try await body(.discover(url), .discover(firstURL), .discover(secondURL))
                }
            }
        }
    }

    private static func withAgent(
        _ agent: some Agent, named name: String, _ body: (_ url: String) async throws -> Void
    ) async throws {
        let skill = A2AAgentSkill(id: "test", name: "Test", description: "What the test needs.", tags: ["test"])
        let card = A2AAgentCard(
            name: name, description: "An agent to delegate to.", version: "1.0.0", skills: [skill],
            outputModes: ["text/plain", "application/json"])
        try await withAgentServer(TaskRuntime(agent: agent, card: card), body)
    }

    /// The tasks of an agent in a context, newest first.
    private static func tasks(of agent: Client, in contextID: String) async throws -> [A2ATask] {
        try await agent.listTasks(contextID: contextID).tasks
    }

    /// How an agent's tasks in a context end.
    private static func ends(of agent: Client, in contextID: String) async throws -> [A2ATaskState] {
        var states: [A2ATaskState] = []
        for task in try await Self.tasks(of: agent, in: contextID) {
            states.append(try await agent.waitForTask(task.id, interval: .milliseconds(10)).status.state)
        }
        return states
    }
}
