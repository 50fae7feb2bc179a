import A2A
import A2AServer
import A2ATesting
import Foundation
import Testing

@testable import A2ASQLite

/// What the system answers instead of doing what SQLite asks for: an error that says what to do, nothing lost, nothing half done.
@Suite("Faults of the disk", .timeLimit(.minutes(1)))
struct DiskFaultTests {
    private let scope = Scope()

    private func withFaultyFolder(_ body: (String) async throws -> Void) async throws {
        try await withFolder { folder in
            let folder = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
            defer { DiskFaults.remove(folder) }
            try await body(folder)
        }
    }

    @Test(
        "writes that fail refuse each change with an error that says why, and work goes on when they do not",
        arguments: [
            (ENOSPC, A2AError.Code.resourceExhausted, "no room left"), (EIO, .unavailable, "cannot be reached"),
            (EDQUOT, .unavailable, "cannot be reached"), (EFBIG, .unavailable, "cannot be reached"),
        ])
    func writes(_ error: CInt, _ code: A2AError.Code, _ words: String) async throws {
        try await self.withFaultyFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [.status(.working), .text("kept")], in: self.scope)
            let before = try await store.snapshot(of: "a", in: self.scope, historyLength: nil)
            DiskFaults.set(.init(error: error), for: .write, in: folder)
            for _ in 0..<2 {
                await expectA2AError(code, saying: words) {
                    try await store.append([.text("lost")], to: "a", in: self.scope)
                }
                await expectA2AError(code, saying: words) {
                    try await store.create(.sample("b"), then: [], in: self.scope)
                }
            }
            #expect(try await store.snapshot(of: "a", in: self.scope, historyLength: nil)?.task == before?.task)
            #expect(try await store.list(TaskQuery(), in: self.scope).total == 1)
            DiskFaults.set(nil, for: .write, in: folder)
            #expect(try await store.append([.text("more")], to: "a", in: self.scope).generation == 4)
            #expect(try await store.create(.sample("b"), then: [], in: self.scope).appended.generation == 1)
            #expect(DiskFaults.remove(folder) >= 4)
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("after a commit that failed the next one of another process is noticed, though it has the same number")
    func numberOfFailedCommit() async throws {
        try await self.withFaultyFolder { folder in
            let (one, other) = (try makeStore(in: folder), try makeStore(in: folder))
            for id in ["a", "b"] { _ = try await one.create(.sample(id), then: [], in: self.scope) }
            #expect(try await self.words(other, "b") == nil)
            DiskFaults.set(.init(error: ENOSPC), for: .write, in: folder)
            await expectA2AError(.resourceExhausted, saying: "no room left") {
                try await one.append([.text("lost")], to: "a", in: self.scope)
            }
            DiskFaults.set(nil, for: .write, in: folder)
            _ = try await other.append([.text("new")], to: "b", in: self.scope)
            #expect(try await self.words(one, "b") == ["new"])
            #expect(try await one.append([.text("more")], to: "b", in: self.scope).generation == 3)
            #expect(try await self.words(other, "b") == ["new", "more"])
        }
    }

    /// What a task says.
    private func words(_ store: SQLiteTaskStore, _ id: String) async throws -> [String]? {
        try await store.snapshot(of: id, in: self.scope, historyLength: nil)?.task.artifacts.first?.parts.map(\.text)
    }

    @Test(
        "whichever write fails, what was acknowledged is in the file, and what was refused is not",
        arguments: [(ENOSPC, 1), (EIO, 3)])
    func anyWrite(_ error: CInt, _ times: Int) async throws {
        var failed = 0
        // One in five, until no write is left that could fail.
        for place in stride(from: Int.random(in: 0..<5), to: 2_000, by: 5) {
            var hasFailed = false
            try await self.withFaultyFolder { folder in
                var options = SQLiteDatabase.Options()
                // So that the log is moved into the file now and then, and that fails too.
                options.checkpointPages = 6
                options.synchronous = .normal
                let store = try makeStore(in: folder, options: options)
                var known: [String: [String]] = [:]
                DiskFaults.set(.init(error: error, after: place, times: times), for: .write, in: folder)
                for step in 0..<12 {
                    let (id, text) = ("task\(step % 3)", "\(step) " + String(repeating: "x", count: 3_000))
                    do {
                        if known[id] == nil {
                            _ = try await store.create(.sample(id), then: [.text(text)], in: self.scope)
                        } else {
                            _ = try await store.append([.text(text)], to: id, in: self.scope)
                        }
                        known[id, default: []].append(text)
                    } catch let failure as A2AError {
                        #expect([.resourceExhausted, .unavailable].contains(failure.code), "\(place): \(failure)")
                    }
                }
                hasFailed = DiskFaults.remove(folder) > 0
                for (id, expected) in known { #expect(try await self.words(store, id) == expected, "\(place)") }
                await store.database.close()
                let again = try makeStore(in: folder)
                for (id, expected) in known { #expect(try await self.words(again, id) == expected, "\(place)") }
                #expect(try await again.list(TaskQuery(), in: self.scope).total == known.count, "\(place)")
                let problems = try await again.database.check()
                #expect(problems == [], "\(place)")
            }
            guard hasFailed else { break }
            failed += 1
        }
        #expect(failed > 5)
    }

    /// Expects what a caller is told when the file cannot be read; SQLite mostly takes EIO for what it is, damage to the disk.
    private func expectUnreadable(_ body: () async throws -> some Sendable) async {
        do {
            let value = try await body()
            Issue.record("read: \(value)")
        } catch let error as A2AError where error.code == .internal {
            #expect(error.message.contains("is damaged"))
        } catch {
            let error = error as? A2AError
            #expect(error?.code == .unavailable && error?.message.contains("cannot be reached") == true)
        }
    }

    @Test("reads that fail are errors that say so, and nothing is taken for missing", arguments: [ESTALE, EIO])
    func reads(_ error: CInt) async throws {
        try await self.withFaultyFolder { folder in
            let first = try makeStore(in: folder)
            for index in 0..<300 {
                _ = try await first.create(
                    .sample("\(index)"), then: [.text(String(repeating: "x", count: 2_000))], in: self.scope)
            }
            await first.database.close()
            let store = try makeStore(in: folder)
            DiskFaults.set(.init(error: error), for: .read, in: folder)
            await self.expectUnreadable { try await store.snapshot(of: "7", in: self.scope, historyLength: nil) }
            await self.expectUnreadable { try await store.list(TaskQuery(), in: self.scope).total }
            await self.expectUnreadable { try await store.append([.text("more")], to: "7", in: self.scope) }
            DiskFaults.set(nil, for: .read, in: folder)
            #expect(try await store.snapshot(of: "7", in: self.scope, historyLength: nil)?.generation == 2)
            #expect(try await store.append([.text("more")], to: "7", in: self.scope).generation == 3)
            #expect(try await store.list(TaskQuery(), in: self.scope).total == 300)
        }
    }

    @Test("an agent whose disk fills up in the middle of a task ends it when there is room, and loses no word")
    func agentOnFullDisk() async throws {
        try await self.withFaultyFolder { folder in
            let store = try makeStore(in: folder)
            let (ends, end) = AsyncStream.makeStream(of: Void.self)
            let agent = ClosureAgent { turn in
                defer { end.finish() }
                for index in 0..<50 {
                    try await turn.append(.text("\(index) "), toArtifact: "a")
                    try await turn.working("\(index)")
                    guard index == 20 else { continue }
                    try await turn.flush()
                    DiskFaults.set(.init(error: ENOSPC), for: .write, in: folder)
                }
            }
            var configuration = RuntimeConfiguration.testing
            configuration.recovery.heartbeatInterval = .milliseconds(20)
            try await withRuntime(agent, store: store, configuration: configuration) { runtime in
                var request = A2ASendMessageRequest()
                request.message = .user("go")
                var events: [StreamEvent] = []
                for try await event in try await runtime.sendStreamingMessage(request, context: CallContext()) {
                    events.append(event)
                    if case .statusUpdate(let update)? = event.response.payload, update.status.message.text == "20" {
                        // Nothing more can come; when the agent has noticed somebody makes room.
                        for await _ in ends {}
                        await expectA2AError(.resourceExhausted, saying: "no room left") {
                            try await store.create(.sample("b"), then: [], in: self.scope)
                        }
                        DiskFaults.set(nil, for: .write, in: folder)
                    }
                }
                // What was said while nothing could be written is kept; the task ends well only if all of it is there.
                let end = try #require(events.last?.response.state)
                let numbers = events.compactMap(\.generation)
                #expect(numbers == Array((numbers.first ?? 0)..<((numbers.first ?? 0) + Int64(numbers.count))))
                let task = try #require(
                    try await store.list(TaskQuery(includeArtifacts: true), in: Scope()).tasks.first)
                #expect(task.status.state == end)
                let said = task.artifacts.first?.parts.map(\.text) ?? []
                #expect(said == (0..<said.count).map { "\($0) " } && said.count > 20)
                #expect(end == .failed || (end == .completed && said.count == 50))
                let seen = events.flatMap { event -> [String] in
                    guard case .artifactUpdate(let update)? = event.response.payload else { return [] }
                    return update.artifact.parts.map(\.text)
                }
                #expect(seen == said)
            }
        }
    }
}
