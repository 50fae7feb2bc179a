import A2A
import A2AReferenceAgent
import A2ASQLite
import A2AServer
import A2ATesting
import Foundation
import GRDB
import SwiftProtobuf
import Testing

@testable import A2ACommand

private func withDirectory(_ body: (_ path: String) async throws -> Void) async throws {
    let path = NSTemporaryDirectory() + "a2a-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

/// An agent on a store, and a task that it has done.
private func withAgent(
    on path: String, _ body: (_ runtime: TaskRuntime, _ task: A2ATask) async throws -> Void
) async throws {
    let database = try SQLiteDatabase(path: path, logger: .silent)
    try await withRuntime(
        ReferenceAgent(), card: ReferenceAgent.card(), store: SQLiteTaskStore(database: database)
    ) { runtime in
        var request = A2ASendMessageRequest()
        request.message = .user("stream to be or not to be")
        guard case .task(let task)? = try await runtime.sendMessage(request, context: CallContext()).payload else {
            Issue.record("There is no task.")
            return
        }
        try await body(runtime, task)
    }
    await database.close()
}

@Suite("The commands about stores", .timeLimit(.minutes(1)))
struct StoreCommandTests {
    @Test("while the agent runs: info, check, a backup that an agent can be started on, an export that can be imported")
    func whileRunning() async throws {
        try await withDirectory { directory in
            let store = "sqlite:\(directory)/agent.db"
            try await withAgent(on: "\(directory)/agent.db") { _, task in
                let info = await runTool(["store", "info", "--store", store])
                #expect(info.status == .success, "\(info.notes)")
                #expect(info.output.contains("Tasks: 1\n") && info.output.contains("Unfinished Tasks: 0\n"))
                let json = await runTool(["store", "info", "--store", store, "-o", "json"])
                #expect(try Google_Protobuf_Struct(jsonString: json.output).fields["tasks"]?.numberValue == 1)
                let check = await runTool(["store", "check"], environment: ["A2ACLI_STORE": store])
                #expect(check.status == .success && check.output == "Sound: \(directory)/agent.db\n", "\(check.notes)")
                let backup = await runTool(["store", "backup", "\(directory)/backup.db", "--store", store])
                #expect(backup.status == .success, "\(backup.notes)")
                let file = await runTool(["store", "export", "\(directory)/lines", "--store", store])
                #expect(file.status == .success && file.output.contains("Tasks: 1\n"), "\(file.notes)")
                let printed = await runTool(["store", "export", "--store", store])
                #expect(try printed.output == String(contentsOfFile: "\(directory)/lines", encoding: .utf8))
                #expect(printed.output.contains("to be ") || printed.output.contains("\"to \""))
                let imported = await runTool(
                    ["store", "import", "\(directory)/lines", "--store", "sqlite:\(directory)/new.db"])
                #expect(imported.status == .success && imported.output.contains("Tasks: 1\n"), "\(imported.notes)")

                for name in ["backup.db", "new.db"] {
                    let copy = SQLiteTaskStore(
                        database: try SQLiteDatabase(path: "\(directory)/\(name)", logger: .silent))
                    let found = try await copy.snapshot(of: task.id, in: Scope(), historyLength: nil)
                    #expect(found?.task == task, "\(name)")
                    let sound = await runTool(["store", "check", "--store", "\(directory)/\(name)"])
                    #expect(sound.status == .success, "\(sound.notes)")
                }
            }
        }
    }

    @Test(
        "what is wrong is said, and nothing is made or replaced: a missing file, no database, a newer one, a file that is there"
    )
    func refusals() async throws {
        try await withDirectory { directory in
            func write(_ name: String, _ text: String) throws -> String {
                try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
                return "\(directory)/\(name)"
            }
            let text = try write("text", String(repeating: "This is no database. ", count: 100))
            let newer = "\(directory)/newer.db"
            let database = try SQLiteDatabase(path: newer, logger: .silent)
            try await database.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 something of tomorrow')")
            }
            await database.close()
            let good = "\(directory)/agent.db"
            try await withAgent(on: good) { _, _ in }
            for verb in [["info"], ["check"], ["backup", "\(directory)/x"], ["export", "\(directory)/x"]] {
                for (store, words) in [
                    ("\(directory)/none", "There is no store"), (directory, "There is no store"),
                    (text, "no SQLite database"), (newer, "newer version"), ("memory", "sqlite:FILE"),
                ] {
                    let result = await runTool(["store"] + verb + ["--store", store])
                    #expect(
                        result.status != .success && result.notes.contains(words), "\(verb) \(store): \(result.notes)")
                    #expect(!FileManager.default.fileExists(atPath: "\(directory)/x"))
                }
            }
            #expect(!FileManager.default.fileExists(atPath: "\(directory)/none"))
            for arguments in [["backup", text, "--store", good], ["export", text, "--store", good]] {
                let result = await runTool(["store"] + arguments)
                #expect(
                    result.status == .usage && result.notes.contains("exists already"), "\(arguments): \(result.notes)")
            }
            #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("This is no database."))
            for (source, words) in [
                (text, "Line 1"), ("\(directory)/none", "cannot be read: No such file"), (directory, "it is a folder"),
                (try write("empty", ""), "nothing to import"),
            ] {
                let result = await runTool(["store", "import", source, "--store", "\(directory)/x"])
                #expect(result.status != .success && result.notes.contains(words), "\(result.notes)")
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/x"))
            }
            let notAStore = await runTool(["store", "import", text, "--store", text])
            #expect(
                notAStore.status == .failure && notAStore.notes.contains("no SQLite database"), "\(notAStore.notes)")
            let newerStore = await runTool(["store", "import", text, "--store", newer])
            #expect(newerStore.status == .failure && newerStore.notes.contains("newer version"), "\(newerStore.notes)")
            let noFolder = await runTool(["store", "export", "\(text)/x", "--store", good])
            #expect(noFolder.status == .failure)
        }
    }

    @Test("a file of an earlier version is left as it is: an agent of that version may have it", arguments: 1...5)
    func earlier(schema: Int) async throws {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../A2ASQLiteTests/Fixtures/schema-\(schema).sql")
        let sql = try String(contentsOf: fixture, encoding: .utf8)
        try await withDirectory { directory in
            let path = "\(directory)/agent.db"
            let file = try DatabaseQueue(path: path)
            try await file.writeWithoutTransaction { try $0.execute(sql: sql) }
            func steps() async throws -> [String] {
                try await file.read { try String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations") }
            }
            let before = try await steps()
            for arguments in [
                ["store", "info"], ["store", "check"], ["store", "backup", "\(directory)/x"],
                ["store", "export", "\(directory)/x"], ["store", "export"], ["push", "status"],
            ] {
                let result = await runTool(arguments + ["--store", path])
                #expect(
                    result.status == .failure && result.notes.contains("use the a2a of the earlier version"),
                    "\(arguments): \(result.notes)")
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/x"))
            }
            #expect(try await steps() == before)
        }
    }

    @Test(
        "an export is put into a store that has tasks: the same are passed over, others named or replaced; not while it is in use"
    )
    func importing() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/agent.db"
            let lines = "\(directory)/lines"
            let arguments = ["store", "import", lines, "--store", "sqlite:\(path)"]
            var id = ""
            try await withAgent(on: path) { _, task in
                id = task.id
                let export = await runTool(["store", "export", lines, "--push-configurations", "--store", path])
                #expect(
                    export.status == .success && export.output.contains("Push Configurations: 0\n"), "\(export.notes)")
                let inUse = await runTool(arguments)
                #expect(inUse.status == .failure && inUse.notes.contains("is in use"), "\(inUse.notes)")
            }
            let same = await runTool(arguments)
            #expect(
                same.status == .success && same.output.contains("Tasks: 0\nReplaced: 0\nSkipped: 1\n"), "\(same.output)"
            )
            let changed = try String(contentsOfFile: lines, encoding: .utf8).replacing(
                "\"text\":\"to ", with: "\"text\":\"2 ")
            try changed.write(toFile: lines, atomically: true, encoding: .utf8)
            let differs = await runTool(arguments)
            #expect(
                differs.status == .usage && differs.notes.contains(id) && differs.notes.contains("--replace"),
                "\(differs.notes)")
            let replaced = await runTool(arguments + ["--replace"])
            #expect(replaced.status == .success && replaced.output.contains("Replaced: 1\n"), "\(replaced.notes)")
        }
    }

    @Test("what nobody has finished is named, and an export that is whole has its name only then")
    func leftovers() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/agent.db"
            try await withAgent(on: path) { _, _ in }
            func left() -> Int {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
                return names.count { $0.contains("partial") }
            }
            func crash() throws -> String {
                let partial = PartialFile(of: "\(directory)/yesterday")
                try Data([1]).write(to: URL(fileURLWithPath: partial.path))
                return partial.path
            }
            let name = try crash()
            let info = await runTool(["store", "info", "--store", path])
            #expect(info.output.contains("Left Over: \(name)\n") && left() == 2, "\(info.output)")
            let json = await runTool(["store", "info", "--store", path, "-o", "json"])
            #expect(json.output.contains("\"left-over\":[\""), "\(json.output)")
            let export = await runTool(["store", "export", "\(directory)/lines", "--store", path])
            #expect(export.status == .success && left() == 0, "\(export.notes)")
            _ = try crash()
            let backup = await runTool(["store", "backup", "\(directory)/backup.db", "--store", path])
            #expect(backup.status == .success && left() == 0, "\(backup.notes)")
            // One that fails in the middle leaves nothing, neither under its name nor another one.
            let database = try SQLiteDatabase(path: path, logger: .silent)
            try await database.write { try $0.execute(sql: "UPDATE log SET changes = x'03'") }
            await database.close()
            let failed = await runTool(["store", "export", "\(directory)/more", "--store", path])
            #expect(failed.status == .failure && left() == 0, "\(failed.notes)")
            #expect(!FileManager.default.fileExists(atPath: "\(directory)/more"))
        }
    }

    @Test("a store that is named by a symbolic link is the one that it leads to")
    func link() async throws {
        try await withDirectory { directory in
            try FileManager.default.createDirectory(atPath: "\(directory)/real", withIntermediateDirectories: true)
            let (path, link) = ("\(directory)/real/agent.db", "\(directory)/link.db")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            try await withAgent(on: link) { _, _ in
                let check = await runTool(["store", "check", "--store", link])
                #expect(check.output == "Sound: \(path)\n", "\(check.notes)")
                let info = await runTool(["store", "info", "--store", link])
                #expect(!info.output.contains("Log Bytes: 0\n") && info.output.contains("Store: \(path)\n"))
            }
        }
    }

    @Test("push notification configurations that cannot be read are told, with the key that is missing")
    func missingKeys() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/agent.db"
            let (old, new) = (
                Data(repeating: 1, count: 32).base64EncodedString(), Data(repeating: 2, count: 32).base64EncodedString()
            )
            let id = try #require(try StoreKeys([old]).ids.first)
            try await withAgent(on: path) { _, task in
                let database = try SQLiteDatabase(path: path, logger: .silent)
                let store = try await SQLitePushNotificationStore(database, keys: StoreKeys([old]), logger: .silent)
                var configuration = A2ATaskPushNotificationConfig()
                configuration.id = "c"
                configuration.taskID = task.id
                configuration.url = "https://hooks.example.com/s3cret"
                _ = try await store.put(
                    PushRegistration(
                        scope: Scope(), configuration: configuration, version: .v1_0, deliveryKey: "k",
                        progress: PushProgress(delivered: 1)))
                await database.close()
            }
            let sound = "Sound: \(path)\n"
            let words = "1 push notification configurations, whose key \(id) is missing; "
            for (environment, wanted) in [
                ([:], "Unreadable: \(words)no keys were found\n"),
                (["A2A_STORE_KEY": new], "Unreadable: \(words)given: "), (["A2A_STORE_KEY": "\(new),\(old)"], ""),
            ] {
                let check = await runTool(["store", "check", "--store", path], environment: environment)
                #expect(check.status == .success && check.output.hasPrefix(sound + wanted), "\(check.output)")
                #expect(!wanted.isEmpty || check.output == sound)
            }
            try "\(new)\n".write(toFile: "\(directory)/keys", atomically: true, encoding: .utf8)
            let keys = ["--store-key-file", "\(directory)/keys"]
            let status = await runTool(["push", "status", "--store", path] + keys)
            #expect(status.output.contains("Last Failure: its key \(id) was not given"), "\(status.output)")
            let unknown = await runTool(["push", "status", "--store", path])
            #expect(unknown.status == .success && !unknown.output.contains("Last Failure"), "\(unknown.output)")
            let nothing = await runTool(["store", "check", "--store", path, "--store-key-file", "\(directory)/none"])
            #expect(nothing.status == .failure && nothing.notes.contains("no such file"), "\(nothing.notes)")
        }
    }

    @Test("a damaged file is found out, and the findings are printed")
    func damaged() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/agent.db"
            try await withAgent(on: path) { _, _ in }
            let database = try SQLiteDatabase(path: path, logger: .silent)
            try await database.write { try $0.execute(sql: "UPDATE tasks SET generation = generation + 5") }
            await database.close()
            let result = await runTool(["store", "check", "--store", path])
            #expect(result.status == .failure && result.output.hasPrefix("Finding: "), "\(result.output)")
            #expect(result.notes.contains("is damaged"))
            let json = await runTool(["store", "check", "--store", path, "-o", "json"])
            // The findings, and on a line of its own the error.
            let findings = String(json.output.split(separator: "\n").first ?? "")
            #expect(
                try Google_Protobuf_Struct(jsonString: findings).fields["finding"]?.listValue.values.isEmpty == false
            )
        }
    }
}
