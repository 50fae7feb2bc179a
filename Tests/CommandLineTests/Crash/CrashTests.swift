import A2A
import A2AClient
import Foundation
import Testing

/// Real agents on a real file, killed at random moments.
///
/// `A2A_CRASH_KILLS` says how often (default 15), `A2A_CRASH_SEED` repeats the run that a failure names.
@Suite("An agent that is killed", .serialized)
struct CrashTests {
    private static func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    @Test("loses nothing, doubles nothing and mixes nothing up, at whatever moments", .timeLimit(.minutes(30)))
    func kills() async throws {
        let seed = Self.setting("A2A_CRASH_SEED").flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        let kills = Self.setting("A2A_CRASH_KILLS").flatMap { Int($0) } ?? 15
        try await CrashPlace.with { folder in
            let run = CrashRun(place: try await CrashPlace(file: folder + "/tasks.db"), seed: seed, kills: kills)
            do {
                try await run.run()
            } catch {
                Issue.record("\(error) (A2A_CRASH_SEED=\(seed))")
            }
            print("crash test: \(run.summary) (A2A_CRASH_SEED=\(seed))")
            let problems = run.problems
            #expect(
                problems.isEmpty,
                "\(problems.count) problems (A2A_CRASH_SEED=\(seed)): \(problems.prefix(10).joined(separator: "; "))")
        }
    }

    /// Two agents on one file.
    private func withTwo(
        _ body:
            @escaping @Sendable (
                _ first: AgentProcess, _ second: AgentProcess, _ places: [CrashPlace]
            ) async throws -> Void
    ) async throws {
        try await CrashPlace.with { folder in
            let file = folder + "/tasks.db"
            let places = [try await CrashPlace(file: file), try await CrashPlace(file: file)]
            let lease = ["--lease", "1"]
            try await AgentProcess.run(places[0].arguments(lease)) { first in
                try await AgentProcess.run(places[1].arguments(lease)) { second in
                    try await body(first, second, places)
                }
            }
        }
    }

    @Test(
        "is taken over by another process on the same file, and its readers read on when it is back",
        .timeLimit(.minutes(1)), arguments: CrashPlace.bindings)
    func takeOver(_ binding: ProtocolBinding) async throws {
        try await self.withTwo { first, second, places in
            let card = try await places[0].card()
            let client = try places[0].client(card, over: binding)
            let other = try places[1].client(try await places[1].card(), over: binding)
            let message = CountingMessage(count: 30, pause: 20)
            try await self.reading(message, client) { id, finished in
                first.send(SIGKILL)
                // The other one goes on by itself.
                let task = try await other.waitForTask(id, interval: .milliseconds(50))
                #expect(message.problem(in: task) == nil)
                try await AgentProcess.run(places[0].arguments()) { _ in
                    let events = try #require(await finished.first { _ in true })
                    #expect(message.problem(in: events) == nil)
                }
            }
            #expect(second.standardError.contains("going on with a task of an earlier process"))
        }
    }

    /// Streams a message; tells `body` of its task after five events, and of all events when the stream has ended.
    private func reading(
        _ message: CountingMessage, _ client: Client,
        _ body: (_ taskID: String, _ finished: AsyncStream<[StreamEvent]>) async throws -> Void
    ) async throws {
        let (begun, noteBegun) = AsyncStream.makeStream(of: String.self)
        let (finished, noteFinished) = AsyncStream.makeStream(of: [StreamEvent].self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer {
                    noteBegun.finish()
                    noteFinished.finish()
                }
                var events: [StreamEvent] = []
                for try await event in try await client.stream(message.message) {
                    events.append(event)
                    if events.count == 5 { noteBegun.yield(event.response.taskID ?? "") }
                }
                noteFinished.yield(events)
            }
            let id = try #require(await begun.first { _ in true })
            try await body(id, finished)
            try await group.waitForAll()
        }
    }

    @Test(
        "or paused and woken late, writes no more what others have taken over, and its readers lose nothing",
        .timeLimit(.minutes(1)), arguments: CrashPlace.bindings)
    func paused(_ binding: ProtocolBinding) async throws {
        try await self.withTwo { first, second, places in
            let client = try places[0].client(try await places[0].card(), over: binding)
            let other = try places[1].client(try await places[1].card(), over: .jsonRPC)
            let message = CountingMessage(count: 40, pause: 20)
            try await self.reading(message, client) { id, finished in
                try await first.pause(using: places[0].file)
                let task = try await other.waitForTask(id, interval: .milliseconds(50))
                #expect(message.problem(in: task) == nil)
                first.send(SIGCONT)
                let events = try #require(await finished.first { _ in true })
                #expect(message.problem(in: events) == nil)
                #expect(message.problem(in: try await client.getTask(id)) == nil)
            }
            #expect(second.standardError.contains("going on with a task of an earlier process"))
        }
    }
}
