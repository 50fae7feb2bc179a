import A2A
import A2AClient
import A2AHTTP
import A2ASQLite
import A2ATesting
import Foundation
import Testing

/// Real agents on files that fail: callers are told, nothing is lost, and work goes on when the cause is gone.
@Suite("An agent whose file fails", .serialized, .timeLimit(.minutes(2)))
struct StoreFaultTests {
    /// A caller that takes the first answer.
    private func caller(_ place: CrashPlace) async throws -> Client {
        var configuration = ClientConfiguration()
        configuration.retry = .never
        return try Client(
            card: try await place.card(), transports: [HTTPTransportFactory()], configuration: configuration)
    }

    private func with(_ body: (_ folder: String, _ place: CrashPlace) async throws -> Void) async throws {
        try await CrashPlace.with { folder in
            // Not the folder itself, which may be mounted over.
            let inner = folder + "/store"
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
            try await body(inner, try await CrashPlace(file: inner + "/tasks.db"))
        }
    }

    /// Expects that a message is refused with these words.
    private func expectRefusal(_ client: Client, saying words: String) async {
        do {
            let answer = try await client.send(CountingMessage(count: 1, pause: 0).message)
            Issue.record("acknowledged: \(answer)")
        } catch let error as A2AError {
            #expect([.unavailable, .resourceExhausted].contains(error.code))
            #expect(error.message.contains(words), "\(error.message)")
        } catch {
            Issue.record("\(error)")
        }
    }

    /// Sends messages and returns them by the ids of their tasks, which have ended.
    private func tasks(_ count: Int, _ client: Client) async throws -> [String: CountingMessage] {
        var tasks: [String: CountingMessage] = [:]
        for _ in 0..<count {
            let message = CountingMessage(count: 5, pause: 0)
            tasks[try await client.send(message.message).task.id] = message
        }
        return tasks
    }

    private func expect(_ tasks: [String: CountingMessage], at client: Client) async throws {
        for (id, message) in tasks { #expect(message.problem(in: try await client.getTask(id)) == nil) }
    }

    @Test(
        "says so, keeps what it has acknowledged, and goes on when there is room", arguments: await FaultyFile.possible)
    func room(_ fault: FaultyFile) async throws {
        try await self.with { folder, place in
            let copy = folder + "-copy.db"
            let known = try await AgentProcess.run(
                place.arguments(["--lease", "1"]), wrapper: fault.wrapper(folder)
            ) { agent in
                let client = try await self.caller(place)
                var known = try await self.tasks(5, client)
                // A task is at work when the file begins to fail.
                let long = CountingMessage(count: 450, pause: 5)
                var events: [StreamEvent] = []
                for try await event in try await client.stream(long.message) {
                    events.append(event)
                    guard events.count == 10 else { continue }
                    try await fault.begin(agent, folder)
                    // Whatever was on its way to the disk is through after this.
                    await self.expectRefusal(client, saying: fault.words)
                    await self.expectRefusal(client, saying: fault.words)
                    try await self.expect(known, at: client)
                    try await fault.end(agent, folder)
                }
                // The turn has failed, and says why if there was room for words; what was told is a part of what is there.
                let id = try #require(events.first?.response.taskID)
                let task = try await client.getTask(id)
                #expect(events.last?.response.state == .failed && task.status.state == .failed)
                let words = task.status.message.text
                #expect(words.isEmpty || words.contains(fault.words), "\(words)")
                let numbers = events.compactMap(\.generation)
                #expect(numbers == Array((numbers.first ?? 0)..<((numbers.first ?? 0) + Int64(events.count))))
                let said = task.artifacts.first?.parts.map(\.text) ?? []
                #expect(said == Array(long.numbers.prefix(said.count)) && said.count >= 8)
                known.merge(try await self.tasks(2, client)) { first, _ in first }
                try fault.copy(place.file, of: agent, to: copy)
                return known
            }
            let after = try await CrashPlace(file: copy)
            try await AgentProcess.run(after.arguments()) { _ in
                try await self.expect(known, at: try await self.caller(after))
            }
            let database = try SQLiteDatabase(path: copy, logger: .silent)
            let problems = try await database.check()
            #expect(problems == [])
        }
    }

    @Test(
        "does not start on a file that it may not write, and says why",
        .enabled("a file system is mounted read-only") { await Mounts.arePossible })
    func readOnly() async throws {
        try await self.with { folder, place in
            let known = try await AgentProcess.run(place.arguments()) { _ in
                try await self.tasks(2, try await self.caller(place))
            }
            let mount = "mount --bind '\(folder)' '\(folder)' && mount -o remount,bind,ro '\(folder)'"
            let failure = await #expect(throws: AgentProcess.Failure.self) {
                try await AgentProcess.run(place.arguments(), wrapper: Mounts.wrapper(mount)) { _ in }
            }
            let words = failure?.text ?? ""
            #expect(words.contains("cannot be opened") && words.contains("right to write"), "\(words)")
            try await AgentProcess.run(place.arguments()) { _ in
                try await self.expect(known, at: try await self.caller(place))
            }
        }
    }

    @Test("refuses messages while another program holds the file, answers what it knows, and goes on afterwards")
    func locked() async throws {
        try await self.with { _, place in
            try await AgentProcess.run(place.arguments()) { _ in
                let client = try await self.caller(place)
                let known = try await self.tasks(2, client)
                try await LockHolder.hold(place.file) {
                    try await self.expect(known, at: client)
                    await self.expectRefusal(client, saying: "locked by another process")
                    try await self.expect(known, at: client)
                }
                try await self.expect(try await self.tasks(1, client), at: client)
            }
        }
    }

    @Test("acknowledges nothing into a file that was deleted, and begins anew only when it is started again")
    func deleted() async throws {
        try await self.with { folder, place in
            let known = try await AgentProcess.run(place.arguments(["--lease", "1"])) { agent in
                let client = try await self.caller(place)
                let known = try await self.tasks(2, client)
                for suffix in ["", "-wal", "-shm"] { try FileManager.default.removeItem(atPath: place.file + suffix) }
                await self.expectRefusal(client, saying: "moved or deleted")
                await self.expectRefusal(client, saying: "moved or deleted")
                return known
            }
            try await AgentProcess.run(place.arguments()) { _ in
                let client = try await self.caller(place)
                for id in known.keys {
                    let error = await #expect(throws: A2AError.self) { try await client.getTask(id) }
                    #expect(error?.code == .taskNotFound)
                }
                _ = try await self.tasks(1, client)
            }
        }
    }

    @Test("keeps what it has acknowledged when its write-ahead log is deleted, and takes no more")
    func logIsGone() async throws {
        try await self.with { _, place in
            let known = try await AgentProcess.run(place.arguments()) { _ in
                let client = try await self.caller(place)
                let known = try await self.tasks(3, client)
                try FileManager.default.removeItem(atPath: place.file + "-wal")
                await self.expectRefusal(client, saying: "write-ahead log")
                try await self.expect(known, at: client)
                return known
            }
            try await AgentProcess.run(place.arguments()) { _ in
                let client = try await self.caller(place)
                try await self.expect(known, at: client)
                _ = try await self.tasks(1, client)
            }
        }
    }
}
