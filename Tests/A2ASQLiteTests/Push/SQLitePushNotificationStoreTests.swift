import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Synchronization
import Testing

@testable import A2ASQLite

private let (keyA, keyB) = (
    Data(repeating: 1, count: 32).base64EncodedString(), Data(repeating: 2, count: 32).base64EncodedString()
)

private func keys(_ texts: String...) throws -> StoreKeys { try StoreKeys(texts) }

private func open(_ folder: String) throws -> SQLiteDatabase {
    try SQLiteDatabase(path: "\(folder)/store.db", logger: .silent)
}

private func registration(_ id: String = "a", task: String = "task", delivered: Int64 = 1) -> PushRegistration {
    var configuration = A2ATaskPushNotificationConfig()
    configuration.id = id
    configuration.taskID = task
    configuration.url = "https://hooks.example.com:8443/s3cret/path?key=s3cret"
    configuration.token = "s3cret-token"
    configuration.authentication.scheme = "Bearer"
    configuration.authentication.credentials = "s3cret-credentials"
    return PushRegistration(
        scope: Scope(tenant: "t", principal: "alice"), configuration: configuration, version: .v1_0,
        deliveryKey: "key-\(id)", progress: PushProgress(delivered: delivered))
}

@Suite("Push notification configurations in SQLite", .timeLimit(.minutes(1)))
struct SQLitePushNotificationStoreTests {
    @Test("keeps the contract of stores", arguments: PushNotificationStoreContract.rules)
    func contract(_ rule: PushNotificationStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { demands in
                var options = SQLitePushNotificationStore.Options()
                options.retention.registrationsPerTask = demands.maxPerTask
                options.retention.registrations = demands.maxTotal
                options.retention.age = demands.maxAge
                let database = try SQLiteDatabase(path: "\(folder)/\(UUID().uuidString)", logger: .silent)
                return try await SQLitePushNotificationStore(
                    database, keys: try keys(keyA), options: options, wallClock: { demands.wallClock.now })
            }
        }
    }

    @Test("everything is there after the file was closed and opened again: secrets, cursor, attempts, waits")
    func survives() async throws {
        try await withFolder { folder in
            var progress = PushProgress(delivered: 7)
            progress.attempts = 3
            progress.failingSince = A2ATimestamp(milliseconds: 1_000)
            progress.nextAttempt = A2ATimestamp(milliseconds: 9_000)
            progress.lastFailure = "HTTP status 503"
            progress.notifications = 6
            let put: PushRegistration
            do {
                let database = try open(folder)
                let store = try await SQLitePushNotificationStore(database, keys: try keys(keyA))
                put = try await store.put(registration())
                #expect(try await store.record(progress, for: put.key, revision: put.revision))
                await database.close()
            }
            let store = try await SQLitePushNotificationStore(try open(folder), keys: try keys(keyA))
            var wanted = put
            wanted.progress = progress
            #expect(try await store.registration(put.key) == wanted)
            // The process that had it is gone: this one delivers from it.
            #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations == [wanted])
            #expect(try await store.claim(put.key) == wanted)
        }
    }

    @Test("neither tokens nor credentials nor more of a URL than its host are in the file")
    func encrypted() async throws {
        try await withFolder { folder in
            let database = try open(folder)
            let store = try await SQLitePushNotificationStore(database, keys: try keys(keyA))
            _ = try await store.put(registration())
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
                #expect(data.range(of: Data("s3cret".utf8)) == nil, "\(name)")
            }
            let origin = try await database.read {
                try String.fetchOne($0, sql: "SELECT origin FROM push_registrations")
            }
            #expect(origin == "https://hooks.example.com:8443")
        }
    }

    @Test("with a new key before the old one everything is encrypted anew, except what was altered")
    func rotation() async throws {
        try await withFolder { folder in
            let database = try open(folder)
            let all = (0..<450).map { registration("\($0)", task: "\($0)") }
            let first = try await SQLitePushNotificationStore(database, keys: try keys(keyA))
            for one in all { _ = try await first.put(one) }
            try await database.write { db in
                try db.execute(sql: "UPDATE push_registrations SET sealed = x'00' WHERE id = '7'")
            }
            let log = LogLines()
            _ = try await SQLitePushNotificationStore(database, keys: try keys(keyB, keyA), logger: log.logger)
            #expect(log.all.contains { $0.contains("were encrypted anew") && $0.contains("count=449") }, "\(log.all)")
            #expect(log.all.contains { $0.contains("they were altered") && $0.contains("count=1") }, "\(log.all)")
            let last = try await SQLitePushNotificationStore(database, keys: try keys(keyB), logger: .silent)
            for one in all where one.configuration.id != "7" {
                #expect(try await last.registration(one.key)?.configuration == one.configuration)
            }
        }
    }

    @Test("what was encrypted for one configuration cannot be put into the place of another")
    func bound() async throws {
        try await withFolder { folder in
            let database = try open(folder)
            let store = try await SQLitePushNotificationStore(database, keys: try keys(keyA))
            for id in ["a", "b"] { _ = try await store.put(registration(id)) }
            try await database.write { db in
                try db.execute(
                    sql: """
                        UPDATE push_registrations SET sealed = (SELECT sealed FROM push_registrations WHERE id = 'a') \
                        WHERE id = 'b'
                        """)
            }
            #expect(try await store.registration(registration("a").key) != nil)
            let error = await #expect(throws: A2AError.self) { try await store.registration(registration("b").key) }
            #expect(error?.code == .internal && error?.cause as? SecretBox.Failure == .altered)
            // It holds nobody else up, and its operator sees it.
            #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations.map(\.configuration.id) == ["a"])
            let dead = try await store.scan(state: .dead, pageSize: 10, pageToken: nil).registrations
            #expect(dead.map(\.configuration.id) == ["b"])
            #expect(dead.first?.progress.lastFailure.contains("cannot be decrypted") == true)
        }
    }

    @Test("is bounded in bytes, and counts them right through everything")
    func bytes() async throws {
        try await withFolder { folder in
            let database = try open(folder)
            var options = SQLitePushNotificationStore.Options()
            options.retention.bytes = 4 * registration().approximateByteCount
            let store = try await SQLitePushNotificationStore(database, keys: try keys(keyA), options: options)
            for id in ["a", "b", "c", "d"] { _ = try await store.put(registration(id)) }
            let error = await #expect(throws: A2AError.self) { try await store.put(registration("e")) }
            #expect(error?.code == .resourceExhausted)
            _ = try await store.put(registration("a"))
            _ = try await store.remove(registration("b").key)
            _ = try await store.put(registration("e"))
            let totals = try await database.read { db in
                try Bool.fetchOne(
                    db,
                    sql: """
                        SELECT registrations = (SELECT count(*) FROM push_registrations) \
                        AND bytes = (SELECT sum(bytes) FROM push_registrations) FROM push_totals
                        """)
            }
            #expect(totals == true)
        }
    }

    // MARK: Several processes

    /// Time that the test lets pass.
    private final class Clock: Sendable {
        private let start = ContinuousClock.now
        private let passed = Mutex<Duration>(.zero)
        var now: ContinuousClock.Instant { self.start + self.passed.withLock { $0 } }
        func pass(_ time: Duration) { self.passed.withLock { $0 += time } }
    }

    private static func process(_ folder: String, _ clock: Clock) async throws -> SQLitePushNotificationStore {
        try await SQLitePushNotificationStore(
            try open(folder), keys: try keys(keyA), options: .init(), logger: .silent, wallClock: { .now },
            clock: { clock.now })
    }

    private static func ids(_ store: SQLitePushNotificationStore) async throws -> [String] {
        try await store.claim(pageSize: 100, pageToken: nil).registrations.map(\.configuration.id)
    }

    @Test("each configuration is delivered by one process, and by another at once when that has ended")
    func ended() async throws {
        try await withFolder { folder in
            let clock = Clock()
            let second = try await Self.process(folder, clock)
            do {
                let first = try await Self.process(folder, clock)
                defer { withExtendedLifetime(first) {} }
                _ = try await first.put(registration("a"))
                _ = try await second.put(registration("b"))
                #expect(try await Self.ids(first) == ["a"])
                #expect(try await Self.ids(second) == ["b"])
                #expect(try await second.claim(registration("a").key) == nil)
                let seen = try #require(try await second.registration(registration("a").key))
                #expect(try await !second.record(seen.progress, for: seen.key, revision: seen.revision))
                #expect(try await second.renewClaims() == PushStoreNews())
            }
            #expect(try await second.renewClaims() == PushStoreNews(hasOrphans: true))
            #expect(try await Self.ids(second) == ["a", "b"])
            #expect(try await second.renewClaims() == PushStoreNews())
        }
    }

    @Test("one that shows no sign of life loses what it has, and can write no more of it when it wakes up")
    func silent() async throws {
        try await withFolder { folder in
            let clock = Clock()
            let (sleeper, other) = (try await Self.process(folder, clock), try await Self.process(folder, clock))
            let put = try await sleeper.put(registration("a"))
            for _ in 0..<4 {
                #expect(try await other.renewClaims() == PushStoreNews())
                clock.pass(.seconds(10))
                _ = try await sleeper.renewClaims()
            }
            // Now it sleeps.
            #expect(try await other.renewClaims() == PushStoreNews())
            clock.pass(.seconds(14))
            #expect(try await other.renewClaims() == PushStoreNews())
            clock.pass(.seconds(1))
            #expect(try await other.renewClaims() == PushStoreNews(hasOrphans: true))
            #expect(try await Self.ids(other) == ["a"])
            #expect(try await sleeper.claim(put.key) == nil)
            #expect(try await !sleeper.record(put.progress, for: put.key, revision: put.revision))
            // It comes back with nothing, and what it takes from now on is its own.
            #expect(try await sleeper.renewClaims() == PushStoreNews())
            _ = try await sleeper.put(registration("b"))
            #expect(try await other.renewClaims() == PushStoreNews())
            #expect(try await Self.ids(sleeper) == ["b"])
        }
    }

    @Test("a process is told of logs that another one has written to")
    func grown() async throws {
        try await withFolder { folder in
            let clock = Clock()
            let (one, other) = (try await Self.process(folder, clock), try await Self.process(folder, clock))
            defer { withExtendedLifetime(other) {} }
            let tasks = SQLiteTaskStore(database: try open(folder))
            var task = A2ATask()
            task.id = "task"
            task.contextID = "context"
            task.status = A2ATaskStatus(.submitted)
            let scope = Scope(tenant: "t", principal: "alice")
            _ = try await one.put(registration(delivered: 0))
            // Expected, not made: nothing to send.
            #expect(try await one.renewClaims() == PushStoreNews())
            _ = try await tasks.create(task, then: [], in: scope)
            #expect(try await one.renewClaims() == PushStoreNews())
            _ = try await tasks.append([TaskChange(.status(A2ATaskStatus(.working)))], to: "task", in: scope)
            #expect(try await one.renewClaims() == PushStoreNews(grown: ["task"]))
            let put = try #require(try await one.claim(registration().key))
            _ = try await one.record(PushProgress(delivered: 2), for: put.key, revision: put.revision)
            #expect(try await one.renewClaims() == PushStoreNews())
        }
    }
}
