import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

@Suite("A store whose path is a symbolic link", .timeLimit(.minutes(1)))
struct LinkedFileTests {
    private let scope = Scope()

    /// A folder with `link.db`, which leads to `elsewhere/second.db` and from there to `elsewhere/store.db`.
    private func withLink(_ body: (_ link: String, _ file: String) async throws -> Void) async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/elsewhere", withIntermediateDirectories: true)
            for (name, target) in [
                ("link.db", "elsewhere/second.db"), ("elsewhere/second.db", folder + "/elsewhere/store.db"),
            ] {
                try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: target)
            }
            try await body(folder + "/link.db", folder + "/elsewhere/store.db")
            let beside = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(beside == ["elsewhere", "link.db"])
        }
    }

    private func open(_ path: String) throws -> SQLiteTaskStore {
        SQLiteTaskStore(database: try SQLiteDatabase(path: path, logger: .silent))
    }

    @Test("has its write-ahead log, leases and owners beside the file, and knows the size of the log")
    func companions() async throws {
        try await self.withLink { link, file in
            let store = try self.open(link)
            #expect(store.database.path == file)
            _ = try await store.create(
                .sample("a"), then: [], in: self.scope, turn: TurnRecord(opening: [1], message: nil))
            let keys = try StoreKeys.find(environment: [:], file: nil, beside: store.database.path)
            _ = try await SQLitePushNotificationStore(store.database, keys: keys, logger: .silent)
            #expect(try await store.database.info().logBytes > 0)
            let folder = (file as NSString).deletingLastPathComponent
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            for ending in ["-wal", "-shm", "-lease-", "-owners", ".key"] {
                #expect(names.contains { $0.hasPrefix("store.db" + ending) }, "\(ending): \(names)")
            }
        }
    }

    @Test("takes no changes when the write-ahead log of the file is deleted")
    func logIsGone() async throws {
        try await self.withLink { link, file in
            let store = try self.open(link)
            _ = try await store.create(.sample("a"), then: [], in: self.scope)
            try FileManager.default.removeItem(atPath: file + "-wal")
            await expectA2AError(.unavailable, saying: "write-ahead log") {
                try await store.append([.text("x")], to: "a", in: self.scope)
            }
        }
    }

    @Test("shares its leases with who has it by its own name: who ends is noticed at once", arguments: [false, true])
    func leases(firstByLink: Bool) async throws {
        try await self.withLink { link, file in
            var first: SQLiteTaskStore? = try self.open(firstByLink ? link : file)
            let second = try self.open(firstByLink ? file : link)
            _ = try await first?.create(
                .sample("a"), then: [.status(.working)], in: self.scope, turn: TurnRecord(opening: [1], message: nil))
            let before = try await second.beat(now: .now, leaseLength: .seconds(3600))
            #expect(before == LeaseBeat(wasLost: false, hasOrphans: false, isShared: true))
            await first?.database.close()
            first = nil
            let after = try await second.beat(now: .now, leaseLength: .seconds(3600))
            #expect(after == LeaseBeat(wasLost: false, hasOrphans: true, isShared: false))
        }
    }

    @Test("a copy, and an import, go where a link leads")
    func copies() async throws {
        try await self.withLink { link, file in
            try await withFolder { folder in
                let original = try makeStore(in: folder)
                _ = try await original.create(.sample("a"), then: [], in: self.scope)
                try await original.database.backUp(to: link)
                #expect(FileManager.default.fileExists(atPath: file))
                _ = try await original.create(.sample("b"), then: [.status(.completed)], in: self.scope)
                let lines = Lines()
                _ = try await original.database.export { lines.add($0) }
                _ = try await SQLiteDatabase.importing(into: link, replacing: true) { lines.next() }
                #expect(try await self.open(link).list(TaskQuery(), in: self.scope).total == 2)
            }
        }
    }
}
