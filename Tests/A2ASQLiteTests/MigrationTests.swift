import A2A
import A2AServer
import Foundation
import GRDB
import Testing

@testable import A2ASQLite

/// Files as earlier versions have left them. `Fixtures` has one for every schema that was there.
@Suite("Files of earlier versions", .timeLimit(.minutes(1)))
struct MigrationTests {
    private static let names = (1..<Migrations.names.count).map { "schema-\($0)" }

    static func make(_ name: String, at path: String) async throws {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).sql")
        let sql = try String(contentsOf: fixture, encoding: .utf8)
        let database = try DatabaseQueue(path: path)
        try await database.writeWithoutTransaction { try $0.execute(sql: sql) }
        try database.close()
    }

    private func schema(_ store: SQLiteTaskStore) async throws -> [String] {
        try await store.database.read { db in
            try String.fetchAll(db, sql: "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
        }
    }

    @Test("are brought to this version's schema, and have what they had", arguments: Self.names)
    func migrated(name: String) async throws {
        try await withFolder { folder in
            try await Self.make(name, at: folder + "/store.db")
            let store = try makeStore(in: folder)
            let scope = try #require(
                try await store.database.read { db in
                    try Row.fetchOne(db, sql: "SELECT tenant, principal FROM scopes")
                        .map { Scope(tenant: $0[0], principal: $0[1]) }
                })
            let new = try makeStore(in: folder, name: "new.db")
            #expect(try await self.schema(store) == self.schema(new))
            #expect(try await store.database.info().schema == Migrations.names)
            let problems = try await store.database.check()
            #expect(problems == [])
            let page = try await store.list(TaskQuery(includeArtifacts: true), in: scope)
            #expect(page.total == 2 && page.tasks.map(\.status.state) == [.inputRequired, .completed])
            #expect(page.tasks.last?.artifacts.first?.parts.map(\.text) == ["to ", "be"])
            let waiting = try #require(page.tasks.first)
            #expect(
                waiting.history.map(\.text) == ["form"]
                    && waiting.status.message.text == "Where does the journey begin?")
            let appended = try await store.append(
                [TaskChange(.status(A2ATaskStatus(.completed)), received: .user("Here."))], to: waiting.id, in: scope)
            #expect(appended.generation == waiting.generation + 1)
            #expect(try await store.incarnation() != 0)
            let registrations = try await store.database.info().pushConfigurations
            #expect(registrations == (name == "schema-1" ? 0 : 1))
        }
    }

    @Test("are refused by whoever shall leave them as they are, and stay so", arguments: Self.names)
    func left(name: String) async throws {
        try await withFolder { folder in
            let path = folder + "/store.db"
            try await Self.make(name, at: path)
            func tables() async throws -> [String] {
                let database = try DatabaseQueue(path: path)
                return try await database.read {
                    try String.fetchAll(
                        $0, sql: "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
                        + String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations")
                }
            }
            let before = try await tables()
            var options = SQLiteDatabase.Options()
            options.migrates = false
            await expectA2AError(.internal, saying: "by an earlier version of this program (it lacks '") {
                _ = try makeStore(in: folder, options: options)
            }
            #expect(try await tables() == before)
            await (try makeStore(in: folder)).database.close()
            let store = try makeStore(in: folder, options: options)
            #expect(try await store.database.info().schema == Migrations.names)
        }
    }

    @Test("a step of the schema is one that has a fixture, or the last")
    func fixtures() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == Self.names.map { $0 + ".sql" })
    }
}
