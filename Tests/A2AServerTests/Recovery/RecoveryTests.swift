import A2A
import A2ATesting
import HTTPTypes
import Synchronization
import Testing

@testable import A2AServer

@Suite("Turns that outlive their process", .timeLimit(.minutes(1)))
struct RecoveryTests {
    /// A configuration in which a process that does not beat is soon taken for dead.
    private func quick(_ adjust: (inout RuntimeConfiguration) -> Void = { _ in }) -> RuntimeConfiguration {
        patient {
            $0.shutdownGrace = .milliseconds(1)
            $0.recovery.leaseLength = .milliseconds(500)
            $0.recovery.heartbeatInterval = .milliseconds(5)
            $0.recovery.sharedLogInterval = .milliseconds(2)
            adjust(&$0)
        }
    }

    /// Says five words, and waits at the gate before the fourth unless it goes on with what another process began.
    private func speaker(_ gate: Gate, notes: Notes<Resumption> = .init()) -> ClosureAgent {
        ClosureAgent(recovery: .resume) { turn in
            if let resumption = turn.resumption { notes.add(resumption) }
            let said = turn.task?.artifacts.first?.parts.count ?? 0
            // None is left if all were said, and only the end was not written.
            for number in 1...5 where number > said {
                if number == 4, turn.resumption == nil { try await gate.wait() }
                try await turn.append(.text("\(number)"), toArtifact: "words")
            }
        }
    }

    private func words(_ task: A2ATask) -> [String] {
        task.artifacts.first?.parts.compactMap { if case .text(let text) = $0.content { text } else { nil } } ?? []
    }

    @Test("an agent that resumes goes on where a silent process stopped, which can write no more")
    func takeOver() async throws {
        let log = SimulatedLog()
        let (first, second) = (SimulatedProcess(log), SimulatedProcess(log))
        let (gate, notes) = (Gate(), Notes<Resumption>())
        let agent = self.speaker(gate, notes: notes)
        try await withRuntime(agent, store: first, configuration: self.quick()) { slow in
            let id = try await slow.task("go", immediate: true).id
            try await eventually { try await slow.get(id).artifacts.first?.parts.count == 3 }
            first.isPaused.store(true, ordering: .relaxed)
            try await withRuntime(agent, store: second, configuration: self.quick()) { other in
                try await eventually { try await other.get(id).status.state == .completed }
                let resumption = try #require(notes.all.first)
                #expect(notes.count == 1)
                #expect(resumption.events == 3)
                #expect(resumption.attempt == 1)
                // The process wakes up, and tries to go on.
                gate.open()
                try await eventually { slow.turns.count == 0 }
                let task = try await other.get(id)
                #expect(self.words(task) == ["1", "2", "3", "4", "5"])
            }
            // It is let in again.
            first.isPaused.store(false, ordering: .relaxed)
            try await eventually {
                do {
                    return try await slow.task("again").status.state == .completed
                } catch let error as A2AError where error.code == .unavailable {
                    return false
                }
            }
        }
    }

    @Test("readers of a process that was thought dead are sent away, to come again and read on")
    func readers() async throws {
        let log = SimulatedLog()
        let (first, second) = (SimulatedProcess(log), SimulatedProcess(log))
        let (gate, end) = (Gate(), Gate())
        let agent = ClosureAgent(recovery: .resume) { turn in
            if turn.resumption == nil {
                try await turn.working()
                try await gate.wait()
            } else {
                try await end.wait()
                try await turn.complete("Done")
            }
        }
        try await withRuntime(agent, store: first, configuration: self.quick()) { slow in
            let id = try await slow.task("go", immediate: true).id
            try await eventually { try await slow.get(id).status.state == .working }
            let stream = try await slow.subscribe(id)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let error = await expectError(.unavailable) { try await stream.all() }
                    #expect(error?.retryDelay != nil)
                }
                first.isPaused.store(true, ordering: .relaxed)
                try await withRuntime(agent, store: second, configuration: self.quick()) { other in
                    try await eventually { other.turns.count == 1 }
                    first.isPaused.store(false, ordering: .relaxed)
                    try await group.waitForAll()
                    let again = try await slow.subscribe(id, after: 2)
                    end.open()
                    #expect(try await again.all().map(\.word) == ["completed"])
                }
            }
        }
    }

    @Test("an agent that does not resume fails what an earlier process has left, and says why")
    func fails() async throws {
        let log = SimulatedLog()
        let first = SimulatedProcess(log)
        let id = try await self.abandon(self.speaker(Gate()), on: first)
        let agent = ClosureAgent { _ in Issue.record("should not run") }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            try await eventually { try await runtime.get(id).status.state == .failed }
            #expect(try await runtime.get(id).status.message.text.contains("restarted"))
        }
    }

    /// Lets a process begin a task and shut down while it is at work.
    private func abandon(
        _ agent: ClosureAgent, on store: SimulatedProcess, text: String = "go", context: CallContext = .plain,
        until isReady: (A2ATask) -> Bool = { $0.artifacts.first?.parts.count == 3 }
    ) async throws -> String {
        try await withRuntime(agent, store: store, configuration: self.quick()) { runtime in
            let id = try await runtime.task(text, id: "m1", immediate: true, as: context).id
            try await eventually { isReady(try await runtime.get(id, as: context)) }
            return id
        }
    }

    @Test("a shutdown leaves turns that can be resumed, and the next process goes on")
    func shutdown() async throws {
        let log = SimulatedLog()
        let (gate, notes) = (Gate(), Notes<Resumption>())
        let agent = self.speaker(gate, notes: notes)
        let id = try await self.abandon(agent, on: SimulatedProcess(log))
        let store = SimulatedProcess(log)
        #expect(try await store.snapshot(of: id, in: Scope(), historyLength: nil)?.task.status.state == .submitted)
        try await withRuntime(agent, store: store, configuration: self.quick()) { runtime in
            try await eventually { try await runtime.get(id).status.state == .completed }
            #expect(self.words(try await runtime.get(id)) == ["1", "2", "3", "4", "5"])
            #expect(notes.all.map(\.events) == [3])
        }
    }

    @Test("a runtime that is run again in the same process, on the same store, goes on with its tasks")
    func sameProcess() async throws {
        let store = SimulatedProcess(SimulatedLog())
        let agent = self.speaker(Gate())
        let id = try await self.abandon(agent, on: store)
        try await withRuntime(agent, store: store, configuration: self.quick()) { runtime in
            try await eventually { try await runtime.get(id).status.state == .completed }
            #expect(try await runtime.task("again", immediate: true).status.state.isActive)
        }
    }

    @Test("an agent that does not resume fails its tasks at shutdown, as without a store that lasts")
    func shutdownFails() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent { turn in
            try await turn.working()
            try await Gate().wait()
        }
        let store = SimulatedProcess(log)
        let id = try await self.abandon(agent, on: store) { $0.status.state == .working }
        let task = try await store.snapshot(of: id, in: Scope(), historyLength: nil)?.task
        #expect(task?.status.state == .failed)
        #expect(task?.status.message.text.contains("shut down") == true)
    }

    @Test("a turn that goes on has what the call said, except credentials, and the messages that came since")
    func opening() async throws {
        let log = SimulatedLog()
        let seen = Notes<[String]>()
        let agent = ClosureAgent(recovery: .resume) { turn in
            guard turn.resumption != nil else {
                try await turn.openTask()
                return try await Gate().wait()
            }
            let next = try await turn.nextMessage()
            seen.add([
                turn.message.text, next.text, turn.context.principal.id, turn.context.tenant,
                turn.metadata.fields["k"]?.string ?? "", turn.configuration.acceptedOutputModes.joined(),
                "\(turn.context.parameters.fields.count)", "\(turn.resumption?.events ?? -1)",
                "\(turn.resumption?.messages.map(\.text) ?? [])",
            ])
        }
        var context = CallContext.by("alice", tenant: "t")
        context.parameters.fields[.init("X-Secret")!] = "secret"
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            var first = request("go", id: "1", immediate: true)
            first.metadata.fields["k"] = "v"
            first.configuration.acceptedOutputModes = ["text/plain"]
            let task = try await runtime.sendMessage(first, context: context).task
            _ = try await runtime.task("more", id: "2", task: task.id, immediate: true, as: context)
        }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { _ in
            try await eventually { seen.count == 1 }
        }
        #expect(seen.all == [["go", "more", "alice", "t", "v", "text/plain", "0", "0", "[\"more\"]"]])
    }

    @Test("what is kept of a call holds neither parameters nor the secrets of push notifications")
    func openingHasNoSecrets() throws {
        var request = request("go", id: "1")
        request.configuration.taskPushNotificationConfig.token = "secret"
        var context = CallContext.by("alice")
        context.principal.scopes = ["read", "write"]
        context.requestedExtensions = ["x", "y"]
        context.response.activatedExtensions = ["y"]
        context.parameters.fields[.init("Authorization")!] = "secret"
        let opening = TurnOpening(request, context: context)
        let octets = try opening.encoded()
        #expect(try TurnOpening(decoding: octets) == opening)
        #expect(!String(decoding: octets, as: UTF8.self).contains("secret"))
        let call = opening.callContext
        #expect(call.principal == context.principal)
        #expect(call.requestedExtensions == ["x", "y"])
        #expect(call.response.activatedExtensions == ["y"])
        #expect(throws: (any Error).self) { try TurnOpening(decoding: [0xFF, 0x00]) }
        #expect(throws: A2AError.self) { try TurnOpening(decoding: []) }
    }

    @Test("a reply of a resumed turn that had not answered yet completes its task")
    func replyAfterwards() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent(recovery: .resume) { turn in
            if turn.resumption == nil { try await Gate().wait() }
            try await turn.reply("Here I am")
        }
        // Made because the caller does not wait.
        let configuration = self.quick { $0.decisionGrace = .zero }
        let id = try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) {
            try await $0.task("go", immediate: true).id
        }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            try await eventually { try await runtime.get(id).status.state == .completed }
            #expect(try await runtime.get(id).status.message.text == "Here I am")
        }
    }

    @Test("a message that an earlier process accepted leads to its task, not to another one")
    func repeatedMessage() async throws {
        let log = SimulatedLog()
        let agent = self.speaker(Gate())
        let id = try await self.abandon(agent, on: SimulatedProcess(log))
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            let sent = try await runtime.task("go", id: "m1").id
            #expect(sent == id)
            let streamed = try await runtime.stream("go", id: "m1").all().first?.response.taskID
            #expect(streamed == id)
            let other = try await runtime.task("other words", id: "m1", immediate: true).id
            #expect(other != id)
            let bobs = try await runtime.task("go", id: "m1", immediate: true, as: .by("bob")).id
            #expect(bobs != id)
        }
    }

    @Test("a message that an earlier process answered with a message gets the same answer, and runs nothing")
    func repeatedReply() async throws {
        let log = SimulatedLog()
        let runs = Notes<String>()
        let agent = ClosureAgent(recovery: .resume) { turn in
            runs.add(turn.message.text)
            try await turn.reply("Reply \(runs.count)")
        }
        func reply(_ runtime: TaskRuntime, _ text: String, as context: CallContext = .plain) async throws -> A2AMessage?
        {
            guard
                case .message(let message)? = try await runtime.sendMessage(
                    request(text, id: "m1"), context: context
                ).payload
            else { return nil }
            return message
        }
        let first = try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) {
            let first = try await reply($0, "go")
            #expect(try await reply($0, "go") == first)
            return first
        }
        #expect(first?.text == "Reply 1")
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            #expect(try await reply(runtime, "go") == first)
            let streamed = try await runtime.stream("go", id: "m1").all()
            #expect(streamed.map(\.word) == ["message Reply 1"])
            #expect(runs.all == ["go"])
            // Other words, and another caller, are answered anew.
            #expect(try await reply(runtime, "other words")?.text == "Reply 2")
            #expect(try await reply(runtime, "go", as: .by("bob"))?.text == "Reply 3")
        }
    }

    @Test("a reply that cannot be remembered is not given, and the message can be sent again")
    func unrememberedReply() async throws {
        let store = SimulatedProcess(SimulatedLog())
        let agent = ClosureAgent { try await $0.reply("Yes") }
        try await withRuntime(agent, store: store, configuration: self.quick()) { runtime in
            store.isBroken.store(true, ordering: .relaxed)
            await expectError(.resourceExhausted) {
                try await runtime.sendMessage(request("go", id: "1"), context: .plain)
            }
            store.isBroken.store(false, ordering: .relaxed)
            let again = try await runtime.sendMessage(request("go", id: "1"), context: .plain)
            guard case .message(let message)? = again.payload else {
                Issue.record("\(again)")
                return
            }
            #expect(message.text == "Yes")
        }
    }

    @Test("a task that is made just when the lease is lost is gone on with at the next beat, not at the next start")
    func madeWhileLeaseIsLost() async throws {
        let log = SimulatedLog()
        let (first, second) = (SimulatedProcess(log), SimulatedProcess(log))
        let (making, make) = (Gate(), Gate())
        first.onCreate = {
            making.open()
            await make.waitStubbornly()
        }
        let agent = ClosureAgent(recovery: .resume) { turn in
            if turn.resumption == nil {
                try await turn.working("begun")
                try await Gate().wait()
            } else {
                try await turn.complete("done")
            }
        }
        try await withRuntime(agent, store: first, configuration: self.quick()) { runtime in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // It may hear of the task, or that it should ask again.
                    do { _ = try await runtime.task("go", immediate: true) } catch let error as A2AError {
                        #expect(error.code == .unavailable)
                    }
                }
                // The turn is on its way to the store; others end the lease, and the process begins a new one.
                try await making.wait()
                let lease = try #require(first.currentLease)
                await log.end(lease)
                _ = try await second.takeOrphans(limit: 10)
                try await eventually { first.currentLease.map { $0 != lease } ?? false }
                make.open()
                try await eventually { try await runtime.list().first?.status.state == .completed }
                #expect(try await runtime.list().count == 1)
                group.cancelAll()
            }
        }
    }

    @Test("a follow-up message that an earlier process accepted is not taken twice")
    func repeatedFollowUp() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent(recovery: .resume) { turn in
            if turn.task == nil { return try await turn.requireInput("?") }
            try await turn.complete(turn.message.text)
        }
        let id = try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            let id = try await runtime.task("go").id
            _ = try await runtime.task("yes", id: "2", task: id)
            return id
        }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            let task = try await runtime.task("yes", id: "2", task: id)
            #expect(task.status.state == .completed)
            #expect(task.history.filter { $0.role == .user }.count == 2)
            await expectError(.unsupportedOperation) { try await runtime.task("no", id: "3", task: id) }
        }
    }

    @Test("a message to a task at which another process works is refused for now")
    func busy() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent(recovery: .resume) { turn in
            if turn.message.text == "ask" { return try await turn.requireInput("?") }
            try await turn.working()
            try await Gate().wait()
        }
        let configuration = self.quick { $0.recovery.leaseLength = .seconds(3600) }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { first in
            try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { second in
                let id = try await first.task("go", immediate: true).id
                let error = await expectError(.unavailable) { try await second.task("more", task: id) }
                #expect(error?.retryDelay != nil)
                // One whose turn is over is anybody's.
                let asked = try await first.task("ask").id
                try await eventually {
                    do {
                        return try await second.task("go", task: asked, immediate: true).status.state == .working
                    } catch let error as A2AError where error.code == .unavailable {
                        return false
                    }
                }
            }
        }
    }

    @Test("readers follow a task that another process works on, and can cancel it")
    func follow() async throws {
        let log = SimulatedLog()
        let (gate, cancelled) = (Gate(), Gate())
        let agent = ClosureAgent(recovery: .resume) { turn in
            try await turn.working("one")
            try await gate.wait()
            try await turn.working("two")
            do {
                try await Gate().wait()
            } catch {
                cancelled.open()
                throw error
            }
        }
        let configuration = self.quick { $0.recovery.leaseLength = .seconds(3600) }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { first in
            try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { second in
                let id = try await first.task("go", immediate: true).id
                var events = try await second.subscribe(id).makeAsyncIterator()
                _ = try await events.next()
                gate.open()
                var word = ""
                while word != "two" {
                    guard case .statusUpdate(let update)? = try await events.next()?.response.payload else { continue }
                    word = update.status.message.text
                }
                #expect(try await second.cancel(id).status.state == .canceled)
                try await cancelled.wait()
                #expect(try await events.next()?.word == "canceled")
            }
        }
    }

    @Test("a subscription stays open while nobody works on its task, and goes on when somebody does")
    func openMeanwhile() async throws {
        let log = SimulatedLog()
        let agent = self.speaker(Gate())
        let store = SimulatedProcess(log)
        let left = Gate()
        let patience = self.quick { $0.recovery.leaseLength = .seconds(3600) }
        try await withRuntime(ClosureAgent { _ in }, store: store, configuration: patience) { reading in
            // This one takes over nothing.
            let id = try await withRuntime(agent, store: SimulatedProcess(log), configuration: patience) { first in
                let id = try await first.task("go", immediate: true).id
                try await eventually { try await first.get(id).artifacts.first?.parts.count == 3 }
                store.isPaused.store(true, ordering: .relaxed)
                return id
            }
            let stream = try await reading.subscribe(id)
            try await withThrowingTaskGroup(of: [String].self) { group in
                group.addTask {
                    var words: [String] = []
                    for try await event in stream {
                        words.append(event.word)
                        left.open()
                    }
                    return words
                }
                // The reader is there, and nobody works on the task.
                try await left.wait()
                #expect(try await reading.get(id).status.state == .submitted)
                try await withRuntime(agent, store: SimulatedProcess(log), configuration: patience) { second in
                    try await eventually { try await second.get(id).status.state == .completed }
                    store.isPaused.store(false, ordering: .relaxed)
                    let words = try await group.next()
                    #expect(words == ["task submitted", "4", "5", "completed"])
                }
            }
        }
    }

    @Test("a turn that is taken up again and again without success is given up")
    func poison() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent(recovery: .resume) { turn in
            try await turn.openTask()
            try await Gate().wait()
        }
        let configuration = self.quick { $0.recovery.maxAttempts = 2 }
        let id = try await self.abandon(agent, on: SimulatedProcess(log)) { _ in true }
        for _ in 1...2 {
            try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { runtime in
                try await eventually { runtime.turns[id] != nil }
            }
        }
        try await withRuntime(agent, store: SimulatedProcess(log), configuration: configuration) { runtime in
            try await eventually { try await runtime.get(id).status.state == .failed }
            #expect(try await runtime.get(id).status.message.text.contains("3 times in a row"))
        }
    }

    @Test("no more turns are taken up than there is room for, and the rest follows")
    func room() async throws {
        let log = SimulatedLog()
        let agent = ClosureAgent(recovery: .resume) { turn in
            try await turn.openTask()
            if turn.resumption == nil { try await Gate().wait() }
        }
        let ids = try await withRuntime(agent, store: SimulatedProcess(log), configuration: self.quick()) { runtime in
            var ids: [String] = []
            for _ in 0..<10 { ids.append(try await runtime.task("go", immediate: true).id) }
            return ids
        }
        let most = Mutex(0)
        let running = Mutex(0)
        let counting = ClosureAgent(recovery: .resume) { turn in
            let now = running.withLock { count in
                count += 1
                return count
            }
            most.withLock { $0 = max($0, now) }
            await Task.yield()
            running.withLock { $0 -= 1 }
        }
        let configuration = self.quick { $0.maxConcurrentTurns = 3 }
        try await withRuntime(counting, store: SimulatedProcess(log), configuration: configuration) { runtime in
            for id in ids { try await eventually { try await runtime.get(id).status.state == .completed } }
        }
        #expect(most.withLock { $0 } <= 3)
    }
}
