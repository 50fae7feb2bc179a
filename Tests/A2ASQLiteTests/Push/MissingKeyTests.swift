import A2A
import A2AServer
import A2ATesting
import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import A2ASQLite

/// What was logged, a line each.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { self.lines.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            self.lines.lines.withLock { $0.append("\(event.level) \(event.message)\(fields)") }
        }
    }
}

@Suite("Push notification configurations whose key is missing", .timeLimit(.minutes(1)))
struct MissingKeyTests {
    private let old = Data(repeating: 1, count: 32).base64EncodedString()
    private let new = Data(repeating: 2, count: 32).base64EncodedString()
    private let scope = Scope(tenant: "t", principal: "alice")

    private func registration(_ id: String) -> PushRegistration {
        var configuration = A2ATaskPushNotificationConfig()
        configuration.id = id
        configuration.taskID = id
        configuration.url = "https://hooks.example.com:8443/s3cret"
        return PushRegistration(
            scope: self.scope, configuration: configuration, version: .v1_0, deliveryKey: id,
            progress: PushProgress(delivered: 1))
    }

    /// A store with a configuration of the old key, of a task that is there, and a process that has another key only.
    private func withStranger(
        _ body: (_ store: SQLitePushNotificationStore, _ put: PushRegistration, _ log: LogLines, _ folder: String)
            async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let put: PushRegistration
            do {
                let tasks = try makeStore(in: folder)
                let first = try await SQLitePushNotificationStore(
                    tasks.database, keys: StoreKeys([self.old]), logger: .silent)
                _ = try await tasks.create(.sample("a"), then: [.status(.working)], in: self.scope)
                put = try await first.put(self.registration("a"))
                await tasks.database.close()
            }
            let log = LogLines()
            let database = try SQLiteDatabase(path: folder + "/store.db", logger: .silent)
            let store = try await SQLitePushNotificationStore(
                database, keys: StoreKeys([self.new]), logger: log.logger)
            try await body(store, put, log, folder)
            await database.close()
        }
    }

    @Test("do not keep an agent from starting; the log names the key, and neither key nor secret")
    func starts() async throws {
        try await self.withStranger { store, _, log, folder in
            let (old, new) = (try StoreKeys([self.old]).current.id, try StoreKeys([self.new]).current.id)
            let line = try #require(log.all.first { $0.contains("their key was not given") })
            for words in ["error ", "count=1", "key=\(old)", "given=\(new)", "file=\(folder)/store.db"] {
                #expect(line.contains(words), "\(line)")
            }
            #expect(!log.all.contains { $0.contains(self.old) || $0.contains(self.new) || $0.contains("s3cret") })
            // Others are made, kept and delivered.
            let other = try await store.put(self.registration("b"))
            #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations == [other])
            #expect(try await store.claim(other.key) == other)
        }
    }

    @Test("are shown with the reason, and stay as they are until the key is there; then they go on where they stopped")
    func goesOn() async throws {
        try await self.withStranger { store, put, _, folder in
            let id = try StoreKeys([self.old]).current.id
            for _ in 0..<2 {
                #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations.isEmpty)
                #expect(try await store.claim(put.key) == nil)
                #expect(try await store.renewClaims() == PushStoreNews())
                try await store.removeExpired()
            }
            let shown = try #require(
                try await store.scan(state: .active, pageSize: 10, pageToken: nil).registrations.first)
            #expect(shown.key == put.key && shown.configuration.url == "https://hooks.example.com:8443")
            #expect(shown.progress.lastFailure.contains("its key \(id) was not given"))
            let error = await #expect(throws: A2AError.self) { try await store.registration(put.key) }
            #expect(error?.message.contains("Make it anew") == true)
            let database = try SQLiteDatabase(path: folder + "/store.db", logger: .silent)
            #expect(
                try await SQLitePushNotificationStore.unreadable(in: database, with: StoreKeys([self.new])) == [id: 1])
            #expect(try await SQLitePushNotificationStore.unreadable(in: database, with: nil) == [id: 1])
            #expect(try await SQLitePushNotificationStore.unreadable(in: database, with: StoreKeys([self.old])) == [:])
            for (keys, words) in [(self.new, "its key \(id) was not given"), (self.old, "")] {
                let page = try await SQLitePushNotificationStore.status(in: database, keys: StoreKeys([keys]))
                let failure = try #require(page.statuses.first).progress.lastFailure
                #expect(words.isEmpty ? failure.isEmpty : failure.contains(words))
            }
            let both = try await SQLitePushNotificationStore(
                database, keys: StoreKeys([self.new, self.old]), logger: .silent)
            #expect(try await both.claim(pageSize: 10, pageToken: nil).registrations == [put])
            // Now in the new key's hand.
            #expect(try await store.registration(put.key) == put)
        }
    }

    @Test("can be removed, and made anew")
    func replaced() async throws {
        try await self.withStranger { store, put, _, _ in
            let made = try await store.put(self.registration("a"))
            #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations == [made])
            #expect(try await store.remove(put.key))
            #expect(try await store.scan(state: nil, pageSize: 10, pageToken: nil).registrations.isEmpty)
        }
    }

    @Test("are given up when their tasks are gone, and no sooner")
    func forgotten() async throws {
        try await self.withStranger { store, put, _, folder in
            #expect(try await store.claim(pageSize: 10, pageToken: nil).registrations.isEmpty)
            try await store.removeExpired()
            #expect(try await store.scan(state: .active, pageSize: 10, pageToken: nil).registrations.count == 1)
            let database = try SQLiteDatabase(path: folder + "/store.db", logger: .silent)
            try await database.write { try $0.execute(sql: "DELETE FROM tasks") }
            try await store.removeExpired()
            let dead = try await store.scan(state: .dead, pageSize: 10, pageToken: nil).registrations
            #expect(dead.map(\.key) == [put.key])
            #expect(dead.first?.progress.lastFailure.contains("its task was removed") == true)
        }
    }

    @Test("are left by a process that lacks the key to one that has it, also those that it delivered before")
    func severalProcesses() async throws {
        try await withFolder { folder in
            func process(_ keys: String...) async throws -> SQLitePushNotificationStore {
                try await SQLitePushNotificationStore(
                    try SQLiteDatabase(path: folder + "/store.db", logger: .silent), keys: StoreKeys(keys),
                    logger: .silent)
            }
            let first = try await process(self.old)
            let put = try await first.put(self.registration("a"))
            #expect(try await first.claim(put.key) == put)
            // A newer process encrypts it anew.
            let second = try await process(self.new, self.old)
            #expect(try await second.claim(put.key) == nil)
            #expect(try await first.claim(put.key) == nil)
            #expect(try await first.renewClaims() == PushStoreNews())
            #expect(try await second.renewClaims() == PushStoreNews(hasOrphans: true))
            #expect(try await second.claim(pageSize: 10, pageToken: nil).registrations == [put])
        }
    }
}
