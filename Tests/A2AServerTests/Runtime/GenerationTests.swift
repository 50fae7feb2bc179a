import A2A
import A2ATesting
import Testing

@testable import A2AServer

private let draft = CallContext(version: .v1_1)

/// Asks for its name, then waits to be told to go on.
private let asker = ClosureAgent { turn in
    guard turn.task != nil else { return try await turn.requireInput("Name?") }
    try await turn.complete("Hello")
}

@Suite("Generations (A2A 1.1 draft)", .timeLimit(.minutes(1)))
struct GenerationTests {
    private func poll(_ id: String, beyond generation: Int64) -> A2AGetTaskRequest {
        var request = A2AGetTaskRequest()
        request.id = id
        request.currentGeneration = generation
        return request
    }

    @Test("who waits is woken by the next event, all at once, and leaves nothing behind")
    func woken() async throws {
        try await withCleanRuntime(asker) { runtime in
            let task = try await runtime.task("hi", as: draft)
            let polls = 50
            try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<polls {
                    group.addTask {
                        try await runtime.getTask(
                            self.poll(task.id, beyond: task.generation), context: draft
                        ).generation
                    }
                }
                try await eventually { runtime.longPolls.current == polls }
                // One watch for all of them.
                #expect(runtime.log.watches.count == 1)
                _ = try await runtime.task("Ada", task: task.id, as: draft)
                for try await generation in group { #expect(generation > task.generation) }
            }
            #expect(runtime.longPolls.current == 0)
        }
    }

    @Test("the wait ends after the limit, with the task as it is")
    func limit() async throws {
        let configuration = patient { $0.longPollLimit = .milliseconds(20) }
        try await withCleanRuntime(asker, configuration: configuration) { runtime in
            let task = try await runtime.task("hi", as: draft)
            let same = try await runtime.getTask(self.poll(task.id, beyond: task.generation), context: draft)
            #expect(same == task)
            #expect(runtime.longPolls.current == 0)
        }
    }

    @Test("the caller's deadline ends it before it is over, with an answer and not with an error")
    func deadline() async throws {
        try await withCleanRuntime(asker) { runtime in
            let task = try await runtime.task("hi", as: draft)
            var context = draft
            context.deadline = .now + .milliseconds(200)
            let same = try await runtime.getTask(self.poll(task.id, beyond: task.generation), context: context)
            #expect(same == task)
        }
    }

    @Test("who leaves is forgotten")
    func cancelled() async throws {
        try await withCleanRuntime(asker) { runtime in
            let task = try await runtime.task("hi", as: draft)
            let request = self.poll(task.id, beyond: task.generation)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await runtime.getTask(request, context: draft) }
                while runtime.longPolls.current == 0 { await Task.yield() }
                group.cancelAll()
            }
            #expect(runtime.longPolls.current == 0)
        }
    }

    @Test("beyond the limit on those who wait, the answer comes at once")
    func tooMany() async throws {
        try await withCleanRuntime(asker, configuration: patient { $0.maxLongPolls = 1 }) { runtime in
            let task = try await runtime.task("hi", as: draft)
            let request = self.poll(task.id, beyond: task.generation)
            async let first = runtime.getTask(request, context: draft)
            try await eventually { runtime.longPolls.current == 1 }
            for _ in 0..<3 { #expect(try await runtime.getTask(request, context: draft) == task) }
            #expect(runtime.longPolls.current == 1)
            _ = try await runtime.task("Ada", task: task.id, as: draft)
            #expect(try await first.generation > task.generation)
            #expect(runtime.longPolls.current == 0)
        }
    }

    @Test("a shutdown answers those who wait with the task as it is")
    func shutdown() async throws {
        let runtime = TaskRuntime(agent: asker, card: .testCard(), configuration: patient(), logger: .silent)
        let (waiting, polled) = (Gate(), Notes<A2ATask>())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withService(runtime) { try await waiting.wait() }
            }
            let task = try await runtime.task("hi", as: draft)
            let request = self.poll(task.id, beyond: task.generation)
            group.addTask { polled.add(try await runtime.getTask(request, context: draft)) }
            try await eventually { runtime.longPolls.current == 1 }
            waiting.open()
            try await group.waitForAll()
            #expect(polled.all == [task])
        }
    }

    @Test("an unknown task is refused, also where one would wait")
    func unknown() async throws {
        try await withCleanRuntime(asker) { runtime in
            await expectError(.taskNotFound) {
                try await runtime.getTask(self.poll("none", beyond: 0), context: draft)
            }
            await expectError(.invalidParams) {
                try await runtime.getTask(self.poll("none", beyond: -1), context: draft)
            }
        }
    }

    @Test("a message that is refused for its generation can be sent again; a task that ended refuses it for that first")
    func again() async throws {
        try await withCleanRuntime(asker) { runtime in
            let task = try await runtime.task("hi", as: draft)
            var message = request("Ada", id: "m", task: task.id)
            message.configuration.ifGenerationMatch = 1
            await expectError(.taskGenerationMismatch) { try await runtime.sendMessage(message, context: draft) }
            message.configuration.ifGenerationMatch = task.generation
            let done = try await runtime.sendMessage(message, context: draft)
            #expect(done.state == .completed)
            message.message.messageID = "n"
            await expectError(.taskGenerationMismatch) { try await runtime.sendMessage(message, context: draft) }
            message.configuration.ifGenerationMatch = try await runtime.get(task.id, as: draft).generation
            await expectError(.unsupportedOperation) { try await runtime.sendMessage(message, context: draft) }
        }
    }

    @Test(
        "what another process adds after the look at the task and before its change counts too",
        arguments: [true, false])
    func between(_ isAtWork: Bool) async throws {
        var store = HookedStore()
        store.onAppend = { [base = store.base] changes in
            guard let id = changes.first?.received?.taskID else { return }
            _ = try await base.append(
                [TaskChange(.status(A2ATaskStatus(.inputRequired)))], to: id, in: Scope(draft), condition: .init())
        }
        let gate = Gate()
        let agent = ClosureAgent { turn in
            guard isAtWork else { return try await turn.requireInput("Name?") }
            try await turn.working()
            try await gate.wait()
        }
        try await withRuntime(agent, store: store, configuration: patient()) { runtime in
            let task = try await runtime.task("hi", immediate: true, as: draft)
            try await eventually {
                try await runtime.get(task.id, as: draft).generation == 2 && (isAtWork || runtime.turns.count == 0)
            }
            var message = request("more", task: task.id, immediate: true)
            message.configuration.ifGenerationMatch = 2
            await expectError(.taskGenerationMismatch) { try await runtime.sendMessage(message, context: draft) }
            #expect(try await runtime.get(task.id, as: draft).generation == 3)
            gate.open()
        }
    }

    @Test("a message to a turn at work depends on the generation just so")
    func atWork() async throws {
        let gate = Gate()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await gate.wait()
        }
        try await withCleanRuntime(agent) { runtime in
            let task = try await runtime.task("hi", immediate: true, as: draft)
            try await eventually { try await runtime.get(task.id, as: draft).generation == 2 }
            var message = request("more", task: task.id, immediate: true)
            message.configuration.ifGenerationMatch = 1
            await expectError(.taskGenerationMismatch) { try await runtime.sendMessage(message, context: draft) }
            message.configuration.ifGenerationMatch = 2
            _ = try await runtime.sendMessage(message, context: draft)
            #expect(try await runtime.get(task.id, as: draft).generation == 3)
            gate.open()
        }
    }
}
