import A2A
import A2AServer
import FoundationEssentials
import GRDB

/// A file that takes tasks from an export, beside those that it may have.
///
/// Numbers of events are renewed as in a copy (``LogRenewal``): those of tasks that have not ended, and of tasks that replace others. A
/// task that is there already is compared as its caller sees it.
struct ImportTarget {
    private let db: Database
    private let replaces: Bool
    private let step: Int64
    /// The last row, and the last place in the order of lists, from before.
    private let lastRow: Int64
    private let lastPlace: Int64

    /// A task whose lines come.
    struct Incoming {
        var row: Int64
        var id: String
        /// The row of the task that has its id.
        var existing: Int64?
        /// By how much its numbers grow.
        var shift: Int64
    }

    enum Outcome { case added, replaced, skipped, differs }

    /// What a task is called while its lines come, if another one has its id.
    private static let temporaryID = "\u{1}importing"

    init(_ db: Database, replaces: Bool) throws {
        self.db = db
        self.replaces = replaces
        self.step = LogRenewal.step()
        try RemovalWriter.removeAll(db)
        self.lastRow = try Int64.fetchOne(db, sql: "SELECT coalesce(max(task), 0) FROM tasks") ?? 0
        self.lastPlace = try Int64.fetchOne(db, sql: "SELECT coalesce(max(place), 0) FROM tasks") ?? 0
    }

    // MARK: Tasks

    func begin(_ line: LineReader) throws -> Incoming {
        let id = try line.string("id")
        let existing = try Int64.fetchOne(
            self.db.cachedStatement(sql: "SELECT task FROM tasks WHERE id = ?"), arguments: [id])
        if let existing, existing > self.lastRow { throw LineReader.Problem(text: "task '\(id)' was in it before") }
        guard let state = A2ATaskState(rawValue: Int(clamping: try line.number("state"))),
            A2ATaskState.allCases.contains(state), state != .unspecified
        else { throw LineReader.Problem(text: "'state' is none") }
        // Never one that another task had: what is known of that in memory somewhere shall not be taken for this one's.
        let last = try Int64.fetchOne(self.db, sql: "SELECT coalesce(max(task), 0) FROM tasks") ?? 0
        var task = Incoming(row: max(last, self.lastRow) + 1, id: id, existing: existing, shift: 0)
        if !state.isTerminal || existing != nil { task.shift = try self.step + self.generation(of: existing) }
        let snapshot = try line.number("snapshot")
        try self.db.cachedStatement(
            sql: """
                INSERT INTO tasks (task, id, scope, context, state, place, status_at, generation, fence, oldest, first_row,
                log_bytes, bytes, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            task.row, existing == nil ? id : Self.temporaryID,
            self.scope(line.string("tenant"), line.string("principal")),
            line.string("contextId"), state.rawValue, self.lastPlace + task.row - self.lastRow, line.time("statusAt"),
            try line.number("generation") + task.shift, line.number("fence"), try line.number("oldest") + task.shift,
            try line.number("firstRow") + task.shift, line.number("logBytes"), line.number("bytes"),
            snapshot == 0 ? 0 : snapshot + task.shift,
        ])
        return task
    }

    /// Where the task that has the id stands: what replaces it begins after that, however high its numbers are.
    private func generation(of existing: Int64?) throws -> Int64 {
        guard let existing else { return 0 }
        let last = try Int64.fetchOne(
            self.db.cachedStatement(sql: "SELECT generation FROM tasks WHERE task = ?"), arguments: [existing])
        guard let last, (0...LogRenewal.maxGeneration / 2).contains(last) else {
            throw LineReader.Problem(text: "the task in the store has the number \(last ?? 0), beyond all bounds")
        }
        return last
    }

    /// All lines of a task were taken.
    func finish(_ task: Incoming) throws -> Outcome {
        let name = task.existing == nil ? task.id : Self.temporaryID
        if let problem = try IntegrityCheck.problem(ofTask: task.row, named: task.id, self.db) {
            throw LineReader.Problem(text: "the task before it is not sound (\(problem))")
        }
        guard let existing = task.existing else { return .added }
        if try self.isSame(task.row, existing) {
            try self.remove(task.row)
            return .skipped
        }
        guard self.replaces else {
            try self.remove(task.row)
            return .differs
        }
        try self.remove(existing)
        try self.db.execute(sql: "UPDATE tasks SET id = ? WHERE id = ?", arguments: [task.id, name])
        return .replaced
    }

    /// Whether two rows are one task to whoever sees them.
    private func isSame(_ one: Int64, _ other: Int64) throws -> Bool {
        let loader = try TaskLoader(self.db)
        let found = try [one, other].map { row in
            let fields = try Row.fetchOne(
                self.db, sql: "SELECT scope, status_at, snapshot FROM tasks WHERE task = ?", arguments: [row])
            guard let fields else { throw DamagedLog() }
            let task = try loader.fold(of: row, snapshot: fields[2]).0.task()
            return (scope: fields[0] as Int64, statusAt: fields[1] as Int64, task: task)
        }
        return found[0].scope == found[1].scope && found[0].statusAt == found[1].statusAt
            && found[0].task == found[1].task
    }

    private func remove(_ row: Int64) throws {
        for table in ["tasks", "log", "snapshots", "snapshot_pieces", "turns"] {
            try self.db.execute(sql: "DELETE FROM \(table) WHERE task = ?", arguments: [row])
        }
    }

    private func scope(_ tenant: String, _ principal: String) throws -> Int64 {
        let known = try Int64.fetchOne(
            self.db, sql: "SELECT scope FROM scopes WHERE tenant = ? AND principal = ?",
            arguments: [tenant, principal])
        if let known { return known }
        try self.db.execute(
            sql: "INSERT INTO scopes (tenant, principal) VALUES (?, ?)", arguments: [tenant, principal])
        return self.db.lastInsertedRowID
    }

    // MARK: Push notification configurations

    /// - Returns: Whether it was not there before.
    func takePush(_ line: LineReader) throws -> Bool {
        let progress = try line.pushProgress()
        guard let sealed = Data(base64Encoded: try line.string("sealed")) else {
            throw LineReader.Problem(text: "'sealed' is no Base64")
        }
        let key: StatementArguments = [
            try line.string("tenant"), try line.string("principal"), try line.string("taskId"), try line.string("id"),
        ]
        let generation = try Int64.fetchOne(
            self.db,
            sql: """
                SELECT t.generation FROM tasks t JOIN scopes s ON s.scope = t.scope
                WHERE s.tenant = ? AND s.principal = ? AND t.id = ?
                """, arguments: [line.string("tenant"), line.string("principal"), line.string("taskId")])
        guard let generation else {
            throw LineReader.Problem(text: "there is no task '\(try line.string("taskId"))' for it")
        }
        let isThere = try Bool.fetchOne(
            self.db, sql: "SELECT TRUE FROM push_registrations WHERE \(PushTables.key)", arguments: key)
        guard isThere == nil else { return false }
        // As many events are to be sent as were, whatever their numbers are now.
        let delivered = max(1, generation - (try line.number("pending")))
        if progress.state != .active { try self.db.execute(sql: "UPDATE push_totals SET ended = ended + 1") }
        try self.db.execute(
            sql: """
                INSERT INTO push_registrations (tenant, principal, task, id, revision, owner, version, delivery_key, origin, \
                key_id, sealed, bytes, state, delivered, needs_snapshot, attempts, failing_since, next_attempt, last_failure, \
                notifications, snapshots, ended, ended_at) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
                CASE WHEN ? THEN NULL ELSE (SELECT ended FROM push_totals) END, ?)
                """,
            arguments: key + [
                Int64.random(in: 1 ... .max), try line.string("version"), try line.string("deliveryKey"),
                try line.string("origin"), try line.string("keyId"), sealed, try line.number("bytes"),
                progress.state.rawValue, delivered, progress.needsSnapshot, progress.attempts,
            ] + [
                progress.failingSince?.milliseconds, progress.nextAttempt?.milliseconds, progress.lastFailure,
                progress.notifications, progress.snapshots, progress.state == .active,
                line.has("endedAt") ? try line.time("endedAt") : nil,
            ])
        return true
    }

    // MARK: The end

    /// Counts anew, and orders tasks by the time of their status: lists look for times in that order.
    func finish() throws {
        try self.db.execute(
            sql: """
                CREATE TEMP TABLE places AS SELECT task, row_number() OVER (ORDER BY status_at, place) AS place FROM tasks;
                CREATE UNIQUE INDEX temp.place_of_task ON places (task);
                UPDATE tasks SET place = (SELECT p.place FROM temp.places p WHERE p.task = tasks.task);
                DROP TABLE temp.places;
                UPDATE store SET commits = commits + 1, (place, clock, tasks, bytes) = (
                SELECT max(s.place, coalesce(max(t.place), 0)), max(s.clock, coalesce(max(t.status_at), 0)), count(t.task),
                coalesce(sum(t.bytes), 0) FROM store s LEFT JOIN tasks t ON TRUE);
                DELETE FROM counts;
                INSERT INTO counts SELECT scope, state, count(*) FROM tasks GROUP BY scope, state;
                UPDATE push_totals SET (registrations, bytes) = (SELECT count(*), coalesce(sum(bytes), 0) FROM push_registrations);
                """)
    }
}
