import A2A
import A2AServer
import A2ATesting
import Foundation
import Testing

@testable import A2ASQLite

/// Exports that are put into stores which have something in them.
@Suite("Importing beside what is there", .timeLimit(.minutes(1)))
struct ImportTests {
    private let scope = Scope()

    private func export(_ store: SQLiteTaskStore, push: Bool = false) async throws -> [[UInt8]] {
        let lines = Lines()
        _ = try await store.database.export(includingPushConfigurations: push) { lines.add($0) }
        return lines.all
    }

    private func importing(
        _ lines: [[UInt8]], into path: String, replacing: Bool = false
    ) async throws -> SQLiteDatabase.Transfer {
        let source = Lines(lines)
        return try await SQLiteDatabase.importing(into: path, replacing: replacing) { source.next() }
    }

    private func add(
        _ id: String, _ text: String, _ end: A2ATaskState? = .completed, to store: SQLiteTaskStore
    ) async throws {
        _ = try await store.create(.sample(id), then: [.text(text)], in: self.scope)
        if let end { _ = try await store.append([.status(end)], to: id, in: self.scope) }
    }

    private func texts(_ store: SQLiteTaskStore, after time: A2ATimestamp? = nil) async throws -> [String] {
        let page = try await store.list(TaskQuery(statusAfter: time, includeArtifacts: true), in: self.scope)
        #expect(page.total == page.tasks.count)
        let problems = try await store.database.check()
        #expect(problems == [])
        return page.tasks.map { "\($0.id) \($0.artifacts.first?.text ?? "")" }
    }

    @Test("new tasks are added in the order of their status, and those that are there, the same, are passed over")
    func added() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let one = try makeStore(in: folder, name: "one.db", clock: clock)
            let other = try makeStore(in: folder, name: "other.db", clock: clock)
            for index in 0..<3 {
                try await self.add("one \(index)", "x", index == 1 ? nil : .completed, to: one)
                clock.advance(milliseconds: 1_000)
                try await self.add("other \(index)", "y", to: other)
                clock.advance(milliseconds: 1_000)
            }
            let lines = try await self.export(one)
            await other.database.close()
            let path = folder + "/other.db"
            let first = try await self.importing(lines, into: path)
            #expect(first.tasks == 3 && first.skipped == 0)
            let again = try await self.importing(lines, into: path)
            #expect(again.tasks == 0 && again.skipped == 3)
            let merged = try makeStore(in: folder, name: "other.db", clock: clock)
            let all = (0..<3).flatMap { ["one \($0) x", "other \($0) y"] }
            #expect(try await self.texts(merged) == all.reversed())
            let time = try #require(try await merged.snapshot(of: "one 2", in: self.scope, historyLength: 0))
            #expect(try await self.texts(merged, after: time.task.status.timestamp) == ["other 2 y", "one 2 x"])
            #expect(try await merged.append([.text("z")], to: "one 1", in: self.scope).state == .submitted)
        }
    }

    @Test("tasks that differ are named and nothing is imported; or they are replaced, and their numbers are new")
    func different() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "one.db")
            let other = try makeStore(in: folder, name: "other.db")
            for (id, text) in [("same", "s"), ("differs", "x"), ("new", "n")] { try await self.add(id, text, to: one) }
            try await one.database.backUp(to: folder + "/other2.db")
            try await self.add("differs", "y", to: other)
            let lines = try await self.export(one)
            await other.database.close()
            let path = folder + "/other.db"
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            await expectA2AError(
                .invalidRequest, saying: "1 of the tasks are in the store already and are not the same: differs."
            ) {
                try await self.importing(lines, into: path)
            }
            let unchanged = try makeStore(in: folder, name: "other.db")
            #expect(try await self.texts(unchanged) == ["differs y"])
            await unchanged.database.close()
            #expect(before.count > 0)
            let replaced = try await self.importing(lines, into: path, replacing: true)
            #expect(replaced.tasks == 3 && replaced.replaced == 1 && replaced.skipped == 0)
            let merged = try makeStore(in: folder, name: "other.db")
            #expect(try await self.texts(merged).sorted() == ["differs x", "new n", "same s"])
            // It stood at 3, and what replaces it too.
            guard case .gap = try await merged.events(of: "differs", in: self.scope, after: 2, limit: 1) else {
                Issue.record("no gap")
                return
            }
            // A copy has the tasks of its original, those that have ended with their numbers.
            let copied = try await self.importing(lines, into: folder + "/other2.db")
            #expect(copied.skipped == 3 && copied.tasks == 0)
        }
    }

    @Test("nothing of a large import stays either if its last task differs, or its last line makes no sense")
    func large() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "one.db")
            let other = try makeStore(in: folder, name: "other.db")
            try await self.add("a", "x", to: one)
            try await self.add("a", "y", to: other)
            let lines = try await self.export(one).map { String(decoding: $0, as: UTF8.self) }
            await other.database.close()
            // More than one transaction takes, where nobody sees it before it is whole.
            let many = (0..<800).flatMap { index in
                lines[1...].map { $0.replacing("\"id\":\"a\"", with: "\"id\":\"a\(index)\"") }
            }
            #expect(many.count > 2_000)
            for (end, words) in [(Array(lines[1...]), "not the same: a."), (["{}"], "Line \(many.count + 2) cannot")] {
                let all = ([lines[0]] + many + end).map { Array($0.utf8) }
                await expectA2AError(.invalidRequest, saying: words) {
                    try await self.importing(all, into: folder + "/other.db")
                }
                let unchanged = try makeStore(in: folder, name: "other.db")
                #expect(try await self.texts(unchanged) == ["a y"])
                await unchanged.database.close()
            }
            let transfer = try await self.importing(
                ([lines[0]] + many).map { Array($0.utf8) }, into: folder + "/other.db")
            #expect(transfer.tasks == 800)
        }
    }

    @Test("what replaces a task of a copy of copies has higher numbers: whoever had one of before meets a gap")
    func replacedInCopy() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "0.db")
            try await self.add("a", "x", nil, to: one)
            let keys = try StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()])
            var configuration = A2ATaskPushNotificationConfig()
            configuration.id = "c"
            configuration.taskID = "a"
            configuration.url = "https://example.com/"
            let push = try await SQLitePushNotificationStore(one.database, keys: keys)
            _ = try await push.put(
                PushRegistration(
                    scope: self.scope, configuration: configuration, version: .v1_0, deliveryKey: "k",
                    progress: PushProgress(delivered: 2)))
            let lines = try await self.export(one)
            // Each copy is a random step higher; one step hardly reaches the sum of eight.
            for index in 1...8 {
                let copy = try makeStore(in: folder, name: "\(index - 1).db")
                try await copy.database.backUp(to: folder + "/\(index).db")
                await copy.database.close()
            }
            let copy = try makeStore(in: folder, name: "8.db")
            let last = try await copy.append([.text("y")], to: "a", in: self.scope).generation
            await copy.database.close()
            let replaced = try await self.importing(lines, into: folder + "/8.db", replacing: true)
            #expect(replaced.replaced == 1)
            let merged = try makeStore(in: folder, name: "8.db")
            #expect(try await self.texts(merged) == ["a x"])
            let found = try #require(try await merged.snapshot(of: "a", in: self.scope, historyLength: 0))
            #expect(found.generation > last + 1_000_000)
            let claimed = try await SQLitePushNotificationStore(merged.database, keys: keys)
                .claim(pageSize: 10, pageToken: nil).registrations
            let delivered = try #require(claimed.first).progress.delivered
            #expect(delivered == last - 1)
            for cursor in [delivered, last - 2, last] {
                guard case .gap = try await merged.events(of: "a", in: self.scope, after: cursor, limit: 1) else {
                    Issue.record("no gap after \(cursor)")
                    continue
                }
            }
        }
    }

    @Test("a task of another caller with the same id is another task")
    func otherCaller() async throws {
        try await withFolder { folder in
            let clock = ManualWallClock()
            let one = try makeStore(in: folder, name: "one.db", clock: clock)
            let other = try makeStore(in: folder, name: "other.db", clock: clock)
            let task = A2ATask.sample("a")
            _ = try await one.create(task, then: [], in: Scope(tenant: "", principal: "alice"))
            _ = try await other.create(task, then: [], in: Scope(tenant: "", principal: "bob"))
            let lines = try await self.export(one)
            await other.database.close()
            await expectA2AError(.invalidRequest, saying: "not the same: a.") {
                try await self.importing(lines, into: folder + "/other.db")
            }
        }
    }

    @Test("a store that somebody has open takes no import")
    func inUse() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "one.db")
            try await self.add("a", "x", to: one)
            let lines = try await self.export(one)
            let path = folder + "/one.db"
            await expectA2AError(.unavailable, saying: "is in use") { try await self.importing(lines, into: path) }
            _ = try await one.create(.sample("b"), then: [], in: self.scope)
            await one.database.close()
            let transfer = try await self.importing(lines, into: path)
            #expect(transfer.skipped == 1)
        }
    }

    @Test("a log with a hole, a task that comes twice and numbers beyond all bounds are refused")
    func unsound() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "one.db")
            try await self.add("a", "x", to: one)
            _ = try await one.create(.sample("b"), then: [], in: self.scope)
            let lines = try await self.export(one)
            #expect(lines.count == 6)
            func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }
            let large = text(lines[1]).replacing("\"generation\":3", with: "\"generation\":9000000000000000000")
            let negative = text(lines[1]).replacing("\"bytes\":", with: "\"bytes\":-")
            let late = text(lines[1]).replacing("\"statusAt\":", with: "\"statusAt\":99")
            let stateless = text(lines[1]).replacing("\"state\":3", with: "\"state\":77")
            for (lines, words) in [
                (
                    Array(lines[0...2]) + lines[4...],
                    "the task before it is not sound (task 'a' stands at 3, its log ends at 2)"
                ),
                (lines + lines[1...3], "task 'a' was in it before"),
                ([lines[0], Array(large.utf8)], "'generation' is not between"),
                ([lines[0], Array(negative.utf8)], "'bytes' is not between"),
                ([lines[0], Array(late.utf8)], "'statusAt' is no time"),
                ([lines[0], Array(stateless.utf8)], "'state' is none"),
            ] {
                await expectA2AError(.invalidRequest, saying: words) {
                    try await self.importing(lines, into: folder + "/new.db")
                }
                #expect(!FileManager.default.fileExists(atPath: folder + "/new.db"))
            }
        }
    }

    @Test("push configurations are exported on request, encrypted, and sent from where they stood after an import")
    func pushConfigurations() async throws {
        try await withFolder { folder in
            let one = try makeStore(in: folder, name: "one.db")
            try await self.add("waiting", "x", .inputRequired, to: one)
            try await self.add("ended", "y", to: one)
            let keys = try StoreKeys([Data(repeating: 1, count: 32).base64EncodedString()])
            let push = try await SQLitePushNotificationStore(one.database, keys: keys)
            for (id, delivered) in [("waiting", Int64(2)), ("ended", 1)] {
                var configuration = A2ATaskPushNotificationConfig()
                configuration.id = "c"
                configuration.taskID = id
                configuration.url = "https://example.com/s3cret"
                configuration.token = "s3cret"
                configuration.authentication.credentials = "s3cret"
                _ = try await push.put(
                    PushRegistration(
                        scope: self.scope, configuration: configuration, version: .v1_0, deliveryKey: id,
                        progress: PushProgress(delivered: delivered)))
            }
            let without = try await self.export(one)
            let lines = try await self.export(one, push: true)
            #expect(lines.count == without.count + 2)
            #expect(String(decoding: without[0], as: UTF8.self).contains("\"version\":1"))
            #expect(String(decoding: lines[0], as: UTF8.self).contains("\"version\":2"))
            #expect(!lines.contains { String(decoding: $0, as: UTF8.self).contains("s3cret") })
            let path = folder + "/other.db"
            let transfer = try await self.importing(lines, into: path)
            #expect(transfer.pushConfigurations == 2 && transfer.tasks == 2)
            let again = try await self.importing(lines, into: path)
            #expect(again.pushConfigurations == 0 && again.skipped == 2)

            let other = try makeStore(in: folder, name: "other.db")
            let strangers = try StoreKeys([Data(repeating: 2, count: 32).base64EncodedString()])
            let unreadable = try await SQLitePushNotificationStore(other.database, keys: strangers, logger: .silent)
            #expect(try await unreadable.claim(pageSize: 10, pageToken: nil).registrations.isEmpty)
            let there = try await SQLitePushNotificationStore(other.database, keys: keys)
            let claimed = try await there.claim(pageSize: 10, pageToken: nil).registrations
            #expect(claimed.map(\.configuration.url) == ["https://example.com/s3cret", "https://example.com/s3cret"])
            #expect(claimed.map(\.configuration.token) == ["s3cret", "s3cret"])
            for registration in claimed {
                let events = try await other.events(
                    of: registration.configuration.taskID, in: self.scope, after: registration.progress.delivered,
                    limit: 9)
                #expect(events.all?.count == (registration.configuration.taskID == "waiting" ? 1 : 2))
            }
        }
    }
}
