import A2A
import SwiftProtobuf
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Task states")
struct TaskStateTests {
    @Test("every state is terminal, interrupted, active or unspecified, and only one of them")
    func classes() {
        let terminal = A2ATaskState.allCases.filter(\.isTerminal)
        let interrupted = A2ATaskState.allCases.filter(\.isInterrupted)
        let active = A2ATaskState.allCases.filter(\.isActive)
        #expect(terminal == [.completed, .failed, .canceled, .rejected])
        #expect(interrupted == [.inputRequired, .authRequired])
        #expect(active == [.submitted, .working])
        #expect(Set(terminal + interrupted + active + [.unspecified]) == Set(A2ATaskState.allCases))
    }

    @Test("a stream ends with a terminal state and with input required, not with authentication required")
    func closing() {
        #expect(
            A2ATaskState.allCases.filter(\.closesStream) == [
                .completed, .failed, .canceled, .inputRequired, .rejected,
            ])
        #expect(!A2ATaskState.UNRECOGNIZED(99).closesStream)
    }

    @Test("names are those of JSON", arguments: A2ATaskState.allCases)
    func names(_ state: A2ATaskState) throws {
        var status = A2ATaskStatus()
        status.state = state
        #expect(try status.jsonString() == #"{"state":"\#(state.name)"}"#)
        #expect(A2ATaskState(name: state.name) == state)
    }

    @Test("what is no name is no state", arguments: ["", "working", "task_state_working", "TASK_STATE_RUNNING", "2"])
    func noNames(_ name: String) {
        #expect(A2ATaskState(name: name) == nil)
    }

    @Test("an unknown state is named by its number")
    func unknown() { #expect(A2ATaskState.UNRECOGNIZED(42).name == "42") }
}

@Suite("Tasks, artifacts and events")
struct TaskModelTests {
    private let task = A2ATask(
        id: "t", contextID: "c", status: A2ATaskStatus(.working, message: .agent("wait")),
        artifacts: [
            A2AArtifact(parts: ["a", "b"], artifactID: "1", name: "n", description: "d"),
            A2AArtifact(parts: ["c", .data([1])], artifactID: "2"),
        ])

    @Test("text and artifacts of a task")
    func artifacts() {
        #expect(self.task.text == "abc")
        #expect(self.task.artifact("2")?.text == "c")
        #expect(self.task.artifact("2")?.dataParts == [[1]])
        #expect(self.task.artifact("3") == nil)
        #expect(self.task.artifacts[0].description_p == "d")
        #expect(A2AArtifact(parts: ["x"]).violations() == [])
        #expect(A2AArtifact(parts: ["x"]).artifactID != A2AArtifact(parts: ["x"]).artifactID)
    }

    @Test("a status carries its time")
    func status() {
        let status = A2ATaskStatus(.completed)
        #expect(status.hasTimestamp)
        #expect(!status.hasMessage)
        #expect(status.violations() == [])
    }

    @Test("answers tell their task, state and text")
    func responses() {
        let byTask = A2ASendMessageResponse.task(self.task)
        #expect(byTask.taskID == "t")
        #expect(byTask.state == .working)
        #expect(byTask.text == "abc")
        let direct = A2ASendMessageResponse.message(.agent("hi"))
        #expect(direct.taskID == nil)
        #expect(direct.state == nil)
        #expect(direct.text == "hi")
        #expect(A2ASendMessageResponse().taskID == nil)
    }

    @Test("events tell their task, state and whether they are the last")
    func events() {
        func status(_ state: A2ATaskState) -> A2AStreamResponse {
            .statusUpdate(A2ATaskStatusUpdateEvent(taskID: "t", contextID: "c", status: A2ATaskStatus(state)))
        }
        let artifact = A2AStreamResponse.artifactUpdate(
            A2ATaskArtifactUpdateEvent(
                taskID: "t", contextID: "c", artifact: self.task.artifacts[0], append: true, lastChunk: true))
        #expect(A2AStreamResponse.message(.agent("x")).closesStream)
        #expect(!A2AStreamResponse.task(self.task).closesStream)
        #expect(status(.completed).closesStream)
        #expect(status(.inputRequired).closesStream)
        #expect(!status(.authRequired).closesStream)
        #expect(!status(.working).closesStream)
        #expect(!artifact.closesStream)
        #expect(!A2AStreamResponse().closesStream)
        #expect([status(.working), artifact, .task(self.task)].allSatisfy { $0.taskID == "t" })
        #expect(A2AStreamResponse.message(.agent("x", taskID: "u")).taskID == "u")
        #expect(status(.failed).state == .failed)
        #expect(artifact.state == nil)
        #expect(artifact.violations() == [])
    }

    @Test("events tell their generation where there is one")
    func generations() {
        var task = self.task
        #expect(A2AStreamResponse.task(task).generation == nil)
        task.generation = 7
        #expect(A2AStreamResponse.task(task).generation == 7)
        #expect(A2AStreamResponse.message(.agent("x")).generation == nil)
    }
}

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "milliseconds are printed with Z",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.001Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (1_761_647_400_120, "2025-10-28T10:30:00.120Z"),
        ] as [(Int64, String)])
    func printing(_ milliseconds: Int64, text: String) throws {
        let timestamp = A2ATimestamp(milliseconds: milliseconds)
        #expect(try timestamp.jsonString() == "\"\(text)\"")
        #expect(timestamp.isValid)
    }

    @Test("the current time is in whole milliseconds")
    func now() {
        let now = A2ATimestamp.now
        #expect(now.nanos % 1_000_000 == 0)
        #expect(now.isValid)
        #expect(abs(now.timeIntervalSince1970 - Date().timeIntervalSince1970) < 60)
    }

    @Test("absurd dates become the nearest time that can be written")
    func absurd() {
        #expect(A2ATimestamp(Date(timeIntervalSince1970: .infinity)).isValid)
        #expect(A2ATimestamp(Date(timeIntervalSince1970: -.infinity)).isValid)
        #expect(A2ATimestamp(Date(timeIntervalSince1970: .nan)).isValid)
        #expect(A2ATimestamp(Date(timeIntervalSince1970: 1e30)).isValid)
        _ = A2ATimestamp(milliseconds: .min)
        _ = A2ATimestamp(milliseconds: .max)
    }

    @Test("times are compared without arithmetic that could overflow")
    func comparing() {
        #expect(A2ATimestamp(milliseconds: 1).isBefore(A2ATimestamp(milliseconds: 2)))
        #expect(!A2ATimestamp(milliseconds: 2).isBefore(A2ATimestamp(milliseconds: 2)))
        #expect(
            A2ATimestamp(seconds: .min, nanos: .min).isBefore(A2ATimestamp(seconds: .max, nanos: .max)))
    }
}
