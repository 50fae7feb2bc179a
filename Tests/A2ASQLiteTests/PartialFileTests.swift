import A2A
import A2AServer
import Foundation
import Testing

@testable import A2ASQLite

@Suite("Files that nobody has finished", .timeLimit(.minutes(1)))
struct PartialFileTests {
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("partial") }.sorted()
    }

    /// What a process leaves that is killed while it makes a file.
    private func leave(_ target: String) throws -> String {
        let partial = PartialFile(of: target)
        for ending in ["", "-wal", "-shm"] { try Data([1]).write(to: URL(fileURLWithPath: partial.path + ending)) }
        return partial.path
    }

    @Test(
        "are removed by whoever makes a file in the folder next, and those that somebody makes stay",
        arguments: ["backup", "import", "merge", "open"])
    func removed(how: String) async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            _ = try await store.create(.sample("a"), then: [.status(.completed)], in: Scope())
            let lines = Lines()
            _ = try await store.database.export { lines.add($0) }
            let other = folder + "/other"
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
            await (try makeStore(in: other, name: "merge.db")).database.close()
            _ = try self.leave(other + "/yesterday.db")
            let living = PartialFile(of: other + "/new.db")
            try Data([1]).write(to: URL(fileURLWithPath: living.path))
            // What others call so.
            for name in ["a.partial", "a.1.partial", "a.1x.partial-lock", "1.partial-lock", ".partial-lock"] {
                try Data([1]).write(to: URL(fileURLWithPath: "\(other)/\(name)"))
            }
            let path = "\(other)/\(how).db"
            switch how {
            case "backup": try await store.database.backUp(to: path)
            case "open": await (try makeStore(in: other, name: "open.db")).database.close()
            default: _ = try await SQLiteDatabase.importing(into: path) { lines.next() }
            }
            let name = (living.path as NSString).lastPathComponent
            let left = try self.names(other)
            let expected = [
                ".partial-lock", "1.partial-lock", "a.1.partial", "a.1x.partial-lock", "a.partial", name,
                name + "-lock",
            ]
            #expect(left == expected.sorted())
            withExtendedLifetime(living) {}
        }
    }

    @Test("are named by who looks at a store beside them, and left alone")
    func named() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            let living = PartialFile(of: folder + "/new.db")
            let path = try self.leave(folder + "/old.db")
            let before = try self.names(folder)
            #expect(try await store.database.info().leftovers == [path])
            var options = SQLiteDatabase.Options()
            options.migrates = false
            let looking = try makeStore(in: folder, options: options)
            #expect(try await looking.database.info().leftovers == [path])
            #expect(try self.names(folder) == before)
            withExtendedLifetime(living) {}
        }
    }

    @Test("nothing is left of a file that was finished, nor of one that was given up")
    func finished() throws {
        let folder = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for isFinished in [true, false] {
            let partial = PartialFile(of: folder + "/file")
            try Data([1]).write(to: URL(fileURLWithPath: partial.path))
            if isFinished { try partial.publish() } else { partial.discard() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
}
