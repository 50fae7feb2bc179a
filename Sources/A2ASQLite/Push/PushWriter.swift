import A2A
import A2AServer
import Foundation
import GRDB

/// What changes the tables of push notification configurations, inside of a transaction.
struct PushWriter {
    private let db: Database
    private var registrations: Int
    private var bytes: Int
    /// The last place in the order in which registrations ended.
    private var ended: Int64

    /// How many that are too old go in one transaction.
    private static let expiryBatch = 500

    init(_ db: Database) throws {
        self.db = db
        let totals = try db.cachedStatement(sql: "SELECT registrations, bytes, ended FROM push_totals")
        guard let row = try Row.fetchOne(totals) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "no row in 'push_totals'")
        }
        (self.registrations, self.bytes, self.ended) = (row[0], row[1], row[2])
    }

    private func saveTotals() throws {
        try self.run(
            "UPDATE push_totals SET registrations = ?, bytes = ?, ended = ?",
            [self.registrations, self.bytes, self.ended])
    }

    private func run(_ sql: String, _ arguments: StatementArguments) throws {
        try self.db.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    // MARK: Keeping

    mutating func put(
        _ registration: PushRegistration, sealed: Data, keyID: String, owner: Int64,
        _ retention: MemoryPushNotificationStore.Retention
    ) throws -> PushRegistration {
        let key = registration.key
        var new = registration
        let old = try Row.fetchOne(
            self.db, sql: "SELECT \(PushRow.columns) FROM push_registrations WHERE \(PushTables.key)",
            arguments: PushTables.arguments(key)
        ).map { try PushRow($0) }
        if let old {
            // Of the older one only the cursor and the ids matter, not what it says.
            new = registration.replacing(
                PushRegistration(
                    scope: key.scope, configuration: registration.configuration, version: registration.version,
                    deliveryKey: old.deliveryKey, progress: old.progress))
        } else {
            let siblings =
                try Int.fetchOne(
                    self.db,
                    sql: "SELECT count(*) FROM push_registrations WHERE tenant = ? AND principal = ? AND task = ?",
                    arguments: [key.scope.tenant, key.scope.principal, key.taskID]) ?? 0
            guard siblings < retention.registrationsPerTask else {
                throw PushRegistration.taskIsFull(limit: retention.registrationsPerTask)
            }
        }
        let growth = new.approximateByteCount - (old?.bytes ?? 0)
        try self.makeRoom(registrations: old == nil ? 1 : 0, bytes: growth, keeping: old?.sequence ?? 0, retention)
        self.registrations += old == nil ? 1 : 0
        self.bytes += growth
        guard self.registrations <= retention.registrations, self.bytes <= retention.bytes else {
            throw PushRegistration.storeIsFull
        }
        if old == nil {
            try self.run(
                """
                INSERT INTO push_registrations (tenant, principal, task, id, revision, owner, version, delivery_key, origin, \
                key_id, sealed, bytes, state, delivered, needs_snapshot, attempts, last_failure, notifications, snapshots) \
                VALUES (?, ?, ?, ?, 0, 0, '', '', '', '', x'', 0, 'active', 0, 0, 0, '', 0, 0)
                """, PushTables.arguments(key))
        }
        try self.run(
            """
            UPDATE push_registrations SET revision = ?, owner = ?, version = ?, delivery_key = ?, origin = ?, key_id = ?, \
            sealed = ?, bytes = ? WHERE \(PushTables.key)
            """,
            [
                new.revision, owner, new.version.description, new.deliveryKey,
                PushNotificationStatus.origin(of: new.configuration.url), keyID,
                sealed, new.approximateByteCount,
            ] + PushTables.arguments(key))
        try self.write(new.progress, to: key, endedAt: nil)
        try self.saveTotals()
        return new
    }

    /// Removes what has ended, first ended first, until there is room.
    private mutating func makeRoom(
        registrations: Int, bytes: Int, keeping kept: Int64, _ retention: MemoryPushNotificationStore.Retention
    ) throws {
        while self.registrations + registrations > retention.registrations || self.bytes + bytes > retention.bytes {
            let first = try Row.fetchOne(
                self.db,
                sql: """
                    SELECT sequence, bytes FROM push_registrations WHERE ended IS NOT NULL AND sequence != ? \
                    ORDER BY ended LIMIT 1
                    """, arguments: [kept])
            guard let first else { return }
            try self.remove(sequence: first[0], bytes: first[1])
        }
    }

    // MARK: Progress

    /// - Returns: `false` if it is not this one any more, or not this owner's.
    mutating func record(
        _ progress: PushProgress, for key: PushRegistration.Key, revision: Int64, owner: Int64, now: A2ATimestamp
    ) throws -> Bool {
        let isThere = try Bool.fetchOne(
            self.db.cachedStatement(
                sql: "SELECT TRUE FROM push_registrations WHERE \(PushTables.key) AND revision = ? AND owner = ?"),
            arguments: PushTables.arguments(key) + [revision, owner])
        guard isThere == true else { return false }
        let hasEnded = progress.state != .active
        try self.write(progress, to: key, endedAt: hasEnded ? now.milliseconds : nil)
        if hasEnded { try self.saveTotals() }
        return true
    }

    /// A row, if it is this one still and given up.
    func givenUp(_ key: PushRegistration.Key, revision: Int64) throws -> PushRow? {
        try Row.fetchOne(
            self.db,
            sql: """
                SELECT \(PushRow.columns) FROM push_registrations WHERE \(PushTables.key) AND revision = ? AND state = ?
                """,
            arguments: PushTables.arguments(key) + [revision, PushProgress.State.dead.rawValue]
        ).map { try PushRow($0) }
    }

    mutating func revive(
        _ registration: PushRegistration, as revision: Int64, owner: Int64
    ) throws -> PushRegistration {
        var new = registration
        new.revision = revision
        new.progress.revive()
        try self.run(
            "UPDATE push_registrations SET revision = ?, owner = ? WHERE \(PushTables.key)",
            [revision, owner] + PushTables.arguments(new.key))
        try self.write(new.progress, to: new.key, endedAt: nil)
        return new
    }

    private mutating func write(_ progress: PushProgress, to key: PushRegistration.Key, endedAt: Int64?) throws {
        if endedAt != nil { self.ended += 1 }
        try self.run(
            """
            UPDATE push_registrations SET state = ?, delivered = ?, needs_snapshot = ?, attempts = ?, failing_since = ?, \
            next_attempt = ?, last_failure = ?, notifications = ?, snapshots = ?, ended = ?, ended_at = ? \
            WHERE \(PushTables.key)
            """,
            [
                progress.state.rawValue, progress.delivered, progress.needsSnapshot, progress.attempts,
                progress.failingSince?.milliseconds, progress.nextAttempt?.milliseconds, progress.lastFailure,
                progress.notifications, progress.snapshots, endedAt == nil ? nil : self.ended, endedAt,
            ] + PushTables.arguments(key))
    }

    /// Gives up some of those that nobody can read whose tasks are gone.
    ///
    /// - Returns: Whether there may be more.
    mutating func giveUpForgotten(knownKeys: [String], now: A2ATimestamp) throws -> Bool {
        let rows = try Row.fetchAll(
            self.db,
            sql: """
                SELECT \(PushRow.columns) FROM push_registrations r WHERE state = 'active' \
                AND key_id NOT IN \(PushKeyRotation.marks(knownKeys)) AND owner NOT IN (SELECT owner FROM push_owners) \
                AND NOT EXISTS (SELECT 1 FROM tasks t JOIN scopes s ON s.scope = t.scope WHERE t.id = r.task \
                AND s.tenant = r.tenant AND s.principal = r.principal) LIMIT ?
                """, arguments: StatementArguments(knownKeys) + [Self.expiryBatch]
        ).map { try PushRow($0) }
        for row in rows {
            var progress = row.progress
            progress.giveUp("its task was removed before its key \(row.keyID) was given")
            try self.write(progress, to: row.key, endedAt: now.milliseconds)
        }
        if !rows.isEmpty { try self.saveTotals() }
        return rows.count == Self.expiryBatch
    }

    // MARK: Removing

    mutating func remove(_ key: PushRegistration.Key) throws -> Bool {
        let row = try Row.fetchOne(
            self.db, sql: "SELECT sequence, bytes FROM push_registrations WHERE \(PushTables.key)",
            arguments: PushTables.arguments(key))
        guard let row else { return false }
        try self.remove(sequence: row[0], bytes: row[1])
        try self.saveTotals()
        return true
    }

    private mutating func remove(sequence: Int64, bytes: Int) throws {
        try self.run("DELETE FROM push_registrations WHERE sequence = ?", [sequence])
        self.registrations -= 1
        self.bytes -= bytes
    }

    /// Removes some of those that ended before a time.
    ///
    /// - Returns: Whether there may be more.
    mutating func removeEnded(before limit: Int64) throws -> Bool {
        let rows = try Row.fetchAll(
            self.db,
            sql: """
                SELECT sequence, bytes FROM push_registrations WHERE ended IS NOT NULL AND ended_at < ? \
                ORDER BY ended LIMIT ?
                """, arguments: [limit, Self.expiryBatch])
        for row in rows { try self.remove(sequence: row[0], bytes: row[1]) }
        if !rows.isEmpty { try self.saveTotals() }
        return rows.count == Self.expiryBatch
    }
}
