import A2A
import A2AServer
import Foundation
import GRDB

/// The tables of push notification configurations.
///
/// There is no table of notifications to be sent. A registration is a cursor into its task's log (`delivered`): the outbox is the log
/// itself, and what is to be sent is written with the event, in the same transaction, because it *is* the event.
enum PushTables {
    /// - `push_registrations` has a row for each configuration. `sealed` is the configuration, encrypted; `origin` is what of its URL may be
    ///   shown. Times are in milliseconds since 1970. `ended` is the place in the order in which registrations ended.
    /// - `push_owners` has the processes that deliver; `owner` of a registration is one of them.
    /// - `push_totals` has one row: what all registrations make together.
    static let schema = """
        CREATE TABLE push_registrations (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL,
            principal TEXT NOT NULL,
            task TEXT NOT NULL,
            id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            owner INTEGER NOT NULL,
            version TEXT NOT NULL,
            delivery_key TEXT NOT NULL,
            origin TEXT NOT NULL,
            key_id TEXT NOT NULL,
            sealed BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            state TEXT NOT NULL,
            delivered INTEGER NOT NULL,
            needs_snapshot INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            failing_since INTEGER,
            next_attempt INTEGER,
            last_failure TEXT NOT NULL,
            notifications INTEGER NOT NULL,
            snapshots INTEGER NOT NULL,
            ended INTEGER,
            ended_at INTEGER,
            UNIQUE (tenant, principal, task, id)
        );
        CREATE INDEX push_by_state ON push_registrations (state, sequence);
        CREATE INDEX push_by_owner ON push_registrations (owner, sequence) WHERE state = 'active';
        CREATE INDEX push_ended ON push_registrations (ended) WHERE ended IS NOT NULL;
        CREATE TABLE push_owners (
            owner INTEGER PRIMARY KEY,
            beat INTEGER NOT NULL,
            has_lock INTEGER NOT NULL
        );
        CREATE TABLE push_totals (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            registrations INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            ended INTEGER NOT NULL
        );
        INSERT INTO push_totals VALUES (1, 0, 0, 0);
        """

    static let key = "tenant = ? AND principal = ? AND task = ? AND id = ?"

    static func arguments(_ key: PushRegistration.Key) -> StatementArguments {
        [key.scope.tenant, key.scope.principal, key.taskID, key.id]
    }
}

/// A row of `push_registrations`, its secrets still encrypted.
struct PushRow: Sendable {
    var sequence: Int64
    var key: PushRegistration.Key
    var revision: Int64
    var version: String
    var deliveryKey: String
    var origin: String
    var keyID: String
    var sealed: Data
    var bytes: Int
    var progress: PushProgress
    var isEnded: Bool

    static let columns = """
        sequence, tenant, principal, task, id, revision, version, delivery_key, origin, key_id, sealed, bytes, state, delivered, \
        needs_snapshot, attempts, failing_since, next_attempt, last_failure, notifications, snapshots, ended
        """

    init(_ row: Row) throws {
        self.sequence = row[0]
        self.key = PushRegistration.Key(
            scope: Scope(tenant: row[1], principal: row[2]), taskID: row[3], id: row[4])
        self.revision = row[5]
        self.version = row[6]
        self.deliveryKey = row[7]
        self.origin = row[8]
        self.keyID = row[9]
        self.sealed = row[10]
        self.bytes = row[11]
        let name: String = row[12]
        guard let state = PushProgress.State(rawValue: name) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "push_registrations: there is no state '\(name)'")
        }
        self.progress = PushProgress(delivered: row[13], needsSnapshot: row[14])
        self.progress.state = state
        self.progress.attempts = row[15]
        self.progress.failingSince = (row[16] as Int64?).map { A2ATimestamp(milliseconds: $0) }
        self.progress.nextAttempt = (row[17] as Int64?).map { A2ATimestamp(milliseconds: $0) }
        self.progress.lastFailure = row[18]
        self.progress.notifications = row[19]
        self.progress.snapshots = row[20]
        self.isEnded = (row[21] as Int64?) != nil
    }

    /// Where a configuration is bound to when it is encrypted.
    static func place(_ key: PushRegistration.Key) -> [String] {
        ["push configuration", key.scope.tenant, key.scope.principal, key.taskID, key.id]
    }

    /// - Throws: ``A2AError`` if the row was altered, or its key is missing.
    func registration(_ box: SecretBox) throws(A2AError) -> PushRegistration {
        do {
            let plain = try box.open(self.sealed, keyID: self.keyID, place: Self.place(self.key))
            return self.registration(try A2ATaskPushNotificationConfig(serializedBytes: plain))
        } catch {
            throw A2AError(
                .internal, "The push notification configuration '\(self.key.id)' cannot be decrypted. Make it anew.",
                cause: error)
        }
    }

    /// The registration for who operates the agent: if it cannot be decrypted, without what is secret, and with the reason.
    func shown(_ box: SecretBox) -> PushRegistration {
        do {
            return try self.registration(box)
        } catch {
            var configuration = A2ATaskPushNotificationConfig()
            configuration.id = self.key.id
            configuration.taskID = self.key.taskID
            configuration.url = self.origin
            var registration = self.registration(configuration)
            registration.progress = self.progress(with: box.keys)
            return registration
        }
    }

    /// How far it has come, and that nothing is sent if its key is not among these.
    func progress(with keys: StoreKeys) -> PushProgress {
        var progress = self.progress
        if progress.state == .active, keys.key(self.keyID) == nil {
            progress.lastFailure = "its key \(self.keyID) was not given: it cannot be read, and nothing is sent"
        }
        return progress
    }

    private func registration(_ configuration: A2ATaskPushNotificationConfig) -> PushRegistration {
        var registration = PushRegistration(
            scope: self.key.scope, configuration: configuration, version: ProtocolVersion(self.version) ?? .v1_0,
            deliveryKey: self.deliveryKey, progress: self.progress)
        registration.revision = self.revision
        return registration
    }
}
