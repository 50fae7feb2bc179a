import A2A
import GRDB

/// The schema, as the steps that lead to it. A step that was released never changes; what comes later is another one.
enum Migrations {
    /// Marks a file as one of ours ("A2A" and a format number); 0 in a new file.
    static let applicationID = 0x4132_4101

    private static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 task logs") { try $0.execute(sql: self.taskLogs) }
        migrator.registerMigration("push notifications") { try $0.execute(sql: PushTables.schema) }
        migrator.registerMigration("turns") { try $0.execute(sql: self.turns) }
        migrator.registerMigration("replies") { try $0.execute(sql: "ALTER TABLE messages ADD COLUMN reply BLOB") }
        migrator.registerMigration("snapshot pieces") { try $0.execute(sql: self.snapshotPieces) }
        migrator.registerMigration("removals") { try $0.execute(sql: self.removals) }
        return migrator
    }

    /// The steps, in their order.
    static var names: [String] { self.all.migrations }

    /// Brings a file up to the schema of this version. One process at a time does; see ``FolderLock``.
    ///
    /// - Throws: ``A2AError`` if the file is somebody else's, or of a newer version.
    static func apply(to writer: some DatabaseWriter) throws {
        if try self.look(at: writer) == 0 {
            try writer.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA application_id = \(self.applicationID)")
            }
        }
        try self.all.migrate(writer)
    }

    /// Leaves the file as it is.
    ///
    /// - Throws: ``A2AError`` if the file is somebody else's, or of another version.
    static func requireCurrent(_ writer: some DatabaseWriter) throws {
        _ = try self.look(at: writer)
        let migrator = self.all
        let missing = try writer.read { db in
            let applied = try migrator.appliedIdentifiers(db)
            return migrator.migrations.filter { !applied.contains($0) }
        }
        guard !missing.isEmpty else { return }
        throw A2AError(
            .internal,
            "The file '\(writer.path)' was written by an earlier version of this program (it lacks "
                + "\(missing.map { "'\($0)'" }.joined(separator: ", "))), and perhaps an agent of that version still has it. An agent of this "
                + "version brings it up to date when it starts; until then use the a2a of the earlier version.")
    }

    /// Whose file it is.
    ///
    /// - Returns: The mark of the file; 0 in a new one.
    private static func look(at writer: some DatabaseWriter) throws -> Int {
        let migrator = self.all
        return try writer.read { db in
            let id = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard id == self.applicationID || (id == 0 && tables == 0) else {
                throw A2AError(
                    .internal,
                    "The file '\(writer.path)' is a database of another program. Choose another file, or move this one away."
                )
            }
            guard try !migrator.hasBeenSuperseded(db) else {
                let newer = try migrator.appliedIdentifiers(db).subtracting(migrator.migrations).sorted()
                throw A2AError(
                    .internal,
                    "The file '\(writer.path)' was written by a newer version of this program, which this one cannot read (it has "
                        + "\(newer.map { "'\($0)'" }.joined(separator: ", "))). Run that version, or choose another file."
                )
            }
            return id
        }
    }

    /// Task logs.
    ///
    /// - `store` has one row: counters of the whole file.
    /// - `tasks` has what changes with every append and what lists are ordered by. Its `place` grows with every change of a status, and is
    ///   the order of lists.
    /// - `log` has what was appended, one row for each append: as many events as that had, from `generation` on. The
    ///   creation of a task is in its first row. Rows are added and removed, never changed.
    /// - `snapshots` has folds of logs, so that a log need not be read from its beginning: the task without its artifacts, and
    ///   a task that has nothing but these.
    private static let taskLogs = """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            commits INTEGER NOT NULL,
            place INTEGER NOT NULL,
            clock INTEGER NOT NULL,
            tasks INTEGER NOT NULL,
            bytes INTEGER NOT NULL
        );
        INSERT INTO store VALUES (1, 0, 0, 0, 0, 0);
        CREATE TABLE scopes (
            scope INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            principal TEXT NOT NULL,
            UNIQUE (tenant, principal)
        );
        CREATE TABLE counts (
            scope INTEGER NOT NULL,
            state INTEGER NOT NULL,
            tasks INTEGER NOT NULL,
            PRIMARY KEY (scope, state)
        ) WITHOUT ROWID;
        CREATE TABLE tasks (
            task INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            scope INTEGER NOT NULL,
            context TEXT NOT NULL,
            state INTEGER NOT NULL,
            place INTEGER NOT NULL,
            status_at INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            fence INTEGER NOT NULL,
            oldest INTEGER NOT NULL,
            first_row INTEGER NOT NULL,
            log_bytes INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            snapshot INTEGER NOT NULL
        );
        CREATE INDEX tasks_by_state ON tasks (scope, state, place);
        CREATE INDEX tasks_by_context ON tasks (scope, context, place);
        CREATE INDEX tasks_ended ON tasks (place) WHERE state IN (3, 4, 5, 7);
        CREATE TABLE log (
            task INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            events INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            at INTEGER NOT NULL,
            changes BLOB NOT NULL,
            PRIMARY KEY (task, generation)
        ) WITHOUT ROWID;
        CREATE TABLE snapshots (
            task INTEGER PRIMARY KEY,
            generation INTEGER NOT NULL,
            head BLOB NOT NULL,
            artifacts BLOB NOT NULL
        );
        """

    /// Large snapshots in pieces, so that they need not be written in one transaction.
    ///
    /// `build` of a snapshot names its pieces; with 0 it is in its row. `part` 0 is what else is `head`, 1 is `artifacts`. Pieces of other builds are
    /// of no use to readers.
    private static let snapshotPieces = """
        ALTER TABLE snapshots ADD COLUMN build INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE snapshot_pieces (
            task INTEGER NOT NULL,
            build INTEGER NOT NULL,
            part INTEGER NOT NULL,
            piece INTEGER NOT NULL,
            octets BLOB NOT NULL,
            PRIMARY KEY (task, build, part, piece)
        ) WITHOUT ROWID;
        """

    /// Tasks that are gone and of which there are still rows in the other tables, and about how many bytes.
    private static let removals = """
        CREATE TABLE removals (
            task INTEGER PRIMARY KEY,
            bytes INTEGER NOT NULL
        );
        """

    /// What lets turns outlive their process.
    ///
    /// - `incarnation` names the log of this file.
    /// - `leases` has the processes that work on tasks; one that is over stays until all of its turns are taken over.
    /// - `turns` has what tasks that have not ended are worked on with, and by whom: nobody if `lease` is NULL, somebody who has
    ///   given up if it is 0.
    /// - `messages` has the messages that were accepted, for as long as they are recognised when they come again. Those that
    ///   were answered with a message have no task, but that (`reply`).
    private static let turns = """
        CREATE TABLE incarnation (id INTEGER PRIMARY KEY CHECK (id = 1), name INTEGER NOT NULL);
        INSERT INTO incarnation VALUES (1, random() | 1);
        CREATE TABLE leases (
            lease INTEGER PRIMARY KEY AUTOINCREMENT,
            token TEXT NOT NULL,
            beat INTEGER NOT NULL,
            is_over INTEGER NOT NULL
        );
        CREATE TABLE turns (
            task INTEGER PRIMARY KEY,
            lease INTEGER,
            opening BLOB NOT NULL,
            since INTEGER NOT NULL,
            received INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            taken_at INTEGER NOT NULL
        );
        CREATE INDEX turns_by_lease ON turns (lease);
        CREATE TABLE messages (
            scope INTEGER NOT NULL,
            id TEXT NOT NULL,
            fingerprint INTEGER NOT NULL,
            task TEXT NOT NULL,
            expires INTEGER NOT NULL,
            PRIMARY KEY (scope, id)
        ) WITHOUT ROWID;
        CREATE INDEX messages_by_time ON messages (expires);
        """
}
