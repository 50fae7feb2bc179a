import A2A
import A2AClient
import A2AServer
import A2ATesting
import Testing

@Suite("An agent and a client in one process", .timeLimit(.minutes(1)))
struct InProcessAgentTests {
    /// Asks for a name, and greets whoever has one.
    private static let greeter = ClosureAgent { turn in
        switch turn.message.text {
        case "": try await turn.requireInput("Who are you?")
        case "who am I": try await turn.reply(turn.context.principal.description)
        case let name:
            try await turn.working("Looking up \(name).")
            try await turn.artifact(A2AArtifact(parts: [.text("Hello, \(name)!")], artifactID: "greeting"))
        }
    }

    @Test("is called as over a wire: answers, turns, streams, tasks, errors")
    func calls() async throws {
        try await withAgent(Self.greeter) { client in
            #expect(client.card?.name == "Test agent")
            let question = try await client.send(A2AMessage(role: .user, parts: [.text("")]))
            #expect(question.state == .inputRequired)
            let taskID = try #require(question.taskID)
            let greeting = try await client.send("Ada", taskID: taskID)
            #expect(greeting.task.artifacts.map(\.text) == ["Hello, Ada!"])
            #expect(try await client.getTask(taskID).status.state == .completed)

            var states: [A2ATaskState] = []
            for try await event in try await client.stream("Bob") {
                if let state = event.response.state { states.append(state) }
            }
            #expect(states == [.submitted, .working, .completed])

            let error = await #expect(throws: A2AError.self) { _ = try await client.send("Again", taskID: taskID) }
            #expect(error?.code == .unsupportedOperation)
        }
    }

    @Test("the agent sees who calls")
    func principal() async throws {
        try await withAgent(Self.greeter, principal: Principal(id: "ada")) { client async throws in
            let answer = try await client.send("who am I")
            #expect(answer.message.text == "ada")
        }
    }

    @Test("is gone when the test is over, whatever it was doing")
    func end() async throws {
        let sleeper = ClosureAgent { turn in
            try await turn.working()
            _ = try await turn.nextMessage()
        }
        try await withAgent(sleeper) { client in
            for try await event in try await client.stream("sleep") where event.response.state == .working { break }
        }
    }
}
