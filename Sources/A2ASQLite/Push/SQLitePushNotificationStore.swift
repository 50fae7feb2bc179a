public import A2A
public import A2AServer
import Foundation
import GRDB
public import Logging
import SwiftProtobuf

/// Push notification configurations in the database file of the task logs.
///
/// URLs, tokens and credentials are encrypted (AES-GCM, ``StoreKeys``). The outbox is a cursor into each task's log, so an event and what is to be
/// sent of it are one write; cursors, attempts and waits survive restarts. A configuration that comes with a message is durable before the turn begins
/// that makes the task: whoever was told of a task has its notifications, and one whose task was never made is removed at the next start.
///
/// Several processes may use the file. Each configuration is delivered by one of them: by the one that took it, and when that has ended or has been
/// silent for ``Options/claimTimeout``, by another one.
public final class SQLitePushNotificationStore: PushNotificationStore {
    /// How the store is used.
    public struct Options: Sendable {
        /// What is kept, and for how long.
        public var retention = MemoryPushNotificationStore.Retention()
        /// How often processes look at what the others do. Default 1 s.
        public var claimInterval: Duration = .seconds(1)
        /// How long a process may show no sign of life before others deliver in its place. Default 15 s. One that has ended is noticed
        /// at once.
        public var claimTimeout: Duration = .seconds(15)

        public init() {}
    }

    private let database: SQLiteDatabase
    private let options: Options
    private let wallClock: @Sendable () -> A2ATimestamp
    private let box: SecretBox
    private let owners: PushOwners
    /// Whether there were configurations whose key was not given.
    private let hasStrangers: Bool

    public var claimInterval: Duration? { self.options.claimInterval }

    /// Makes the store ready to deliver from. What was encrypted with older keys is encrypted anew.
    ///
    /// Configurations whose key is not given are left as they are: nothing is sent of them before a process has the key, but they can be
    /// removed, and made anew. They are logged, and ``scan(state:pageSize:pageToken:)`` tells which they are.
    ///
    /// - Parameter wallClock: The time from which ages are counted.
    /// - Throws: ``A2AError`` if the file cannot be read or written.
    public convenience init(
        _ database: SQLiteDatabase, keys: StoreKeys, options: Options = .init(),
        logger: Logger = Logger(label: "a2a.sqlite.push"),
        wallClock: @escaping @Sendable () -> A2ATimestamp = { .now }
    ) async throws {
        try await self.init(
            database, keys: keys, options: options, logger: logger, wallClock: wallClock, clock: { .now })
    }

    /// - Parameter clock: The time that passes for those who watch other processes.
    init(
        _ database: SQLiteDatabase, keys: StoreKeys, options: Options, logger: Logger,
        wallClock: @escaping @Sendable () -> A2ATimestamp, clock: @escaping @Sendable () -> ContinuousClock.Instant
    ) async throws {
        self.database = database
        self.options = options
        self.wallClock = wallClock
        self.box = SecretBox(keys: keys)
        self.owners = PushOwners(database: database.path, timeout: options.claimTimeout, clock: clock)
        let outcome = try await PushKeyRotation(database: database, box: self.box).run()
        self.hasStrangers = !outcome.strangers.isEmpty
        self.log(outcome, logger)
        try await self.announce()
    }

    private func log(_ outcome: PushKeyRotation.Outcome, _ logger: Logger) {
        if outcome.encrypted > 0 {
            logger.notice(
                "push notification configurations were encrypted anew",
                metadata: ["count": "\(outcome.encrypted)", "key": "\(self.box.currentKeyID)"])
        }
        if outcome.altered > 0 {
            logger.error(
                "push notification configurations cannot be read: they were altered",
                metadata: ["count": "\(outcome.altered)", "file": "\(self.database.path)"])
        }
        for (key, count) in outcome.strangers.sorted(by: { $0.key < $1.key }) {
            logger.error(
                """
                push notification configurations cannot be read: their key was not given; nothing is sent of them until the agent is \
                started with it, after the one to use from now on
                """,
                metadata: [
                    "count": "\(count)", "key": "\(key)", "given": "\(self.box.keys.ids.joined(separator: ", "))",
                    "file": "\(self.database.path)",
                ])
        }
    }

    // MARK: Registrations

    public func put(_ registration: PushRegistration) async throws -> PushRegistration {
        let key = registration.key
        let sealed = try self.box.seal(
            try registration.configuration.serializedBytes(), place: PushRow.place(key))
        let (retention, keyID, owner) = (self.options.retention, self.box.currentKeyID, self.owners.id)
        var new = registration
        // Never one that was there before, not even if the row is made anew.
        new.revision = Int64.random(in: 1 ... .max)
        let wanted = new
        return try await self.database.write(bytes: 1024 + sealed.count) { db in
            var writer = try PushWriter(db)
            return try writer.put(wanted, sealed: sealed, keyID: keyID, owner: owner, retention)
        }
    }

    public func registration(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        try await self.row(key, owner: nil)?.registration(self.box)
    }

    private func row(_ key: PushRegistration.Key, owner: Int64?) async throws -> PushRow? {
        try await self.database.read { db in
            try Row.fetchOne(
                db,
                sql:
                    "SELECT \(PushRow.columns) FROM push_registrations WHERE \(PushTables.key) AND (? IS NULL OR owner = ?)",
                arguments: PushTables.arguments(key) + [owner, owner]
            ).map { try PushRow($0) }
        }
    }

    public func list(
        ofTask taskID: String, in scope: Scope, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage {
        let page = try await self.rows(
            "tenant = ? AND principal = ? AND task = ?", [scope.tenant, scope.principal, taskID], pageSize, pageToken)
        return PushRegistrationPage(registrations: try page.rows.map { try $0.registration(self.box) }, next: page.next)
    }

    public func scan(
        state: PushProgress.State?, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage {
        let page =
            if let state {
                try await self.rows("state = ?", [state.rawValue], pageSize, pageToken)
            } else {
                try await self.rows("TRUE", [], pageSize, pageToken)
            }
        // One that cannot be decrypted is still to be seen.
        return PushRegistrationPage(registrations: page.rows.map { $0.shown(self.box) }, next: page.next)
    }

    private func rows(
        _ condition: String, _ arguments: StatementArguments, _ pageSize: Int, _ pageToken: String?
    ) async throws -> (rows: ArraySlice<PushRow>, next: String?) {
        let after = try PushPageToken.sequence(pageToken)
        let size = max(1, pageSize)
        let rows = try await self.database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(PushRow.columns) FROM push_registrations WHERE \(condition) AND sequence > ? \
                    ORDER BY sequence LIMIT ?
                    """, arguments: arguments + [after, size + 1]
            ).map { try PushRow($0) }
        }
        let shown = rows.prefix(size)
        return (shown, shown.count < rows.count ? shown.last.map { PushPageToken.text($0.sequence) } : nil)
    }

    public func remove(_ key: PushRegistration.Key) async throws -> Bool {
        try await self.database.write { db in
            var writer = try PushWriter(db)
            return try writer.remove(key)
        }
    }

    public func record(_ progress: PushProgress, for key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        let (now, owner) = (self.wallClock(), self.owners.id)
        return try await self.database.write { db in
            var writer = try PushWriter(db)
            return try writer.record(progress, for: key, revision: revision, owner: owner, now: now)
        }
    }

    public func reviveGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> PushRegistration? {
        let (box, owner) = (self.box, self.owners.id)
        return try await self.database.write { db in
            var writer = try PushWriter(db)
            guard let row = try writer.givenUp(key, revision: revision) else { return nil }
            return try writer.revive(
                try row.registration(box), as: Int64.random(in: 1 ... .max), owner: owner)
        }
    }

    public func removeGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        try await self.database.write { db in
            var writer = try PushWriter(db)
            return try writer.givenUp(key, revision: revision) != nil && writer.remove(key)
        }
    }

    public func removeExpired() async throws {
        let limit = self.wallClock().milliseconds - self.options.retention.age.milliseconds
        while try await self.database.write({ db in
            var writer = try PushWriter(db)
            return try writer.removeEnded(before: limit)
        }) {}
        guard self.hasStrangers else { return }
        let (known, now) = (self.box.keys.ids, self.wallClock())
        while try await self.database.write({ db in
            var writer = try PushWriter(db)
            return try writer.giveUpForgotten(knownKeys: known, now: now)
        }) {}
    }

    // MARK: For those who operate the agent

    /// How the push notifications in a file fare, whether an agent runs or not. No key is needed, nothing is changed.
    ///
    /// - Parameters: As for `TaskRuntime.pushNotificationStatus`. Circuit breakers are not in the file.
    ///   - keys: The keys that the agent has: with them it is told of which configurations nothing is sent because theirs is missing.
    public static func status(
        in database: SQLiteDatabase, keys: StoreKeys? = nil, state: PushProgress.State? = nil, pageSize: Int = 100,
        pageToken: String? = nil
    ) async throws -> PushNotificationStatusPage {
        let after = try PushPageToken.sequence(pageToken)
        let size = min(max(1, pageSize), 1000)
        let rows = try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(PushRow.columns), (SELECT t.generation FROM tasks t JOIN scopes s ON s.scope = t.scope \
                    WHERE t.id = r.task AND s.tenant = r.tenant AND s.principal = r.principal) AS generation \
                    FROM push_registrations r WHERE (? IS NULL OR state = ?) AND sequence > ? ORDER BY sequence LIMIT ?
                    """, arguments: [state?.rawValue, state?.rawValue, after, size + 1]
            ).map { (row: try PushRow($0), generation: $0["generation"] as Int64?) }
        }
        let shown = rows.prefix(size)
        return PushNotificationStatusPage(
            statuses: shown.map { row, generation in
                PushNotificationStatus(
                    scope: row.key.scope, taskID: row.key.taskID, id: row.key.id, destination: row.origin,
                    progress: keys.map { row.progress(with: $0) } ?? row.progress, generation: generation)
            },
            next: shown.count < rows.count ? shown.last.map { PushPageToken.text($0.row.sequence) } : nil)
    }

    /// How many configurations in a file cannot be read with some keys, by the id of the key that they were encrypted with.
    ///
    /// - Parameter keys: `nil` for none.
    public static func unreadable(in database: SQLiteDatabase, with keys: StoreKeys?) async throws -> [String: Int] {
        try await PushKeyRotation.strangers(in: database, to: keys)
    }

    // MARK: Several processes

    public func claim(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        let row = try await self.row(key, owner: self.owners.id)
        guard let row, !(try await self.leavesToOthers(row)) else { return nil }
        return try row.registration(self.box)
    }

    /// Leaves a registration whose key is unknown here to a process that has the key.
    ///
    /// - Returns: Whether it is one.
    private func leavesToOthers(_ row: PushRow) async throws -> Bool {
        guard self.box.keys.key(row.keyID) == nil else { return false }
        let owner = self.owners.id
        try await self.database.write { db in
            try db.execute(
                sql: "UPDATE push_registrations SET owner = 0 WHERE sequence = ? AND owner = ?",
                arguments: [row.sequence, owner])
        }
        return true
    }

    public func claim(pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        if pageToken == nil { _ = try await self.takeOver() }
        let page = try await self.rows("state = 'active' AND owner = ?", [self.owners.id], pageSize, pageToken)
        var registrations: [PushRegistration] = []
        for row in page.rows {
            if try await self.leavesToOthers(row) { continue }
            do {
                registrations.append(try row.registration(self.box))
            } catch {
                // It alone shall not be delivered.
                var progress = row.progress
                progress.giveUp(error.message)
                _ = try await self.record(progress, for: row.key, revision: row.revision)
            }
        }
        return PushRegistrationPage(registrations: registrations, next: page.next)
    }

    public func renewClaims() async throws -> PushStoreNews {
        let owner = self.owners.id
        let present = try await self.database.read { try PushOwners.Sighting.all($0).map(\.owner) }
        // Alone there is nobody to tell that one is there, and nothing to write.
        guard present != [owner] else { return PushStoreNews() }
        let hasOrphans = try await self.takeOver()
        // Afterwards: one that ended just now may have written before.
        let grown = try await self.database.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT r.task FROM push_registrations r JOIN tasks t ON t.id = r.task \
                    WHERE r.state = 'active' AND r.owner = ? AND t.generation > max(r.delivered, 1)
                    """, arguments: [owner])
        }
        return PushStoreNews(hasOrphans: hasOrphans, grown: grown)
    }

    private func announce() async throws {
        let (owner, hasLock) = (self.owners.id, self.owners.hasLock)
        try await self.database.write { db in try PushOwners.announce(owner, hasLock: hasLock, db) }
    }

    /// Says that this process is there, and takes what is nobody's any more.
    ///
    /// - Returns: Whether there was something.
    private func takeOver() async throws -> Bool {
        let (owners, known) = (self.owners, self.box.keys.ids)
        return try await self.database.write { db in
            try PushOwners.announce(owners.id, hasLock: owners.hasLock, db)
            for other in try PushOwners.Sighting.all(db) where other.owner != owners.id && owners.isDead(other) {
                try db.execute(sql: "DELETE FROM push_owners WHERE owner = ?", arguments: [other.owner])
            }
            try db.execute(
                sql: """
                    UPDATE push_registrations SET owner = ? \
                    WHERE state = 'active' AND owner NOT IN (SELECT owner FROM push_owners) \
                    AND key_id IN \(PushKeyRotation.marks(known))
                    """, arguments: [owners.id] + StatementArguments(known))
            return db.changesCount > 0
        }
    }
}
