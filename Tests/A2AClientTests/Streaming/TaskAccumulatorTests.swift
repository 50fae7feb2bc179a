import A2A
import A2AClient
import Testing

@Suite("Task accumulator")
struct TaskAccumulatorTests {
    private func fold(_ events: StreamEvent...) -> TaskAccumulator {
        events.reduce(into: TaskAccumulator()) { $0.apply($1) }
    }

    @Test("chunks go to the end of their artifact, others replace it")
    func artifacts() {
        let task = self.fold(
            Event.task(.working), Event.chunk("one", append: false), Event.chunk("two"),
            Event.chunk("x", artifact: "b", append: false), Event.chunk("three", last: true),
            Event.chunk("y", artifact: "b", append: false)
        )
        #expect(task.task?.artifact("a")?.parts.map(\.text) == ["one", "two", "three"])
        #expect(task.task?.artifact("b")?.parts.map(\.text) == ["y"])
        #expect(task.completeArtifacts == ["a"])
    }

    @Test("appending to an artifact that is not known makes it")
    func appendUnknown() {
        #expect(self.fold(Event.task(.working), Event.chunk("a")).task?.text == "a")
    }

    @Test("a new status keeps what the agent said before in the history, once")
    func statusMessages() {
        let task = self.fold(
            Event.task(.submitted), Event.update(.working, "one"), Event.update(.working, "one"),
            Event.update(.working, "two"), Event.update(.completed)
        )
        #expect(task.state == .completed)
        #expect(task.task?.history.map(\.text) == ["one", "two"])
        #expect(task.task?.status.hasMessage == false)
    }

    @Test("a whole task replaces everything")
    func snapshot() {
        let artifact = A2AArtifact(parts: ["z"], artifactID: "z")
        let task = self.fold(
            Event.task(.working), Event.chunk("a"), Event.task(.working, artifacts: [artifact]),
            Event.chunk("+", artifact: "z"))
        #expect(task.task?.artifacts.map(\.artifactID) == ["z"])
        #expect(task.task?.text == "z+")
    }

    @Test("a stream that begins with an update still makes a task")
    func beginsWithUpdate() {
        let task = self.fold(Event.update(.working)).task
        #expect(task?.id == "t")
        #expect(task?.contextID == "c")
        #expect(self.fold().task == nil)
    }

    @Test("a direct message is the answer")
    func message() {
        let folded = self.fold(Event.message("hi"))
        #expect(folded.task == nil)
        #expect(folded.response?.message.text == "hi")
    }
}
