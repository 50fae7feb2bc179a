import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import A2ASQLite

@Suite("The database file", .timeLimit(.minutes(1)))
struct SQLiteDatabaseTests {
    @Test("changes that wait together share one commit, and each is answered after it")
    func groupCommit() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let database = store.database
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await database.write { _ in gate.wait() } }
                await gate.isReached()
                let before = database.commitCount
                for index in 0..<100 {
                    group.addTask { _ = try await store.create(.sample("\(index)"), then: [], in: Scope()) }
                }
                while database.queue.count < 100 { await Task.yield() }
                gate.open()
                try await group.waitForAll()
                #expect(database.commitCount == before + 2)
            }
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 100)
        }
    }

    @Test("what one change throws undoes that change only")
    func savepoints() async throws {
        struct Refused: Error {}
        try await withFolder { folder in
            let database = try SQLiteDatabase(path: folder + "/store.db", logger: .silent)
            try await database.write { try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") }
            let gate = Gate()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await database.write { _ in gate.wait() } }
                await gate.isReached()
                for index in 0..<10 {
                    group.addTask {
                        try? await database.write { db in
                            try db.execute(sql: "INSERT INTO t VALUES (?)", arguments: [index])
                            if index % 2 == 0 { throw Refused() }
                        }
                    }
                }
                while database.queue.count < 10 { await Task.yield() }
                gate.open()
            }
            let left = try await database.read { try Int.fetchAll($0, sql: "SELECT n FROM t ORDER BY n") }
            #expect(left == [1, 3, 5, 7, 9])
        }
    }

    @Test("one change that the database refuses does not take the others of its commit with it")
    func refusedAlone() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let gate = Gate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.database.write { _ in gate.wait() } }
                await gate.isReached()
                group.addTask {
                    let error = await #expect(throws: A2AError.self) {
                        try await store.database.write {
                            try $0.execute(sql: "INSERT INTO store VALUES (1, 0, 0, 0, 0, 0)")
                        }
                    }
                    #expect(error?.code == .internal)
                }
                for index in 0..<10 {
                    group.addTask {
                        let created = try await store.create(.sample("\(index)"), then: [.text("x")], in: Scope())
                        #expect(created.appended.generation == 2)
                    }
                }
                while store.database.queue.count < 11 { await Task.yield() }
                gate.open()
                try await group.waitForAll()
            }
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 10)
        }
    }

    @Test("more changes than may wait are refused, and those that wait are carried out")
    func boundedQueue() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.maxPendingWrites = 5
            let store = try makeStore(in: folder, options: options)
            let gate = Gate()
            let refused = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.database.write { _ in gate.wait() } }
                await gate.isReached()
                for index in 0..<8 {
                    group.addTask {
                        do {
                            _ = try await store.create(.sample("\(index)"), then: [], in: Scope())
                        } catch let error as A2AError {
                            #expect(error.code == .unavailable && error.retryDelay != nil)
                            refused.add()
                        }
                    }
                }
                while refused.value < 3 || store.database.queue.count < 5 { await Task.yield() }
                gate.open()
                try await group.waitForAll()
            }
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 5)
        }
    }

    @Test(
        "the write-ahead log begins anew when it is long, although somebody always reads; what a long reader sees stays"
    )
    func longLog() async throws {
        try await withFolder { folder in
            var options = SQLiteDatabase.Options()
            options.maxLogBytes = 1 << 20
            let store = try makeStore(in: folder, options: options)
            let database = store.database
            let text = String(repeating: "x", count: 100_000)
            func write(_ range: Range<Int>) async throws {
                for index in range { _ = try await store.create(.sample("\(index)"), then: [.text(text)], in: Scope()) }
            }
            try await write(0..<5)
            let gate = Gate()
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    try await database.read { db in
                        let before = try Int.fetchOne(db, sql: "SELECT count(*) FROM tasks") ?? 0
                        gate.wait()
                        let after = try Int.fetchOne(db, sql: "SELECT count(*) FROM tasks") ?? 0
                        return before == after ? after : -1
                    }
                }
                await gate.isReached()
                try await write(5..<30)
                #expect(try await database.info().logBytes > 2 * options.maxLogBytes)
                gate.open()
                #expect(try await group.reduce(0, +) == 5)
            }
            try await write(30..<70)
            #expect(try await database.info().logBytes < 2 * options.maxLogBytes)
            // Where nobody reads for long, it never is much longer.
            try await write(70..<110)
            #expect(try await database.info().logBytes < 2 * options.maxLogBytes)
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 110)
            let timeout = try await database.write { try Int.fetchOne($0, sql: "PRAGMA busy_timeout") }
            #expect(timeout == 5_000)
            let problems = try await database.check()
            #expect(problems == [])
        }
    }

    @Test("a file of a newer version is refused, and what is in it is named")
    func newerVersion() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await store.database.write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 something new')")
            }
            await store.database.close()
            let error = #expect(throws: A2AError.self) { try makeStore(in: folder) }
            #expect(error?.message.contains("newer version") == true)
            #expect(error?.message.contains("99 something new") == true)
            #expect(error?.message.contains(store.database.path) == true)
        }
    }

    @Test("a file of another program is refused and stays as it is")
    func foreignFile() async throws {
        try await withFolder { folder in
            let path = folder + "/store.db"
            try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
            let error = #expect(throws: A2AError.self) { try makeStore(in: folder) }
            #expect(error?.message.contains("'\(path)' is a database of another program") == true)
            try Data("This is no database, but a text of some length.".utf8).write(to: URL(fileURLWithPath: path))
            let other = #expect(throws: A2AError.self) { try makeStore(in: folder) }
            #expect(other?.message.contains("no SQLite database") == true)
            #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("This is no database"))
        }
    }

    @Test("a name that is no file's is refused in plain words, and nothing is made")
    func noFile() async throws {
        try await withFolder { folder in
            let pipe = folder + "/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            for (name, words) in [
                (folder, "is a folder. Give the name of a file, such as '\(folder)/agent.db'"),
                (folder + "/", "such as '\(folder)/agent.db'"), (pipe, "is a device, pipe or socket"),
                ("/dev/null", "is a device, pipe or socket"), (":memory:", "there is the memory store"),
                ("", "there is the memory store"),
            ] {
                let error = #expect(throws: A2AError.self) { try SQLiteDatabase(path: name, logger: .silent) }
                #expect(error?.code == .invalidRequest && error?.message.contains(words) == true, "\(name): \(words)")
                let other = await #expect(throws: A2AError.self) {
                    try await SQLiteDatabase.importing(into: name) { nil }
                }
                #expect(other?.message == error?.message)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["pipe"])
            #expect(!FileManager.default.fileExists(atPath: ":memory:"))
        }
    }

    @Test("the folder of the file is made, for its owner only")
    func folder() async throws {
        try await withFolder { folder in
            let path = folder + "/a/b/store.db"
            let database = try SQLiteDatabase(path: path, logger: .silent)
            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/a/b")[.posixPermissions] as? Int
            #expect(mode == 0o700)
            await database.close()
            await #expect(throws: A2AError.self) { try await database.write { _ in } }
        }
    }
}

/// Counts.
final class Tally: Sendable {
    private let count = Mutex(0)

    var value: Int { self.count.withLock { $0 } }

    func add() { self.count.withLock { $0 += 1 } }
}

/// Holds the writer's thread.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let reached = AsyncStream<Void>.makeStream()

    func wait() {
        self.reached.continuation.yield()
        self.semaphore.wait()
    }

    func isReached() async { for await _ in self.reached.stream { return } }

    func open() { self.semaphore.signal() }
}

extension A2ATask {
    static func sample(_ id: String, context: String = "context") -> A2ATask {
        A2ATask(
            id: id, contextID: context, status: A2ATaskStatus(.submitted),
            history: [.user("Begin.", contextID: context, taskID: id)])
    }
}

extension TaskChange {
    static func text(_ text: String, of id: String = "artifact") -> TaskChange {
        TaskChange(.chunk(A2AArtifact(parts: [.text(text)], artifactID: id), lastChunk: false))
    }

    static func status(_ state: A2ATaskState) -> TaskChange { TaskChange(.status(A2ATaskStatus(state))) }
}
