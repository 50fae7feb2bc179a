import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Synchronization
import TestSupport

@testable import A2ATCP

/// One task whose agent writes events, some readers, a proxy that cuts their connection, a server that starts again and again,
/// and a log that forgets: the real code of both sides, driven by a seed.
final class ResumptionRun: Sendable {
    private let seed: UInt64
    private let plan: Plan
    /// How often a reader was taken up where it was.
    let resumed = Mutex(0)
    /// The first event has come.
    private let heard = Signal()

    private struct Plan {
        var total: Int
        var servers: Int
        var keepsEpoch: Bool
        var retained: Int
        var cuts: Int
        /// Of each reader but the first: after how many events it comes, and how slow it is.
        var readers: [(after: Int, pace: Int)]
        var padding: Int
    }

    init(_ seed: UInt64) {
        var random = SplitMix(seed)
        self.seed = seed
        self.plan = Plan(
            total: Int.random(in: 30...120, using: &random), servers: Int.random(in: 1...3, using: &random),
            keepsEpoch: Bool.random(using: &random), retained: [4, 20, 20_000].randomElement(using: &random) ?? 4,
            cuts: Int.random(in: 0...12, using: &random),
            readers: (0..<Int.random(in: 1...3, using: &random)).map { _ in
                (Int.random(in: 1...25, using: &random), [0, 5, 300].randomElement(using: &random) ?? 0)
            },
            padding: [0, 0, 3_000, 40_000].randomElement(using: &random) ?? 0)
    }

    struct Outcome {
        var readers: [[StreamEvent]]
        var log: [LoggedEvent]
        var connections: Int

        /// The number of the last event.
        private var end: Int64 { self.log.last?.generation ?? 0 }

        /// What is wrong with what a reader got, and how often it was told that something is missing.
        func compare(_ events: [StreamEvent]) -> (problem: String?, gaps: Int) {
            var last: Int64?
            var gaps = 0
            for event in events {
                if case .task(let task) = event.response.payload {
                    if last != nil { gaps += 1 }
                    // Without a number it is the task after its end.
                    let number = event.generation ?? self.end
                    if let last, event.generation != nil, number <= last {
                        return ("the task at \(number) after \(last)", gaps)
                    }
                    guard Self.text(task) == self.text(upTo: number) else { return ("another task at \(number)", gaps) }
                    last = number
                } else {
                    guard let number = event.generation else { return ("an event without a number", gaps) }
                    if let last, number != last + 1 { return ("\(number) after \(last)", gaps) }
                    // Creation, number 1, is the task itself.
                    guard self.log.indices.contains(Int(number) - 2), self.log[Int(number) - 2].update == event.response
                    else { return ("another event \(number)", gaps) }
                    last = number
                }
            }
            return (last == self.end ? nil : "the end is missing: \(last ?? 0) of \(self.end)", gaps)
        }

        private func text(upTo number: Int64) -> String {
            self.log.prefix { $0.generation <= number }.map { event in
                guard case .artifactUpdate(let update) = event.update.payload else { return "" }
                return update.artifact.parts.map(\.text).joined()
            }.joined()
        }

        private static func text(_ task: A2ATask) -> String { task.artifacts.flatMap(\.parts).map(\.text).joined() }
    }

    // MARK: The run

    func play() async throws -> Outcome {
        let plan = self.plan
        let store = ReferenceStore(retained: plan.retained)
        // The agent stands still while the server changes: as far as it comes, and the servers that are up.
        let reached = (0...plan.servers).map { _ in Signal() }
        let up = (0...plan.servers).map { _ in Signal() }
        let heard = self.heard
        let agent = ClosureAgent { turn in
            try await turn.working("Counting.")
            // A message is sent once only, so its reader must have the task before anything breaks.
            await heard.wait()
            for index in 1...plan.total {
                let server = index * plan.servers / (plan.total + 1)
                if server > 0, (index - 1) * plan.servers / (plan.total + 1) < server {
                    reached[server].raise()
                    await up[server].wait()
                }
                for _ in 0..<20 { await Task.yield() }
                let padding = index % 7 == 0 ? String(repeating: "x", count: plan.padding) : ""
                try await turn.append(
                    .text("\(index)\(padding) "), toArtifact: "numbers", name: "Numbers", lastChunk: index == plan.total
                )
                if index % 10 == 0 { try await turn.working("Now at \(index).") }
            }
        }
        let runtime = TaskRuntime(agent: agent, card: ReferenceAgent.card(), store: store, logger: .silent)
        return try await withService(runtime) {
            let front = StubService(
                onSend: { try await runtime.sendMessage($0, context: $1) },
                onStream: { try await runtime.sendStreamingMessage($0, context: $1) },
                onSubscribe: { [self] in
                    if $1.resumeAfter != nil { self.resumed.withLock { $0 += 1 } }
                    return try await runtime.subscribeToTask($0, context: $1)
                },
                onGet: { try await runtime.getTask($0, context: $1) })
            let (events, connections) = try await self.serve(front, reached, up)
            return Outcome(readers: events, log: try await store.log(), connections: connections)
        }
    }

    /// One server after the other on one port, before them the proxy, and the readers.
    private func serve(
        _ front: StubService, _ reached: [Signal], _ up: [Signal]
    ) async throws -> ([[StreamEvent]], Int) {
        // A port that is free: that of a server that has just gone.
        let port = try await withTCPService(front) { TestSupport.port($0) }
        return try await CuttingProxy.with(port: port, seed: self.seed, cuts: self.plan.cuts) { proxy in
            let done = Signal()
            return try await withThrowingTaskGroup(of: [[StreamEvent]]?.self) { group in
                group.addTask { [plan = self.plan] in
                    for index in 0..<plan.servers {
                        var configuration = TCPServerConfiguration()
                        configuration.port = port
                        configuration.shutdownGrace = .milliseconds(20)
                        configuration.epoch = plan.keepsEpoch ? 7 : UInt64(index + 1)
                        try await withTCPService(front, configuration: configuration) { _ in
                            up[index].raise()
                            await (index + 1 < plan.servers ? reached[index + 1] : done).wait()
                        }
                    }
                    return nil
                }
                group.addTask {
                    defer { done.raise() }
                    await up[0].wait()
                    return try await self.read(proxy.address)
                }
                var events: [[StreamEvent]] = []
                for try await result in group { events = result ?? events }
                return (events, proxy.count)
            }
        }
    }

    // MARK: The readers

    private func read(_ address: String) async throws -> [[StreamEvent]] {
        var configuration = ClientConfiguration()
        configuration.resume.maxAttemptsWithoutProgress = 100_000
        configuration.resume.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(5))
        let client = try client(address, configuration: configuration)
        let task = TaskName()
        let starts = self.plan.readers.map { _ in Signal() }
        return try await withThrowingTaskGroup(of: (Int, [StreamEvent]).self) { group in
            for (index, reader) in self.plan.readers.enumerated() {
                group.addTask {
                    await starts[index].wait()
                    var request = A2ASubscribeToTaskRequest()
                    request.id = task.id.withLock { $0 }
                    return (index + 1, try await Self.follow(client, request, pace: reader.pace))
                }
            }
            var events: [StreamEvent] = []
            for try await event in try await client.stream("count") {
                events.append(event)
                self.heard.raise()
                if let id = event.response.taskID { task.id.withLock { $0 = id } }
                for (index, reader) in self.plan.readers.enumerated() where events.count >= reader.after {
                    starts[index].raise()
                }
            }
            for start in starts { start.raise() }
            var all: [Int: [StreamEvent]] = [0: events]
            for try await (index, events) in group { all[index] = events }
            return all.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// Subscribes until it is heard, and reads to the end; who comes after the end gets the task.
    private static func follow(
        _ client: Client, _ request: A2ASubscribeToTaskRequest, pace: Int
    ) async throws -> [StreamEvent] {
        while true {
            do {
                var events: [StreamEvent] = []
                for try await event in try await client.subscribeToTask(request) {
                    events.append(event)
                    for _ in 0..<pace { await Task.yield() }
                }
                return events
            } catch let error as A2AError where error.code == .unavailable {
                await Task.yield()
            } catch let error as A2AError where error.code == .unsupportedOperation {
                // That call may be cut too.
                if let task = try? await client.getTask(request.id) { return [StreamEvent(.task(task))] }
            }
        }
    }
}

/// The task, once it is known.
private final class TaskName: Sendable {
    let id = Mutex("")
}

/// A store that forgets, and beside it one that does not.
private final class ReferenceStore: TaskStore {
    private let kept: MemoryTaskStore
    private let all: MemoryTaskStore
    private let task = Mutex<(id: String, scope: Scope)?>(nil)

    init(retained: Int) {
        var retention = MemoryTaskStore.Retention()
        retention.eventsPerTask = retained
        // The same time in both, so that their events are equal.
        let now = A2ATimestamp.now
        self.kept = MemoryTaskStore(retention: retention, wallClock: { now })
        self.all = MemoryTaskStore(wallClock: { now })
    }

    func log() async throws -> [LoggedEvent] {
        guard let (id, scope) = self.task.withLock({ $0 }),
            case .events(let events) = try await self.all.events(of: id, in: scope, after: 1, limit: .max)
        else { return [] }
        return events
    }

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        self.task.withLock { $0 = (task.id, scope) }
        _ = try await self.all.create(task, then: changes, in: scope)
        return try await self.kept.create(task, then: changes, in: scope)
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        _ = try await self.all.append(changes, to: id, in: scope, condition: condition)
        return try await self.kept.append(changes, to: id, in: scope, condition: condition)
    }

    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        try await self.kept.snapshot(of: id, in: scope, historyLength: historyLength)
    }

    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage {
        try await self.kept.events(of: id, in: scope, after: generation, limit: limit)
    }

    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        try await self.kept.list(query, in: scope)
    }

    func removeExpired() async throws { try await self.kept.removeExpired() }
}
