import A2A
import A2AClient
import A2ATesting
import Foundation
import Synchronization

/// An agent that is killed again and again, callers that go on all the time, and what they were told.
final class CrashRun: Sendable {
    /// What the callers were told.
    private struct Records {
        /// Tasks that somebody knows of, by id.
        var acknowledged: [String: CountingMessage] = [:]
        var sent: [String: CountingMessage] = [:]
        var problems: [String] = []
        var streams = 0
        var answers = 0
        var repeated = 0
        var resumed = 0
    }

    private let place: CrashPlace
    private let seed: UInt64
    private let kills: Int
    private let records = Mutex(Records())
    private let isOver = Atomic(false)

    /// How many callers each binding has.
    private static let callersPerBinding = 2

    init(place: CrashPlace, seed: UInt64, kills: Int) {
        self.place = place
        self.seed = seed
        self.kills = kills
    }

    /// What was wrong; empty for nothing.
    var problems: [String] { self.records.withLock { $0.problems } }

    /// What was done, in a line.
    var summary: String {
        self.records.withLock {
            "\(self.kills) kills, \($0.acknowledged.count) tasks, \($0.streams) streams, \($0.answers) answers, "
                + "\($0.repeated) messages sent again"
        }
    }

    /// Kills and calls, then checks.
    func run() async throws {
        let card = try await AgentProcess.run(self.place.arguments()) { _ in try await self.place.card() }
        let (ends, noteEnd) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var random = SeededGenerator(seed: self.seed)
            for binding in CrashPlace.bindings {
                let client = try self.place.client(card, over: binding)
                for _ in 0..<Self.callersPerBinding {
                    let seed = random.next()
                    group.addTask {
                        try await self.call(client, SeededGenerator(seed: seed))
                        noteEnd.yield()
                    }
                }
            }
            let moments = (0..<self.kills).map { _ in Int.random(in: 0...400, using: &random) }
            group.addTask { try await self.kill(at: moments, thenCheck: card, after: ends) }
            try await group.waitForAll()
        }
    }

    private func kill(at moments: [Int], thenCheck card: A2AAgentCard, after ends: AsyncStream<Void>) async throws {
        for moment in moments {
            try await AgentProcess.run(self.place.arguments()) { agent in
                // The moment is random on purpose; nothing waits for it.
                try await Task.sleep(for: .milliseconds(moment))
                agent.send(SIGKILL)
            }
        }
        self.isOver.store(true, ordering: .relaxed)
        try await AgentProcess.run(self.place.arguments()) { _ in
            var callers = Self.callersPerBinding * CrashPlace.bindings.count
            for await _ in ends {
                callers -= 1
                if callers == 0 { break }
            }
            try await self.check(try self.place.client(card, over: .jsonRPC))
        }
    }

    // MARK: Callers

    private func call(_ client: Client, _ generator: SeededGenerator) async throws {
        var random = generator
        while !self.isOver.load(ordering: .relaxed) {
            let message = CountingMessage(
                count: Int.random(in: 1...25, using: &random), pause: Int.random(in: 0...30, using: &random))
            self.records.withLock { $0.sent[message.message.messageID] = message }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try await self.stream(message, client)
            case 1: try await self.wait(message, client)
            default: try await self.follow(message, client)
            }
        }
    }

    /// Does something until its fate is known, with the same message each time.
    private func repeating<Result>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await body()
            } catch let error as A2AError where error.code == .unavailable || error.transportFailure != nil {
                self.records.withLock { $0.repeated += 1 }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func acknowledge(_ id: String, _ message: CountingMessage) {
        self.records.withLock { records in
            if let known = records.acknowledged.updateValue(message, forKey: id),
                known.message.messageID != message.message.messageID
            {
                records.problems.append("two messages were told of task \(id)")
            }
        }
    }

    private func note(_ problem: String?, _ client: Client) {
        guard let problem else { return }
        self.records.withLock { $0.problems.append("\(client.interface?.protocolBinding ?? ""): \(problem)") }
    }

    private func stream(_ message: CountingMessage, _ client: Client) async throws {
        let events = try await self.repeating {
            let stream = try await client.stream(message.message)
            return try await self.read(stream, message, client)
        }
        self.records.withLock { $0.streams += 1 }
        self.note(message.problem(in: events), client)
    }

    /// Reads a stream to its end; a stream that has begun must not fail.
    private func read(_ stream: EventStream, _ message: CountingMessage, _ client: Client) async throws -> [StreamEvent]
    {
        var events: [StreamEvent] = []
        do {
            for try await event in stream {
                if let id = event.response.taskID { self.acknowledge(id, message) }
                events.append(event)
            }
        } catch  where !events.isEmpty {
            self.note("a stream that had begun failed: \(error)", client)
        }
        return events
    }

    private func wait(_ message: CountingMessage, _ client: Client) async throws {
        let task = try await self.repeating { try await client.send(message.message) }.task
        self.acknowledge(task.id, message)
        self.records.withLock { $0.answers += 1 }
        self.note(message.problem(in: task), client)
    }

    /// Begins a task without waiting, and follows it.
    private func follow(_ message: CountingMessage, _ client: Client) async throws {
        var configuration = A2ASendMessageConfiguration()
        configuration.returnImmediately = true
        let task = try await self.repeating { [configuration] in
            try await client.send(message.message, configuration: configuration)
        }.task
        self.acknowledge(task.id, message)
        let events: [StreamEvent]
        do {
            events = try await self.repeating {
                try await self.read(try await client.subscribe(task.id), message, client)
            }
        } catch let error as A2AError where error.code == .unsupportedOperation {
            // It has ended already.
            return self.note(message.problem(in: try await client.getTask(task.id)), client)
        }
        self.records.withLock { $0.streams += 1 }
        // A task that ended between two connections comes as a whole.
        if case .task(let last)? = events.last?.response.payload, last.status.state.isTerminal { return }
        self.note(message.problem(in: events), client)
    }

    // MARK: At the end

    /// Everything that anybody was told of is there, once, and right.
    private func check(_ client: Client) async throws {
        let (acknowledged, sent) = self.records.withLock { ($0.acknowledged, $0.sent) }
        for (id, message) in acknowledged {
            let task = try await client.waitForTask(id, interval: .milliseconds(20))
            self.note(message.problem(in: task), client)
        }
        var tasks: [String: [String]] = [:]
        for try await task in client.tasks(pageSize: 100) {
            let opening = task.history.first?.messageID ?? ""
            tasks[opening, default: []].append(task.id)
            if sent[opening] == nil { self.note("task \(task.id) comes of a message that nobody sent", client) }
        }
        for (message, ids) in tasks where ids.count > 1 {
            self.note("message \(message) has made the tasks \(ids)", client)
        }
        for message in sent.keys where tasks[message] == nil {
            self.note("message \(message) has made no task", client)
        }
        for (id, message) in acknowledged where tasks[message.message.messageID] != [id] {
            self.note("task \(id) is not that of its message", client)
        }
    }
}
