import A2A
import A2ATesting
import Testing

@testable import A2AServer

/// What waits for a turn that has not begun yet, or is just ending.
@Suite("A turn that is about to begin", .timeLimit(.minutes(1)))
struct TurnBeginningTests {
    /// Asks first, and completes with what it is told.
    private let asker = ClosureAgent { turn in
        guard turn.task != nil else { return try await turn.requireInput("?") }
        try await turn.complete(turn.message.text)
    }

    /// A store that waits with the append of the first follow-up message, and counts who reads a task.
    private final class SlowBeginning: Sendable {
        let (isReached, go) = (Gate(), Gate())
        let follows = Notes<String>()
        let reads = Notes<Int?>()
        /// What the first follow-up fails with.
        let failure: (any Error)?

        init(failure: (any Error)? = nil) { self.failure = failure }

        var store: HookedStore {
            var store = HookedStore()
            store.onSnapshot = { self.reads.add($0) }
            store.onAppend = { changes in
                guard let message = changes.first?.received else { return }
                self.follows.add(message.text)
                guard self.follows.count == 1 else { return }
                self.isReached.open()
                try await self.go.wait()
                if let failure = self.failure { throw failure }
            }
            return store
        }

        /// Waits until so many callers have read the task without its history, as they do before they look for its turn, and
        /// lets them do what they do next.
        func readers(_ count: Int, since start: Int) async throws {
            try await eventually { self.reads.all[start...].count { $0 == 0 } == count }
            for _ in 0..<1_000 { await Task.yield() }
        }
    }

    /// A task that waits for its caller, and whose first turn is over: that one would take what comes next.
    private func waitingTask(_ runtime: TaskRuntime) async throws -> String {
        let id = try await runtime.task("hi").id
        try await eventually { runtime.turns.count == 0 }
        return id
    }

    @Test("those who come before it has begun wait, without asking the store again, and all are taken")
    func waiting() async throws {
        let slow = SlowBeginning()
        let agent = ClosureAgent { turn in
            guard turn.task != nil else { return try await turn.requireInput("?") }
            var words = [turn.message.text]
            for _ in 0..<4 { words.append(try await turn.nextMessage().text) }
            try await turn.complete(words.sorted().joined())
        }
        try await withRuntime(agent, store: slow.store, configuration: patient()) { runtime in
            let id = try await self.waitingTask(runtime)
            let start = slow.reads.count
            try await withThrowingTaskGroup(of: A2ATask.self) { group in
                group.addTask { try await runtime.task("0", task: id) }
                try await slow.isReached.wait()
                for index in 1...4 { group.addTask { try await runtime.task("\(index)", task: id) } }
                try await slow.readers(5, since: start)
                // They have been asking all the time if they did not wait.
                #expect(slow.reads.count == start + 5)
                slow.go.open()
                for try await task in group { #expect(task.status.message.text == "01234") }
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("if it cannot begin, one of those who waited begins the next")
    func cannotBegin() async throws {
        let slow = SlowBeginning(failure: A2AError(.unavailable, "No."))
        try await withRuntime(self.asker, store: slow.store, configuration: patient()) { runtime in
            let id = try await self.waitingTask(runtime)
            let start = slow.reads.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await expectError(.unavailable) { try await runtime.task("first", task: id) } }
                try await slow.isReached.wait()
                group.addTask {
                    let task = try await runtime.task("second", task: id)
                    #expect(task.status.message.text == "second")
                }
                try await slow.readers(2, since: start)
                slow.go.open()
                try await group.waitForAll()
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("who waits for it and goes away is forgotten")
    func cancelled() async throws {
        let slow = SlowBeginning()
        try await withRuntime(self.asker, store: slow.store, configuration: patient()) { runtime in
            let id = try await self.waitingTask(runtime)
            let start = slow.reads.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let task = try await runtime.task("first", task: id)
                    #expect(task.status.message.text == "first")
                }
                try await slow.isReached.wait()
                await withTaskGroup(of: Void.self) { leaving in
                    leaving.addTask {
                        await #expect(throws: CancellationError.self) { try await runtime.task("second", task: id) }
                    }
                    try? await slow.readers(2, since: start)
                    leaving.cancelAll()
                }
                slow.go.open()
                try await group.waitForAll()
            }
            #expect(slow.follows.all == ["first"])
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a task is cancelled before its next turn has begun, whether that begins or not", arguments: [true, false])
    func cancelling(begins: Bool) async throws {
        let slow = SlowBeginning(failure: begins ? nil : A2AError(.unavailable, "No."))
        let agent = ClosureAgent { turn in
            guard turn.task != nil else { return try await turn.requireInput("?") }
            try await Gate().wait()
        }
        try await withRuntime(agent, store: slow.store, configuration: patient()) { runtime in
            let id = try await self.waitingTask(runtime)
            let start = slow.reads.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        let task = try await runtime.task("more", task: id)
                        #expect(begins && task.status.state == .canceled)
                    } catch let error as A2AError {
                        #expect(!begins && error.code == .unavailable)
                    }
                }
                try await slow.isReached.wait()
                group.addTask {
                    let task = try await runtime.cancel(id)
                    #expect(task.status.state == .canceled)
                }
                try await slow.readers(2, since: start)
                slow.go.open()
                try await group.waitForAll()
            }
            try await runtime.expectNothingLeft()
        }
    }

    @Test("a turn whose message is in the log goes on although its caller could not be told")
    func callerNotTold() async throws {
        struct Broken: Error {}
        let breaks = Notes<String>()
        var store = HookedStore()
        // What the caller is told is the first to be read with the whole history.
        store.onSnapshot = { length in
            if length == nil, breaks.count == 1 {
                breaks.add("once")
                throw Broken()
            }
        }
        try await withRuntime(self.asker, store: store, configuration: patient()) { runtime in
            let id = try await self.waitingTask(runtime)
            breaks.add("now")
            await #expect(throws: Broken.self) { try await runtime.task("more", id: "m", task: id) }
            try await eventually { try await runtime.get(id).status.state == .completed }
            #expect(try await runtime.get(id).status.message.text == "more")
            // It comes again, and is not taken twice.
            #expect(try await runtime.task("more", id: "m", task: id).history.count { $0.text == "more" } == 1)
            try await runtime.expectNothingLeft()
        }
    }

    @Test("an end that the store does not take is written when it does, and nobody waits in vain", arguments: [1, 3])
    func endWrittenLater(failures: Int) async throws {
        let tries = Notes<A2ATaskState>()
        var store = HookedStore()
        store.onAppend = { changes in
            guard case .status(let status)? = changes.first?.kind, status.state.isTerminal else { return }
            tries.add(status.state)
            if tries.count <= failures { throw A2AError(.resourceExhausted, "The disk is full.") }
        }
        let agent = ClosureAgent { turn in try await turn.append(.text("word"), toArtifact: "a") }
        let configuration = patient { $0.recovery.heartbeatInterval = .milliseconds(5) }
        try await withRuntime(agent, store: store, configuration: configuration) { runtime in
            let events = try await runtime.stream("go").all()
            #expect(events.map(\.word).last == "completed")
            #expect(tries.all == Array(repeating: .completed, count: failures + 1))
            try await runtime.expectNothingLeft()
        }
    }
}
