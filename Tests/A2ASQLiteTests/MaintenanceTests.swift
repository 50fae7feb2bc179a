import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import A2ASQLite

@Suite("Looking after the file", .timeLimit(.minutes(1)))
struct MaintenanceTests {
    private let scopes = [Scope(), Scope(tenant: "tenant", principal: "älice \"x\"")]

    /// Tasks of all kinds.
    private func fill(_ store: SQLiteTaskStore) async throws {
        for scope in self.scopes {
            for index in 0..<20 {
                let id = "\(scope.tenant)\(index)"
                _ = try await store.create(
                    .sample(id, context: "c\(index % 3)"), then: [.status(.working), .text("one")], in: scope)
                _ = try await store.append(
                    [
                        .text("two"),
                        TaskChange(
                            .artifact(
                                A2AArtifact(parts: [.data(["n": 1, "x": [1.5, nil, true, "ü\n"]])], artifactID: "b"),
                                lastChunk: true), metadata: ["k": "v"]),
                        TaskChange(
                            .status(A2ATaskStatus(.working, message: .agent("At it."))), received: .user("More.")),
                    ], to: id, in: scope, condition: AppendCondition(beginsTurn: true))
                if index % 2 == 0 { _ = try await store.append([.status(.completed)], to: id, in: scope) }
            }
        }
        let text = String(repeating: "x", count: 10_000)
        _ = try await store.create(.sample("long"), then: [], in: Scope())
        for _ in 0..<60 { _ = try await store.append([.text(text)], to: "long", in: Scope()) }
    }

    /// Everything that can be seen of a store; numbers counted from each task's last, which is another one in a copy.
    private func contents(_ store: SQLiteTaskStore) async throws -> [String] {
        var lines: [String] = []
        for scope in self.scopes {
            let page = try await store.list(TaskQuery(pageSize: 100, includeArtifacts: true), in: scope)
            lines.append("\(page.total)")
            for var task in page.tasks {
                let last = task.generation
                task.generation = 0
                lines.append(task.textFormatString())
                guard case .gap(let oldest) = try await store.events(of: task.id, in: scope, after: 0, limit: 1) else {
                    lines.append("no gap")
                    continue
                }
                let events = try await store.events(of: task.id, in: scope, after: oldest - 1, limit: 1_000).all ?? []
                lines.append("\(last - oldest)")
                lines += events.map { "\($0.generation - last) \($0.update.textFormatString())" }
            }
        }
        return lines
    }

    @Test("a backup that is made while others write is whole and sound, and has what was there before")
    func backup() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await self.fill(store)
            let before = try await store.list(TaskQuery(), in: Scope()).total
            let isDone = Tally()
            let written = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    var count = 0
                    while isDone.value == 0 {
                        _ = try await store.create(.sample("new \(count)"), then: [.text("x")], in: Scope())
                        count += 1
                    }
                    return count
                }
                try await store.database.backUp(to: folder + "/backup.db")
                isDone.add()
                return try await group.reduce(0, +)
            }
            let copy = try makeStore(in: folder, name: "backup.db")
            let problems = try await copy.database.check()
            #expect(problems == [])
            let total = try await copy.list(TaskQuery(), in: Scope()).total
            #expect(total >= before && total <= before + written)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!files.contains { $0.contains("partial") })
            await expectA2AError(.invalidRequest, saying: "exists already") {
                try await store.database.backUp(to: folder + "/backup.db")
            }
        }
    }

    @Test("what is exported and imported is the same store, and goes on where it was")
    func transfer() async throws {
        try await withFolder { folder in
            let store = try makeStore(in: folder)
            try await self.fill(store)
            let lines = Lines()
            let exported = try await store.database.export { lines.add($0) }
            #expect(exported.tasks == 41 && exported.lines == lines.all.count)
            let source = Lines(lines.all)
            let imported = try await SQLiteDatabase.importing(into: folder + "/new.db") { source.next() }
            #expect(imported == exported)
            let other = try makeStore(in: folder, name: "new.db")
            #expect(try await self.contents(other) == self.contents(store))
            let problems = try await other.database.check()
            #expect(problems == [])
            let again = try await other.database.export { _ in }
            #expect(again == exported)
            let last = try #require(try await other.snapshot(of: "long", in: Scope(), historyLength: 0)).generation
            let appended = try await other.append([.text("y")], to: "long", in: Scope())
            #expect(appended.generation == last + 1)
            #expect(try await other.create(.sample("next"), then: [], in: Scope()).appended.fence == 1)
            #expect(try await other.list(TaskQuery(), in: Scope()).tasks.first?.id == "next")
        }
    }

    @Test("lines that cannot be imported are named, and leave no file")
    func badLines() async throws {
        let header = #"{"kind":"header","format":"a2a-store","version":1}"#
        let cases = [
            (["nonsense"], "Line 1"), ([#"{"kind":"task"}"#], "must be a header"),
            ([#"{"kind":"header","format":"a2a-store","version":3}"#], "newer"), ([], "nothing to import"),
            ([header, #"{"kind":"events","generation":1,"bytes":0,"at":0,"changes":[]}"#], "Line 2"),
            ([header, #"{"kind":"new"}"#], "'new' is not known"),
            ([header, #"{"kind":"task","id":"a","state":3,"snapshot":0,"tenant":1}"#], "'tenant'"),
        ]
        try await withFolder { folder in
            for (texts, words) in cases {
                let lines = Lines(texts.map { Array($0.utf8) })
                await expectA2AError(.invalidRequest, saying: words) {
                    try await SQLiteDatabase.importing(into: folder + "/new.db") { lines.next() }
                }
                let left = try FileManager.default.contentsOfDirectory(atPath: folder)
                #expect(left == [])
            }
        }
    }

    @Test("counters and logs that are not right are found")
    func findings() async throws {
        let faults = [
            ("UPDATE store SET tasks = 7", "counts 7 tasks"), ("UPDATE counts SET tasks = tasks + 1", "scope"),
            ("DELETE FROM log WHERE generation = 1", "makes no sense"),
            ("UPDATE tasks SET generation = generation + 1", "its log ends at"),
            ("INSERT INTO log VALUES (99, 1, 1, 1, 1, x'00')", "do not exist"),
            ("INSERT INTO removals VALUES (1, 1)", "are being removed"),
            ("UPDATE push_totals SET registrations = 7", "counts 7 push configurations"),
            ("UPDATE push_totals SET bytes = 7", "push_totals counts 7 bytes"),
        ]
        for (sql, words) in faults {
            try await withFolder { folder in
                let store = try makeStore(in: folder)
                _ = try await store.create(.sample("a"), then: [.text("x")], in: Scope())
                _ = try await store.append([.text("y")], to: "a", in: Scope())
                let none = try await store.database.check()
                #expect(none == [])
                try await DatabaseQueue(path: folder + "/store.db").write { try $0.execute(sql: sql) }
                let problems = try await store.database.check()
                #expect(problems.contains { $0.contains(words) }, "\(problems)")
            }
        }
    }
}
