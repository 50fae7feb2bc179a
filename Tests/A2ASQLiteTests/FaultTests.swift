import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

/// What goes wrong with files: an error that says what to do, nothing lost, and work goes on when the cause is gone.
@Suite("Faults of the file", .timeLimit(.minutes(1)))
struct FaultTests {
    private let scope = Scope()
    private let large = TaskChange.text(String(repeating: "x", count: 200_000))

    private func pages(_ store: SQLiteTaskStore) async throws -> Int {
        try await store.database.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
    }

    @Test(
        "a full disk refuses each change of the commit, leaves everything as it was, and takes changes when there is room"
    )
    func diskFull() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [.status(.working), .text("kept")], in: self.scope)
            let before = try await store.snapshot(of: "a", in: self.scope, historyLength: nil)
            let pages = try await self.pages(store)
            try await store.database.write { try $0.execute(sql: "PRAGMA max_page_count = \(pages + 4)") }
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.database.write { _ in gate.wait() } }
                await gate.isReached()
                group.addTask {
                    await expectA2AError(.resourceExhausted, saying: "no room left") {
                        try await store.append([self.large], to: "a", in: self.scope)
                    }
                }
                for index in 0..<5 {
                    group.addTask {
                        await expectA2AError(.resourceExhausted, saying: "no room left") {
                            try await store.create(.sample("\(index)"), then: [], in: self.scope)
                        }
                    }
                }
                while store.database.queue.count < 6 { await Task.yield() }
                gate.open()
                try await group.waitForAll()
            }
            let after = try await store.snapshot(of: "a", in: self.scope, historyLength: nil)
            #expect(after?.task == before?.task && after?.generation == 3)
            #expect(try await store.list(TaskQuery(), in: self.scope).total == 1)

            try await store.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            #expect(try await store.append([self.large], to: "a", in: self.scope).generation == 4)
            #expect(try await store.create(.sample("b"), then: [], in: self.scope).appended.generation == 1)
            let problems = try await store.database.check()
            #expect(problems == [])
        }
    }

    @Test("a file that cannot be written refuses changes, is still read, and takes changes when it can")
    func readOnly() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            try await store.database.setQueryOnly(true)
            for _ in 0..<2 {
                await expectA2AError(.unavailable, saying: "cannot be written") {
                    try await store.append([.text("x")], to: "a", in: self.scope)
                }
            }
            #expect(try await store.snapshot(of: "a", in: self.scope, historyLength: nil)?.generation == 1)
            try await store.database.setQueryOnly(false)
            #expect(try await store.append([.text("x")], to: "a", in: self.scope).generation == 2)
        }
    }

    @Test("while another process holds the file changes are refused after a time, and taken when it lets go")
    func locked() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.busyTimeout = .milliseconds(20)
            let store = try makeStore(in: folder, options: options)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: folder + "/store.db", configuration: configuration)
            try await other.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
            await expectA2AError(.unavailable, saying: "locked by another process") {
                try await store.append([.text("x")], to: "a", in: self.scope)
            }
            #expect(try await store.snapshot(of: "a", in: self.scope, historyLength: nil)?.generation == 1)
            try await other.writeWithoutTransaction { try $0.rollback() }
            #expect(try await store.append([.text("x")], to: "a", in: self.scope).generation == 2)
        }
    }

    @Test("a file that was moved away takes no changes, and goes on when it is back")
    func moved() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            try FileManager.default.moveItem(atPath: folder + "/store.db", toPath: folder + "/elsewhere.db")
            await expectA2AError(.unavailable, saying: "moved or deleted") {
                try await store.append([.text("x")], to: "a", in: self.scope)
            }
            try FileManager.default.moveItem(atPath: folder + "/elsewhere.db", toPath: folder + "/store.db")
            #expect(try await store.append([.text("x")], to: "a", in: self.scope).generation == 2)
        }
    }

    @Test("a file in whose place another one was put takes no changes, and goes on when it is back")
    func replaced() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            let path = folder + "/store.db"
            try FileManager.default.moveItem(atPath: path, toPath: folder + "/original.db")
            try FileManager.default.copyItem(atPath: folder + "/original.db", toPath: path)
            for _ in 0..<2 {
                await expectA2AError(.unavailable, saying: "moved or deleted") {
                    try await store.append([.text("x")], to: "a", in: self.scope)
                }
                // It is noticed by those who only say that they live, too.
                await expectA2AError(.unavailable, saying: "moved or deleted") {
                    try await store.beat(now: .now, leaseLength: .seconds(10))
                }
            }
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: folder + "/original.db", toPath: path)
            #expect(try await store.append([.text("x")], to: "a", in: self.scope).generation == 2)
        }
    }

    @Test(
        "a database whose write-ahead log was deleted or replaced takes no changes, and what it has is there after a restart",
        arguments: [false, true])
    func logIsGone(isReplaced: Bool) async throws {
        try await withFolder { folder in
            let path = folder + "/store.db"
            let store = try makeStore(in: folder)
            for index in 0..<20 {
                _ = try await store.create(.sample("\(index)"), then: [.text("x")], in: self.scope)
            }
            try FileManager.default.removeItem(atPath: path + "-wal")
            if isReplaced { try Data().write(to: URL(fileURLWithPath: path + "-wal")) }
            for _ in 0..<2 {
                await expectA2AError(.unavailable, saying: "write-ahead log") {
                    try await store.create(.sample("late"), then: [], in: self.scope)
                }
            }
            // What a crash leaves: the file alone.
            try FileManager.default.copyItem(atPath: path, toPath: folder + "/crashed.db")
            let crashed = try makeStore(in: folder, name: "crashed.db")
            #expect(try await crashed.list(TaskQuery(), in: self.scope).total == 20)
            let problems = try await crashed.database.check()
            #expect(problems == [])
        }
    }

    @Test("damaged pages are found, and reading them is an error that says so")
    func corrupt() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            for index in 0..<200 {
                _ = try await store.create(
                    .sample("\(index)"), then: [.text(String(repeating: "x", count: 2_000))], in: self.scope)
            }
            await store.database.close()
            let path = folder + "/store.db"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            // All but the schema and the first pages.
            for offset in stride(from: 30 * 4096, to: bytes.count - 4096, by: 4096) {
                bytes.replaceSubrange(offset..<offset + 64, with: [UInt8](repeating: 0xa5, count: 64))
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            let again = try makeStore(in: folder)
            var refusals = 0
            for index in 0..<200 {
                do {
                    _ = try await again.snapshot(of: "\(index)", in: self.scope, historyLength: nil)
                } catch let error as A2AError {
                    #expect(error.code == .internal && error.message.contains("damaged"))
                    refusals += 1
                }
            }
            #expect(refusals > 0)
            let problems = try await again.database.check()
            #expect(!problems.isEmpty)
        }
    }

    @Test("a file that cannot be opened says why")
    func unopenable() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/store.db", withIntermediateDirectories: true)
            let error = #expect(throws: A2AError.self) { try makeStore(in: folder) }
            #expect(error?.message.contains("cannot be opened") == true)
        }
    }

    @Test("chunks that the disk has no room for fail the task, and those before them are kept")
    func streamOnFullDisk() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let pages = try await self.pages(store)
            try await store.database.write { try $0.execute(sql: "PRAGMA max_page_count = \(pages + 60)") }
            let agent = ClosureAgent { turn in
                for index in 0..<1_000 {
                    try await turn.append(.text("\(index) " + String(repeating: "x", count: 1_000)), toArtifact: "a")
                }
            }
            try await withRuntime(agent, store: store) { runtime in
                var request = A2ASendMessageRequest()
                request.message = .user("go")
                var chunks: [String] = []
                var last: A2ATaskState?
                do {
                    for try await event in try await runtime.sendStreamingMessage(request, context: CallContext()) {
                        if case .artifactUpdate(let update)? = event.response.payload {
                            chunks.append(update.artifact.text)
                        }
                        last = event.response.state ?? last
                    }
                } catch {}
                #expect(chunks.count < 1_000)
                for (index, chunk) in chunks.enumerated() { #expect(chunk.hasPrefix("\(index) ")) }
                #expect(last == .failed)
                let task = try await store.list(TaskQuery(includeArtifacts: true), in: Scope()).tasks.first
                #expect(task?.artifacts.first?.parts.count == chunks.count)
                #expect(task?.status.state == .failed)
            }
        }
    }
}

extension SQLiteDatabase {
    /// Lets the writer's connection refuse to write, as SQLite does with a file that is not writable.
    fileprivate func setQueryOnly(_ isOn: Bool) async throws {
        // Between commits, since a commit would be refused too.
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let job = WriteJob(
                bytes: 0, isRead: true,
                perform: { session in
                    try session.db.execute(sql: "PRAGMA query_only = \(isOn ? 1 : 0)")
                    return { continuation.resume() }
                }, fail: { continuation.resume(throwing: $0) })
            do { try self.queue.submit(job) } catch { continuation.resume(throwing: error) }
        }
    }
}

/// Expects an error with a code, and words in its message.
func expectA2AError(
    _ code: A2AError.Code, saying words: String, _ body: () async throws -> some Sendable,
    at location: SourceLocation = #_sourceLocation
) async {
    do {
        _ = try await body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as A2AError {
        #expect(error.code == code, sourceLocation: location)
        #expect(error.message.contains(words), "\(error.message)", sourceLocation: location)
    } catch {
        Issue.record("\(error) was thrown", sourceLocation: location)
    }
}
