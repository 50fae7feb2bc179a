import A2A
import Testing

@testable import A2ACommand

@Suite("Text output")
struct TextOutputTests {
    private func text(_ task: A2ATask, isVerbose: Bool = false, history: Bool = false) -> String {
        var text = TaskText(isVerbose: isVerbose)
        text.task(task, showsHistory: history)
        return text.blocks.text
    }

    private let task = A2ATask(
        id: "t1", contextID: "c1",
        status: A2ATaskStatus(
            .completed, message: A2AMessage(role: .agent, parts: ["done"], messageID: "m1"),
            timestamp: A2ATimestamp(milliseconds: 1_700_000_000_000)),
        artifacts: [
            A2AArtifact(
                parts: [
                    "two\nlines\n", .data(["n": 42, "x": [1.5, true, nil, [:]]]),
                    .raw([1, 2, 3], mediaType: "text/csv", filename: "w.csv"),
                    .url("http://h/f.png", mediaType: "image/png"),
                ], artifactID: "a1", name: "Words")
        ])

    @Test("a task: fields first, then blocks that an empty line closes")
    func rendersTask() {
        #expect(
            self.text(self.task) == """
                Task ID: t1
                Context ID: c1
                State: TASK_STATE_COMPLETED
                Status Message: m1
                Text:
                done

                Artifact: a1
                Artifact Name: Words
                Text:
                two
                lines

                Data:
                {
                  "n": 42,
                  "x": [
                    1.5,
                    true,
                    null,
                    {}
                  ]
                }

                File: w.csv (text/csv, 3 bytes)
                File: (unnamed) (image/png, http://h/f.png)

                """)
    }

    @Test("verbose shows media types, times and history")
    func verbose() {
        var task = self.task
        task.history = [A2AMessage(role: .user, parts: ["please"], messageID: "m0")]
        let text = self.text(task, isVerbose: true)
        #expect(text.contains("Updated: 2023-11-14T22:13:20Z\n"))
        #expect(text.contains("Part: application/json\n"))
        #expect(text.contains("History Message: m0\nRole: user\nPart: text/plain\nText:\nplease\n"))
    }

    @Test("an agent cannot put control sequences or lines of its own into the output")
    func controlSequences() {
        var task = self.task
        task.id = "t\u{1B}[31m1\nState: TASK_STATE_FAILED"
        task.artifacts = [A2AArtifact(parts: ["a\u{1B}]0;x\u{07}b\u{9B}c\td"], artifactID: "a")]
        let text = self.text(task)
        #expect(text.hasPrefix("Task ID: t[31m1 State: TASK_STATE_FAILED\nContext ID: c1\n"))
        #expect(text.contains("Text:\na]0;xbc\td\n\n"))
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 7 })
    }

    @Test("every event says of which task and state it is")
    func events() {
        var text = TaskText(isVerbose: false)
        text.event(
            .artifactUpdate(
                .init(
                    taskID: "t", contextID: "c", artifact: A2AArtifact(parts: ["x"], artifactID: "a"), lastChunk: true)),
            contextID: "c", state: .working)
        #expect(
            text.blocks.text
                == "Event: artifact\nTask ID: t\nContext ID: c\nState: TASK_STATE_WORKING\nLast Chunk: true\nArtifact: a\nText:\nx\n\n"
        )
    }

    @Test("the command that goes on is ready to be pasted")
    func hints() {
        let hints = ResumeHints(agentCard: "http://h:1/it's")
        #expect(
            hints.next(taskID: "t", state: .inputRequired)
                == #"a2a send --agent-card 'http://h:1/it'\''s' --task-id t "<reply>""#)
        #expect(ResumeHints(agentCard: nil).next(taskID: "t 1", state: .working) == "a2a task get --wait 't 1'")
        #expect(hints.next(taskID: "t", state: .completed) == nil)
    }
}
