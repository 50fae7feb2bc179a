import A2A
import A2AServer
import GRDB

/// What ``SQLiteDatabase/check()`` looks at, in one transaction.
struct IntegrityCheck {
    private let db: Database
    private var findings: [String] = []

    /// The most findings that are told.
    private static let maxFindings = 100

    init(_ db: Database) { self.db = db }

    func run() throws -> [String] {
        var check = self
        try check.pages()
        // Without sound pages the rest would only repeat it.
        if check.findings.isEmpty {
            try check.counters()
            try check.logs()
        }
        return Array(check.findings.prefix(Self.maxFindings))
    }

    private mutating func pages() throws {
        for line in try String.fetchAll(self.db, sql: "PRAGMA integrity_check(\(Self.maxFindings))") where line != "ok"
        {
            self.findings.append(line)
        }
    }

    private mutating func counters() throws {
        let row = try Row.fetchOne(
            self.db,
            sql: """
                SELECT s.tasks, s.bytes, (SELECT count(*) FROM tasks), (SELECT coalesce(sum(bytes), 0) FROM tasks),
                s.place, (SELECT coalesce(max(place), 0) FROM tasks) FROM store s
                """)
        guard let row else { return self.findings.append("the table 'store' has no row") }
        let values = (0..<6).map { row[$0] as Int64 }
        if values[0] != values[2] { self.findings.append("store counts \(values[0]) tasks; there are \(values[2])") }
        if values[1] != values[3] { self.findings.append("store counts \(values[1]) bytes; there are \(values[3])") }
        if values[4] < values[5] { self.findings.append("a task has the place \(values[5]), the last is \(values[4])") }
        try self.pushCounters()
        let wrong = try Row.fetchAll(
            self.db,
            sql: """
                SELECT scope, state, sum(counted) AS counted, sum(found) AS found FROM (
                SELECT scope, state, tasks AS counted, 0 AS found FROM counts
                UNION ALL SELECT scope, state, 0, count(*) FROM tasks GROUP BY scope, state)
                GROUP BY scope, state HAVING sum(counted) != sum(found) LIMIT \(Self.maxFindings)
                """)
        for row in wrong {
            let (scope, state, counted, found) = (row[0] as Int64, row[1] as Int64, row[2] as Int64, row[3] as Int64)
            self.findings.append("scope \(scope) counts \(counted) tasks of state \(state); there are \(found)")
        }
        for (table, what) in [("log", "a log"), ("snapshots", "a snapshot"), ("snapshot_pieces", "pieces of one")] {
            let count =
                try Int.fetchOne(
                    self.db,
                    sql: """
                        SELECT count(*) FROM (SELECT DISTINCT task FROM \(table)) x
                        WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.task = x.task)
                        AND NOT EXISTS (SELECT 1 FROM removals r WHERE r.task = x.task)
                        """) ?? 0
            if count > 0 { self.findings.append("\(count) tasks that do not exist have \(what)") }
        }
        let count =
            try Int.fetchOne(self.db, sql: "SELECT count(*) FROM removals r JOIN tasks t ON t.task = r.task") ?? 0
        if count > 0 { self.findings.append("\(count) tasks are there and are being removed") }
    }

    private mutating func pushCounters() throws {
        let row = try Row.fetchOne(
            self.db,
            sql: """
                SELECT p.registrations, p.bytes, (SELECT count(*) FROM push_registrations),
                (SELECT coalesce(sum(bytes), 0) FROM push_registrations) FROM push_totals p
                """)
        guard let row else { return self.findings.append("the table 'push_totals' has no row") }
        let values = (0..<4).map { row[$0] as Int64 }
        if values[0] != values[2] {
            self.findings.append("push_totals counts \(values[0]) push configurations; there are \(values[2])")
        }
        if values[1] != values[3] {
            self.findings.append("push_totals counts \(values[1]) bytes; there are \(values[3])")
        }
    }

    private mutating func logs() throws {
        let tasks = try Row.fetchCursor(self.db, sql: "SELECT task, id FROM tasks")
        while let row = try tasks.next(), self.findings.count < Self.maxFindings {
            if let problem = try Self.problem(ofTask: row[0], named: row[1], self.db) { self.findings.append(problem) }
        }
    }

    /// What is wrong with a task and its log; `nil` for nothing.
    ///
    /// - Parameter id: The task's id, or what it shall be.
    static func problem(ofTask task: Int64, named id: String, _ db: Database) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT state, generation, snapshot FROM tasks WHERE task = ?")
        guard let row = try Row.fetchOne(statement, arguments: [task]) else { return "task '\(id)' is missing" }
        let (state, generation, snapshot) = (row[0] as Int, row[1] as Int64, row[2] as Int64)
        do {
            let fold = try TaskLoader(db).fold(of: task, snapshot: snapshot).0
            let end = try self.endOfLog(task, snapshot, db)
            if end != generation { return "task '\(id)' stands at \(generation), its log ends at \(end)" }
            if fold.state.rawValue != state || fold.id != id {
                return "task '\(id)' is listed as something else than its log says"
            }
            return nil
        } catch is DamagedLog {
            return "the log of task '\(id)' makes no sense"
        }
    }

    /// The last generation of a log; 0 if there is a hole in what is not in the snapshot.
    private static func endOfLog(_ task: Int64, _ snapshot: Int64, _ db: Database) throws -> Int64 {
        // Without a snapshot it begins with the task's creation, whatever number that has (``LogRenewal``).
        var end: Int64? = snapshot > 0 ? snapshot : nil
        let statement = try db.cachedStatement(
            sql: "SELECT generation, events FROM log WHERE task = ? AND generation > ? ORDER BY generation")
        let rows = try Row.fetchCursor(statement, arguments: [task, snapshot])
        while let row = try rows.next() {
            let first = row[0] as Int64
            guard first == (end ?? first - 1) + 1 else { return 0 }
            end = first - 1 + (row[1] as Int64)
        }
        return end ?? 0
    }
}
