import A2A
import A2ATesting
import Testing

@testable import A2AServer

/// A store in memory whose calls can be held up and can fail, as those of a store behind a network do.
struct HookedStore: TaskStore {
    let base = MemoryTaskStore()
    var onCreate: @Sendable () async throws -> Void = {}
    var onAppend: @Sendable ([TaskChange]) async throws -> Void = { _ in }
    /// Called with the history length that is asked for.
    var onSnapshot: @Sendable (Int?) async throws -> Void = { _ in }

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        try await self.onCreate()
        return try await self.base.create(task, then: changes, in: scope)
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        try await self.onAppend(changes)
        return try await self.base.append(changes, to: id, in: scope, condition: condition)
    }

    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        try await self.onSnapshot(historyLength)
        return try await self.base.snapshot(of: id, in: scope, historyLength: historyLength)
    }

    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage {
        try await self.base.events(of: id, in: scope, after: generation, limit: limit)
    }

    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        try await self.base.list(query, in: scope)
    }
    func removeExpired() async throws { try await self.base.removeExpired() }
}

@Suite("A store that takes its time", .timeLimit(.minutes(1)))
struct SlowStoreTests {
    @Test("a turn that begins while its task is being cancelled is stopped")
    func cancelOvertaken() async throws {
        let (canceling, running) = (Gate(), Gate())
        var store = HookedStore()
        store.onAppend = { changes in
            guard case .status(let status)? = changes.first?.kind, status.state == .canceled else { return }
            canceling.open()
            try await running.wait()
        }
        let agent = ClosureAgent { turn in
            if turn.task == nil { return try await turn.requireInput("?") }
            running.open()
            try await Gate().wait()
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            try await eventually { runtime.turns.count == 0 }
            try await withThrowingTaskGroup(of: A2ATaskState.self) { group in
                group.addTask { try await runtime.cancel(task.id).status.state }
                try await canceling.wait()
                group.addTask { try await runtime.task("more", task: task.id).status.state }
                for try await state in group { #expect(state == .canceled) }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an agent that returns while a caller has its task made leaves no unfinished task")
    func returnDuringForce() async throws {
        let (creating, go) = (Gate(), Gate())
        var store = HookedStore()
        store.onCreate = {
            creating.open()
            try await go.wait()
        }
        let agent = ClosureAgent { _ in try await creating.wait() }
        try await withRuntime(
            agent, store: store, configuration: patient { $0.decisionGrace = .milliseconds(1) }
        ) { runtime in
            try await withThrowingTaskGroup(of: A2ATask.self) { group in
                group.addTask { try await runtime.task("hi", immediate: true) }
                try await creating.wait()
                for _ in 0..<200 { await Task.yield() }
                go.open()
                for try await task in group {
                    try await eventually { try await runtime.get(task.id).status.state == .completed }
                }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a caller that goes away while its follow-up is not accepted yet may send it again")
    func followUpGivenUp() async throws {
        let (appending, never) = (Gate(), Gate())
        let tries = Notes<String>()
        var store = HookedStore()
        store.onAppend = { changes in
            guard changes.first?.received != nil else { return }
            tries.add("")
            if tries.count == 1 {
                appending.open()
                try await never.wait()
            }
        }
        let agent = ClosureAgent { turn in
            if turn.task == nil { try await turn.requireInput("?") } else { try await turn.complete(turn.message.text) }
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await runtime.task("more", id: "2", task: task.id) }
                try? await appending.wait()
                group.cancelAll()
            }
            let done = try await runtime.task("more", id: "2", task: task.id)
            #expect(done.status.state == .completed && done.status.message.text == "more")
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a task whose next turn cannot begin fails, so that nobody waits for it in vain")
    func nextTurnFails() async throws {
        struct Broken: Error {}
        let (gate, isBroken) = (Gate(), Notes<String>())
        var store = HookedStore()
        // The whole history is read for callers, and for the next turn.
        store.onSnapshot = { length in if length == nil, isBroken.count == 1 { throw Broken() } }
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
            isBroken.add("")
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true)
            _ = try await runtime.task("more", task: task.id, immediate: true)
            gate.open()
            try await runtime.expectNothingLeft()
            isBroken.add("whole again")
            #expect(try await runtime.get(task.id).status.state == .failed)
        }
    }

    @Test(
        "while the end of a task cannot be written, those who wait for it are told, those who follow it stay, and it comes"
    )
    func endHeldUp() async throws {
        let ending = Gate()
        let hasRoom = Notes<String>()
        var store = HookedStore()
        store.onAppend = { changes in
            guard changes.contains(where: \.endsTask), hasRoom.count == 0 else { return }
            throw A2AError(.resourceExhausted, "There is no room.")
        }
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await ending.wait()
        }
        let configuration = patient {
            $0.recovery.heartbeatInterval = .milliseconds(5)
            $0.recovery.endGrace = .zero
        }
        try await withRuntime(agent, store: store, configuration: configuration) { runtime in
            let begun = try await runtime.task("hi", id: "1", immediate: true)
            try await withThrowingTaskGroup(of: [String].self) { group in
                let stream = try await runtime.subscribe(begun.id)
                group.addTask { try await stream.all().map(\.word) }
                group.addTask {
                    // The same message again waits for the same end.
                    let error = await expectError(.resourceExhausted) { try await runtime.task("hi", id: "1") }
                    let message = error?.message ?? ""
                    #expect(message.contains("There is no room.") && error?.retryDelay == nil)
                    #expect(message.contains("'\(begun.id)' is over, but its end cannot be written yet"))
                    let state = try await runtime.get(begun.id).status.state
                    #expect(state == .working)
                    hasRoom.add("now")
                    return []
                }
                ending.open()
                var words: [String] = []
                for try await some in group { words += some }
                #expect(words == ["task working", "completed"])
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("the agent's first answer and the forced task may overtake each other: the answer counts")
    func answerDuringForce() async throws {
        let (creating, go, answered) = (Gate(), Gate(), Gate())
        let creations = Notes<String>()
        var store = HookedStore()
        // The forced creation comes first and is held up; the agent's own passes it.
        store.onCreate = {
            creations.add("")
            guard creations.count == 1 else { return }
            creating.open()
            try await go.wait()
        }
        let agent = ClosureAgent { turn in
            try await creating.wait()
            try await turn.requireInput("Which?")
            answered.open()
            for _ in 0..<200 { await Task.yield() }
        }
        try await withRuntime(
            agent, store: store, configuration: patient { $0.decisionGrace = .milliseconds(1) }
        ) { runtime in
            let task = try await withThrowingTaskGroup(of: A2ATask.self) { group in
                group.addTask { try await runtime.task("hi", immediate: true) }
                try await answered.wait()
                go.open()
                return try await group.next()
            }
            try await runtime.expectNothingLeft()
            #expect(try await runtime.get(task?.id ?? "").status.state == .inputRequired)
        }
    }
}
