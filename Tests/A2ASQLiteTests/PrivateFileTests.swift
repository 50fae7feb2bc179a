import A2A
import A2AServer
import Foundation
import Testing

@testable import A2ASQLite

@Suite("Who may read the files", .timeLimit(.minutes(1)))
struct PrivateFileTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test(
        "the database, what is beside it, its copies and its keys are for their owner only, in a folder that anybody can read"
    )
    func new() async throws {
        try await withFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
            let store = try makeStore(in: folder)
            _ = try StoreKeys.find(environment: [:], file: nil, beside: folder + "/store.db")
            _ = try await SQLitePushNotificationStore(
                store.database, keys: StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()]))
            _ = try await store.create(
                .sample("a"), then: [], in: Scope(), turn: TurnRecord(opening: [1], message: nil))
            try await store.database.backUp(to: folder + "/copy.db")
            let lines = Lines()
            _ = try await store.database.export { lines.add($0) }
            _ = try await SQLiteDatabase.importing(into: folder + "/import.db") { lines.next() }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count >= 7, "\(files)")
            for file in files { #expect(try self.mode(folder + "/" + file) == 0o600, "\(file)") }
        }
    }

    @Test("a new file to which a symbolic link leads is for its owner only", arguments: [true, false])
    func link(isRelative: Bool) async throws {
        try await withFolder { folder in
            let target = folder + "/elsewhere/target.db"
            try FileManager.default.createDirectory(atPath: folder + "/elsewhere", withIntermediateDirectories: true)
            for (name, destination) in [
                ("store.db", "second.db"), ("second.db", isRelative ? "elsewhere/target.db" : target),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder + "/" + name, withDestinationPath: destination)
            }
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [], in: Scope())
            let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/elsewhere")
            #expect(files.sorted() == ["target.db", "target.db-shm", "target.db-wal"])
            for file in files { #expect(try self.mode(folder + "/elsewhere/" + file) == 0o600, "\(file)") }
        }
    }

    @Test("a file that all the world could read is closed to it, and what its group was given stays")
    func existing() async throws {
        try await withFolder { folder in
            let path = folder + "/store.db"
            let first = try makeStore(in: folder, name: "first.db")
            _ = try await first.create(.sample("a"), then: [], in: Scope())
            // As a process leaves them that was killed.
            let files = ["", "-wal", "-shm"].map { path + $0 }
            for file in files {
                try FileManager.default.copyItem(
                    atPath: file.replacing("/store.db", with: "/first.db"), toPath: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: file)
            }
            let store = try makeStore(in: folder)
            for file in files { #expect(try self.mode(file) == 0o660, "\(file)") }
            #expect(try await store.list(TaskQuery(), in: Scope()).total == 1)
            await store.database.close()
            // And what SQLite makes anew.
            let again = try makeStore(in: folder)
            _ = try await again.create(.sample("b"), then: [], in: Scope())
            for file in files { #expect(try self.mode(file) == 0o660, "\(file)") }
        }
    }
}
