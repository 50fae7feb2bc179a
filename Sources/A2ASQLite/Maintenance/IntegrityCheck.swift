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
        for (table, what) in [("log", "a log"), ("snapshots", "a snapshot")] {
            let count =
                try Int.fetchOne(
                    self.db,
                    sql: """
                        SELECT count(*) FROM (SELECT DISTINCT task FROM \(table)) x
                        WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.task = x.task)
                        """) ?? 0
            if count > 0 { self.findings.append("\(count) tasks that do not exist have \(what)") }
        }
    }

    private mutating func logs() throws {
        let loader = try TaskLoader(self.db)
        let tasks = try Row.fetchCursor(self.db, sql: "SELECT task, id, state, generation, snapshot FROM tasks")
        while let row = try tasks.next(), self.findings.count < Self.maxFindings {
            let (task, id) = (row[0] as Int64, row[1] as String)
            let (state, generation, snapshot) = (row[2] as Int, row[3] as Int64, row[4] as Int64)
            do {
                let end = try self.endOfLog(task, snapshot)
                let fold = try loader.fold(of: task, snapshot: snapshot).0
                if end != generation {
                    self.findings.append("task '\(id)' stands at \(generation), its log ends at \(end)")
                }
                if fold.state.rawValue != state || fold.id != id {
                    self.findings.append("task '\(id)' is listed as something else than its log says")
                }
            } catch is DamagedLog {
                self.findings.append("the log of task '\(id)' makes no sense")
            }
        }
    }

    /// The last generation of a log; 0 if there is a hole in what is not in the snapshot.
    private func endOfLog(_ task: Int64, _ snapshot: Int64) throws -> Int64 {
        var end = snapshot
        let rows = try Row.fetchCursor(
            self.db,
            sql: "SELECT generation, events FROM log WHERE task = ? AND generation > ? ORDER BY generation",
            arguments: [task, snapshot])
        while let row = try rows.next() {
            guard row[0] as Int64 == end + 1 else { return 0 }
            end += row[1] as Int64
        }
        return end
    }
}
