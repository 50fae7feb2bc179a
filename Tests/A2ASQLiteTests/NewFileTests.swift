import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

// One after the other: every file that is open has a thread of its own.
@Suite("Files that are made anew", .timeLimit(.minutes(1)), .serialized)
struct NewFileTests {
    private let scope = Scope()

    /// Opens a file many times at once, from threads of their own.
    private func openings(_ count: Int, of path: String) async throws -> [SQLiteDatabase] {
        try await withThrowingTaskGroup(of: SQLiteDatabase.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(with: Result { try SQLiteDatabase(path: path, logger: .silent) })
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test(
        "no file is made where the log of an earlier one lies, and the log stays as it is",
        arguments: ["-wal", "-journal"])
    func leftovers(ending: String) async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            let lines = Lines()
            _ = try await store.database.export { lines.add($0) }
            let path = folder + "/new.db"
            let log = path + ending
            // A log that SQLite would take: its file is gone.
            let octets = try Data(contentsOf: URL(fileURLWithPath: folder + "/store.db-wal"))
            try octets.write(to: URL(fileURLWithPath: log))
            let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let words = "There is no file '\(path)', but '\(log)'"
            await expectA2AError(.invalidRequest, saying: words) { try await store.database.backUp(to: path) }
            await expectA2AError(.invalidRequest, saying: words) {
                try await SQLiteDatabase.importing(into: path) { lines.next() }
            }
            await expectA2AError(.invalidRequest, saying: words) { _ = try makeStore(in: folder, name: "new.db") }
            // One that comes while the file is being made.
            let partial = folder + "/partial"
            try Data().write(to: URL(fileURLWithPath: partial))
            await expectA2AError(.invalidRequest, saying: words) { try NewFile.publish(partial, as: path) }
            try FileManager.default.removeItem(atPath: partial)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
            #expect(try Data(contentsOf: URL(fileURLWithPath: log)) == octets)
            // An empty one has nothing that could be lost.
            try Data().write(to: URL(fileURLWithPath: log))
            try await store.database.backUp(to: path)
            #expect(try await makeStore(in: folder, name: "new.db").list(TaskQuery(), in: self.scope).total == 1)
        }
    }

    @Test("of two that make one file at once, one wins with a whole file, and the other is told that it exists")
    func sameName() async throws {
        try await withFolder { folder in
            var stores: [SQLiteTaskStore] = []
            for index in 1...2 {
                let store = try makeStore(in: folder, name: "\(index).db")
                for number in 0..<10 * index {
                    _ = try await store.create(.sample("\(index) \(number)"), then: [], in: self.scope)
                }
                stores.append(store)
            }
            let lines = Lines()
            _ = try await stores[1].database.export { lines.add($0) }
            for round in 0..<10 {
                let path = "\(folder)/copy \(round).db"
                let results = await withTaskGroup(of: (Int, (any Error)?).self) { group in
                    for (index, database) in stores.map(\.database).enumerated() {
                        let source = Lines(lines.all)
                        group.addTask {
                            do {
                                if index == 1, round % 2 == 1 {
                                    _ = try await SQLiteDatabase.importing(into: path) { source.next() }
                                } else {
                                    try await database.backUp(to: path)
                                }
                                return (index, nil)
                            } catch {
                                return (index, error)
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let copy = try makeStore(in: folder, name: "copy \(round).db")
                let problems = try await copy.database.check()
                #expect(problems == [])
                let winners = results.filter { $0.1 == nil }.map(\.0)
                let total = try await copy.list(TaskQuery(), in: self.scope).total
                // An import that comes after the backup was there adds to it.
                if winners.count == 2 {
                    #expect(round % 2 == 1 && total == 30)
                } else {
                    #expect(total == 10 * ((winners.first ?? 9) + 1))
                    let message = results.compactMap { $0.1 as? A2AError }.first?.message ?? "\(results)"
                    #expect(message.contains("exists already") || message.contains("is in use"), "\(message)")
                }
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!files.contains { $0.contains("partial") })
        }
    }

    @Test("many that open a new file at once all have it")
    func opening() async throws {
        try await withFolder { folder in
            for round in 0..<5 {
                let path = "\(folder)/\(round).db"
                let databases = try await self.openings(6, of: path)
                for database in databases { #expect(try await database.info().schema == Migrations.names) }
                for database in databases { await database.close() }
            }
        }
    }

    @Test("many that open a file of an earlier version at once all have it, brought to this version's schema")
    func openingEarlier() async throws {
        try await withFolder { folder in
            for round in 0..<5 {
                let path = "\(folder)/\(round).db"
                try await MigrationTests.make("schema-1", at: path)
                let databases = try await self.openings(6, of: path)
                for database in databases { #expect(try await database.info().schema == Migrations.names) }
                for database in databases { await database.close() }
            }
        }
    }
}
