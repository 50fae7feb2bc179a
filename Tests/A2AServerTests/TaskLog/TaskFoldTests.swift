import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("The fold of a task's log", .timeLimit(.minutes(1)))
struct TaskFoldTests {
    private let now = A2ATimestamp(milliseconds: 5_000)

    private func fold() -> TaskFold {
        TaskFold(A2ATask(id: "t", contextID: "c", status: A2ATaskStatus(.submitted), history: [.user("Hello")]))
    }

    private func status(_ state: A2ATaskState, _ text: String? = nil, received: A2AMessage? = nil) -> TaskChange {
        TaskChange(.status(A2ATaskStatus(state, message: text.map { .agent($0) })), received: received)
    }

    private func chunk(_ text: String, of id: String = "x", lastChunk: Bool = false) -> TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(text)], artifactID: id), lastChunk: lastChunk))
    }

    private func whole(_ text: String, of id: String = "x") -> TaskChange {
        TaskChange(.artifact(A2AArtifact(parts: [.text(text)], artifactID: id), lastChunk: true))
    }

    @Test("a status replaces the one before and is stamped")
    func statusChange() throws {
        var fold = self.fold()
        let update = fold.apply(TaskChange(.status(A2ATaskStatus(.working)), metadata: ["k": 1]), now: self.now)
        guard case .statusUpdate(let event) = update.payload else {
            Issue.record("not a status update")
            return
        }
        #expect(event.taskID == "t" && event.contextID == "c")
        #expect(event.status.state == .working && event.status.timestamp == self.now)
        #expect(event.metadata["k"]?.int == 1)
        #expect(fold.task().status == event.status)
        #expect(fold.state == .working)
    }

    @Test("a status message goes to the history when the next status comes, before the message that came with it")
    func historyOrder() {
        var fold = self.fold()
        _ = fold.apply(self.status(.inputRequired, "Which?"), now: self.now)
        #expect(fold.task().history.map(\.text) == ["Hello"])
        _ = fold.apply(self.status(.working, received: .user("This.")), now: self.now)
        _ = fold.apply(self.chunk("x"), now: self.now)
        _ = fold.apply(self.status(.completed, "Done."), now: self.now)
        #expect(fold.task().history.map(\.text) == ["Hello", "Which?", "This."])
        #expect(fold.task().status.message.text == "Done.")
    }

    @Test("the first chunk makes the artifact, later ones append to it; the update says which")
    func chunks() {
        var fold = self.fold()
        let updates = ["a", "b"].map { fold.apply(self.chunk($0), now: self.now) }
        let flags = updates.map { update in
            if case .artifactUpdate(let event) = update.payload { event.append } else { false }
        }
        #expect(flags == [false, true])
        #expect(fold.task().artifacts.map(\.text) == ["ab"])
    }

    @Test("a whole artifact replaces the one with its id, in its place")
    func replacement() {
        var fold = self.fold()
        for change in [self.chunk("1", of: "x"), self.chunk("2", of: "y"), self.whole("3", of: "x")] {
            _ = fold.apply(change, now: self.now)
        }
        #expect(fold.task().artifacts.map(\.artifactID) == ["x", "y"])
        #expect(fold.task().artifacts.map(\.text) == ["3", "2"])
    }

    @Test("a chunk's metadata is merged into the artifact's")
    func metadata() {
        var fold = self.fold()
        for metadata: A2AMetadata in [["a": 1, "b": 1], ["b": 2]] {
            _ = fold.apply(
                TaskChange(.chunk(A2AArtifact(parts: ["x"], artifactID: "x", metadata: metadata), lastChunk: false)),
                now: self.now)
        }
        let metadata = fold.task().artifacts.first?.metadata
        #expect(metadata?["a"]?.int == 1 && metadata?["b"]?.int == 2)
    }

    @Test("a task that was taken out does not change with the fold, nor the fold with it")
    func independence() {
        var fold = self.fold()
        _ = fold.apply(self.chunk("a"), now: self.now)
        var taken = fold.task()
        let kept = taken
        _ = fold.apply(self.chunk("b"), now: self.now)
        _ = fold.apply(self.status(.working, received: .user("More")), now: self.now)
        #expect(taken == kept)
        taken.artifacts[0].parts = []
        #expect(fold.task().artifacts.map(\.text) == ["ab"])
    }

    @Test("a replaced artifact gives all its bytes back, however it was made")
    func byteCountOfReplacement() {
        var fold = self.fold()
        _ = fold.apply(self.whole("0123456789"), now: self.now)
        let start = fold.byteCount
        for index in 0..<50 {
            let chunk = A2AArtifact(
                parts: ["piece", "\(index)"], artifactID: "x", description: "ignored",
                metadata: ["k\(index % 3)": A2AValue("\(index)")])
            _ = fold.apply(TaskChange(.chunk(chunk, lastChunk: false)), now: self.now)
        }
        #expect(fold.byteCount > start)
        _ = fold.apply(self.whole("9876543210"), now: self.now)
        #expect(fold.byteCount == start)
    }

    @Test("the byte count is always that of a fold which starts from the task itself", arguments: 0..<5)
    func byteCountFromScratch(round: Int) {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        var fold = self.fold()
        for step in 0..<200 {
            let id = ["x", "y"].randomElement(using: &random) ?? "x"
            let text = String(repeating: "z", count: Int.random(in: 0...50, using: &random))
            let change =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: self.status(.working, text, received: Bool.random(using: &random) ? .user(text) : nil)
                case 1: self.whole(text, of: id)
                case 2: self.status(.working)
                default: self.chunk(text, of: id)
                }
            let growth = fold.growth(by: change)
            let before = fold.byteCount
            _ = fold.apply(change, now: self.now)
            #expect(fold.byteCount - before <= growth, "step \(step), seed \(seed)")
            var again = fold.task()
            let message = again.status.hasMessage ? again.status.message.approximateByteCount : 0
            again.status.clearMessage()
            #expect(fold.byteCount == TaskFold(again).byteCount + message, "step \(step), seed \(seed)")
        }
    }

    @Test("the history is bounded, and what leaves it leaves the byte count")
    func boundedHistory() {
        var fold = self.fold()
        for index in 0..<(TaskFold.maxHistory * 3) {
            _ = fold.apply(self.status(.working, received: .user("\(index)")), now: self.now)
        }
        let task = fold.task()
        #expect((TaskFold.maxHistory...TaskFold.maxHistory + 64).contains(task.history.count))
        #expect(task.history.last?.text == "\(TaskFold.maxHistory * 3 - 1)")
        #expect(fold.byteCount == TaskFold(task).byteCount)
    }

    @Test("as much history is taken out as asked for", arguments: [nil, -1, 0, 1, 2, 3, 99])
    func historyLength(length: Int?) {
        var fold = self.fold()
        _ = fold.apply(self.status(.working, received: .user("2")), now: self.now)
        _ = fold.apply(self.status(.working, received: .user("3")), now: self.now)
        let expected = Array(["Hello", "2", "3"].suffix(max(0, length ?? .max)))
        #expect(fold.task(historyLength: length).history.map(\.text) == expected)
        #expect(fold.task(includeArtifacts: false).artifacts.isEmpty)
    }

    @Test("an artifact of many chunks costs the same with and without a snapshot taken before")
    func manyChunks() {
        var fold = self.fold()
        _ = fold.apply(self.chunk("a"), now: self.now)
        let early = fold.task()
        for _ in 0..<20_000 { _ = fold.apply(self.chunk("b"), now: self.now) }
        #expect(early.artifacts.first?.parts.count == 1)
        #expect(fold.task().artifacts.first?.parts.count == 20_001)
    }
}
