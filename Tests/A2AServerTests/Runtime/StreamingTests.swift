import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Streams", .timeLimit(.minutes(1)))
struct StreamingTests {
    /// Writes chunks "0"…, waiting at a gate in the middle.
    private static func writer(_ count: Int, gate: Gate, before: Int = 0) -> ClosureAgent {
        ClosureAgent { turn in
            try await turn.working()
            for index in 0..<count {
                if index == before { try await gate.wait() }
                try await turn.append(.text("\(index)"), toArtifact: "x")
            }
            try await turn.complete()
        }
    }

    @Test("a stream is the task and then its updates in order, to the end")
    func order() async throws {
        let agent = ClosureAgent { turn in
            try await turn.working()
            for text in ["a", "b", "c"] { try await turn.append(.text(text), toArtifact: "x") }
            try await turn.complete("Done")
        }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let events = try await runtime.stream("hi").all()
            #expect(events.map(\.word) == ["task submitted", "working", "a", "b", "c", "completed"])
            #expect(events.map(\.generation) == [1, 2, 3, 4, 5, 6])
            #expect(Set(events.map(\.response.taskID)).count == 1)
            #expect(events.allSatisfy { $0.response.violations().isEmpty })
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a direct reply is the only event of its stream")
    func reply() async throws {
        try await withRuntime(ClosureAgent { try await $0.reply("Yes") }, configuration: patient()) { runtime in
            let events = try await runtime.stream("hi").all()
            #expect(events.map(\.word) == ["message Yes"])
            #expect(events.map(\.generation) == [nil])
        }
    }

    @Test("a silent agent's stream begins with the submitted task")
    func silentAgent() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await gate.wait()
            try await turn.reply("At last")
        }
        try await withRuntime(agent, configuration: patient { $0.decisionGrace = .milliseconds(1) }) { runtime in
            let stream = try await runtime.stream("hi")
            gate.open()
            #expect(try await stream.all().map(\.word) == ["task submitted", "completed"])
        }
    }

    @Test("all subscribers see the same events in the same order, early and late ones", arguments: 0..<5)
    func manySubscribers(round: Int) async throws {
        let gate = Gate()
        try await withRuntime(Self.writer(100, gate: gate, before: 10), configuration: patient()) { runtime in
            let first = try await runtime.stream("hi")
            let iterator = Notes<StreamEvent>()
            var events = first.makeAsyncIterator()
            guard let begin = try await events.next(), let id = begin.response.taskID else { return }
            iterator.add(begin)
            let early = Notes<Int>()
            let seen = try await withThrowingTaskGroup(of: [StreamEvent].self) { group in
                for subscriber in 0..<20 {
                    group.addTask {
                        // Half of them come when the agent is at full speed.
                        if subscriber >= 10 { try await gate.wait() }
                        for _ in 0..<subscriber { await Task.yield() }
                        do {
                            let stream = try await runtime.subscribe(id)
                            early.add(subscriber)
                            return try await stream.all()
                        } catch let error as A2AError where error.code == .unsupportedOperation {
                            return []
                        }
                    }
                }
                try await eventually { early.count == 10 }
                gate.open()
                return try await group.reduce(into: [[StreamEvent]]()) { $0.append($1) }
            }
            while let event = try await events.next() { iterator.add(event) }
            let whole = iterator.all
            #expect(whole.compactMap(\.generation) == Array(1...103))
            #expect(seen.filter { !$0.isEmpty }.count >= 10)
            for events in seen where !events.isEmpty {
                guard case .task = events.first?.response.payload, let from = events.first?.generation else {
                    Issue.record("a stream does not begin with the task")
                    continue
                }
                #expect(Array(events.dropFirst()) == whole.filter { ($0.generation ?? 0) > from })
            }
        }
    }

    @Test("a subscriber that reads nothing until the end still gets everything")
    func slowSubscriber() async throws {
        let gate = Gate()
        try await withRuntime(Self.writer(1_000, gate: gate), configuration: patient()) { runtime in
            var events = try await runtime.stream("hi").makeAsyncIterator()
            guard let id = try await events.next()?.response.taskID else { return }
            gate.open()
            try await eventually { try await runtime.get(id).status.state == .completed }
            var generations: [Int64?] = []
            while let event = try await events.next() { generations.append(event.generation) }
            #expect(generations == Array(2...1003))
        }
    }

    @Test("a subscriber that falls out of the window is told, and can begin again")
    func gap() async throws {
        let (gate, last) = (Gate(), Gate())
        var retention = MemoryTaskStore.Retention()
        retention.eventsPerTask = 8
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
            for index in 0..<50 { try await turn.append(.text("\(index)"), toArtifact: "x") }
            try await last.wait()
        }
        try await withRuntime(agent, store: MemoryTaskStore(retention: retention), configuration: patient()) {
            runtime in
            var events = try await runtime.stream("hi").makeAsyncIterator()
            guard let id = try await events.next()?.response.taskID else { return }
            gate.open()
            try await eventually { try await runtime.get(id).artifacts.first?.parts.count == 50 }
            await expectError(.unavailable) { try await events.next() }
            // A resumption that reaches too far back begins with the task as it stands.
            let again = try await runtime.subscribe(id, after: 2)
            last.open()
            #expect(try await again.all().map(\.word) == ["task working", "completed"])
        }
    }

    @Test("a resumed stream has exactly what was missed, from every cursor")
    func resumption() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            for index in 0..<10 { try await turn.append(.text("\(index)"), toArtifact: "x") }
            try await gate.wait()
            try await turn.complete()
        }
        try await withCleanRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            try await eventually { try await runtime.get(task.id).artifacts.first?.parts.count == 10 }
            var open: [(Int64, EventStream)] = []
            for cursor in Int64(1)...12 { open.append((cursor, try await runtime.subscribe(task.id, after: cursor))) }
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            for (cursor, stream) in open {
                #expect(try await stream.all().map(\.generation) == Array((cursor + 1)...13))
            }
            // The same after the end, but for one who has seen the end.
            for cursor in Int64(1)...12 {
                let late = try await runtime.subscribe(task.id, after: cursor).all()
                #expect(late.map(\.generation) == Array((cursor + 1)...13))
            }
            for cursor in [Int64.min, -1, 0, 13, 14, .max] {
                await expectError(.unsupportedOperation) { try await runtime.subscribe(task.id, after: cursor) }
            }
        }
    }

    @Test(
        "a cursor that is not the task's own begins with the task as it stands",
        arguments: [Int64.min, -1, 0, 99, .max])
    func strangeCursor(cursor: Int64) async throws {
        let gate = Gate()
        try await withRuntime(Self.writer(1, gate: gate), configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            let stream = try await runtime.subscribe(task.id, after: cursor)
            gate.open()
            #expect(try await stream.all().first?.word.hasPrefix("task") == true)
        }
    }

    @Test("there is nothing to subscribe to when a task has ended, or never was")
    func refused() async throws {
        try await withRuntime(ClosureAgent { try await $0.complete() }, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            await expectError(.unsupportedOperation) { try await runtime.subscribe(task.id) }
            await expectError(.taskNotFound) { try await runtime.subscribe("none") }
            await expectError(.invalidParams) { try await runtime.subscribe("") }
        }
    }

    @Test("a stream ends when input is required, and goes on through a missing authorisation")
    func interruptions() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            if turn.message.text == "auth" {
                try await turn.requireAuth("Log in.")
                try await gate.wait()
                try await turn.working()
                try await turn.complete()
            } else {
                try await turn.requireInput("Which?")
            }
        }
        try await withCleanRuntime(agent, configuration: patient()) { runtime in
            #expect(try await runtime.stream("input").all().map(\.word) == ["task submitted", "inputRequired"])
            var events = try await runtime.stream("auth").makeAsyncIterator()
            var words: [String] = []
            while let event = try await events.next() {
                words.append(event.word)
                if event.word == "authRequired" { gate.open() }
            }
            #expect(words == ["task submitted", "authRequired", "working", "completed"])
        }
    }

    @Test("the stream of a repeated message ends as the first one did; a subscription waits for more")
    func repeatedStream() async throws {
        let agent = ClosureAgent { turn in
            if turn.task == nil { try await turn.requireInput("Which?") } else { try await turn.complete() }
        }
        try await withCleanRuntime(agent, configuration: patient()) { runtime in
            guard let id = try await runtime.stream("hi", id: "1").all().first?.response.taskID else { return }
            try await eventually { runtime.turns.count == 0 }
            #expect(try await runtime.stream("hi", id: "1").all().map(\.word) == ["task inputRequired"])
            let subscription = try await runtime.subscribe(id)
            let answer = try await runtime.stream("this", task: id).all().map(\.word)
            #expect(answer.first?.hasPrefix("task") == true && answer.count <= 2)
            #expect(try await subscription.all().map(\.word) == ["task inputRequired", "working", "completed"])
        }
    }

    @Test("a stream that answers a follow-up always ends", arguments: 0..<20)
    func followUpStream(round: Int) async throws {
        let agent = ClosureAgent { try await $0.requireInput("More?") }
        try await withRuntime(agent, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            for index in 0..<10 {
                let words = try await runtime.stream("\(index)", task: task.id).all().map(\.word)
                #expect(words.last?.hasSuffix("inputRequired") == true)
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a reader that goes away leaves nothing behind, and the work goes on")
    func readerLeaves() async throws {
        let gate = Gate()
        try await withRuntime(Self.writer(5, gate: gate), configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { _ = try? await runtime.subscribe(task.id).all() }
                }
                for _ in 0..<20 { await Task.yield() }
                group.cancelAll()
            }
            gate.open()
            try await eventually { try await runtime.get(task.id).status.state == .completed }
            try await runtime.expectNothingLeft()
        }
    }
}
