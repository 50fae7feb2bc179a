import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Messages that are sent again", .timeLimit(.minutes(1)))
struct DeduplicationTests {
    @Test("the same message at the same time runs once and gets one answer", arguments: ["message", "task"])
    func concurrently(kind: String) async throws {
        let gate = Gate()
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add(turn.message.text)
            try await gate.wait()
            if turn.message.text == "message" { return try await turn.reply("\(runs.count)") }
            try await turn.append("\(runs.count)", toArtifact: "x")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let answers = try await withThrowingTaskGroup(of: A2ASendMessageResponse.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await runtime.sendMessage(request(kind, id: "1"), context: .plain) }
                }
                try await eventually { runs.count == 1 }
                for _ in 0..<50 { await Task.yield() }
                gate.open()
                return try await group.reduce(into: [A2ASendMessageResponse]()) { $0.append($1) }
            }
            #expect(runs.count == 1)
            #expect(Set(answers).count == 1)
            #expect(answers.first?.text == "1")
            try await runtime.expectNothingLeft()
            #expect(try await runtime.sendMessage(request(kind, id: "1"), context: .plain) == answers.first)
            #expect(runs.count == 1)
        }
    }

    @Test("streams of the same message show the same task")
    func streaming() async throws {
        let gate = Gate()
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add("")
            try await turn.working()
            try await gate.wait()
            try await turn.append("x", toArtifact: "a")
        }
        try await withCleanRuntime(agent, configuration: patient()) { runtime in
            let one = try await runtime.stream("hi", id: "1")
            let two = try await runtime.stream("hi", id: "1")
            gate.open()
            let (first, second) = (try await one.all(), try await two.all())
            #expect(first == second)
            #expect(first.map(\.word) == ["task submitted", "working", "x", "completed"])
            try await eventually { runtime.turns.count == 0 }
            #expect(try await runtime.stream("hi", id: "1").all().map(\.word) == ["task completed"])
            #expect(runs.count == 1)
        }
    }

    @Test("other contents, other callers and no window make another message")
    func different() async throws {
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add(turn.message.text)
            try await turn.reply("\(runs.count)")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            for (text, caller) in [("a", "alice"), ("b", "alice"), ("b", "bob"), ("b", "bob")] {
                _ = try await runtime.sendMessage(request(text, id: "1"), context: .by(caller))
            }
            #expect(runs.all == ["a", "b", "b"])
        }
        try await withRuntime(agent, configuration: patient { $0.deduplicationWindow = nil }) { runtime in
            for _ in 0..<3 { _ = try await runtime.sendMessage(request("c", id: "1"), context: .plain) }
            #expect(runs.all == ["a", "b", "b", "c", "c", "c"])
        }
    }

    @Test("a follow-up that is sent again reaches the agent once", arguments: 0..<20)
    func followUp(round: Int) async throws {
        let runs = Notes<String>()
        let agent = ClosureAgent { turn in
            runs.add(turn.message.text)
            try await turn.requireInput("More?")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        let answer = try await runtime.task("more", id: "2", task: task.id)
                        #expect(answer.id == task.id)
                    }
                }
                try await group.waitForAll()
            }
            _ = try await runtime.task("more", id: "2", task: task.id)
            try await runtime.expectNothingLeft()
            #expect(runs.all == ["hi", "more"])
        }
    }
}
