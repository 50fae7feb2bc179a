import A2A
import A2AServer
import GRDB

/// Reads pages of tasks, newest status first.
///
/// A page is found in an index: that of the context, or that of the state; without either, those of all states are merged. Totals of a
/// scope and of a state are counters; others count entries of an index, without looking at tasks.
struct TaskLister {
    private let db: Database
    private let loader: TaskLoader

    init(_ db: Database) throws {
        self.db = db
        self.loader = try TaskLoader(db)
    }

    private struct Found {
        var place: Int64
        var task: Int64
    }

    func list(_ query: TaskQuery, below: Int64, in scope: Scope) throws -> TaskPage {
        let pageSize = min(max(query.pageSize, 1), 100)
        let counts = try self.counts(of: scope)
        guard let scopeID = counts.scope else { return TaskPage(tasks: [], next: nil, total: 0) }
        let states = query.state.map { [$0.rawValue] } ?? Array(counts.tasks.keys)
        // The first place whose status is new enough: times and places grow together.
        let from = try query.statusAfter.map { try self.firstPlace(since: $0, scopeID, states) } ?? 0

        var found: [Found] = []
        if let context = query.contextID {
            found = try self.page(
                "context = ?", [scopeID, context], state: query.state, from: from, below: below, limit: pageSize + 1)
        } else {
            for state in states {
                found += try self.page(
                    "state = ?", [scopeID, state], state: nil, from: from, below: below, limit: pageSize + 1)
            }
            found.sort { $0.place > $1.place }
        }
        let total: Int
        if let context = query.contextID {
            total = try self.count("context = ?", [scopeID, context], state: query.state, from: from)
        } else if from > 0 {
            total = try states.reduce(0) {
                try $0 + self.count("state = ?", [scopeID, $1], state: nil, from: from)
            }
        } else {
            total = states.reduce(0) { $0 + (counts.tasks[$1] ?? 0) }
        }
        let shown = found.prefix(pageSize)
        let tasks = try shown.map { try self.task($0.task, query) }
        let next = found.count > pageSize ? shown.last.map { PageToken(sequence: $0.place).encoded } : nil
        return TaskPage(tasks: tasks, next: next, total: total)
    }

    private func counts(of scope: Scope) throws -> (scope: Int64?, tasks: [Int: Int]) {
        let statement = try PreparedStatement(
            cachedIn: self.db,
            """
            SELECT s.scope, c.state, c.tasks FROM scopes s LEFT JOIN counts c ON c.scope = s.scope
            WHERE s.tenant = ? AND s.principal = ?
            """)
        defer { statement.reset() }
        statement.bind(1, scope.tenant)
        statement.bind(2, scope.principal)
        var scopeID: Int64?
        var tasks: [Int: Int] = [:]
        while try statement.step() {
            scopeID = statement.int64(0)
            let count = statement.int(2)
            if count > 0 { tasks[statement.int(1)] = count }
        }
        return (scopeID, tasks)
    }

    private func page(
        _ condition: String, _ arguments: [any DatabaseValueConvertible], state: A2ATaskState?, from: Int64,
        below: Int64, limit: Int
    ) throws -> [Found] {
        let filter = state == nil ? "" : "AND +state = ?"
        let statement = try self.db.cachedStatement(
            sql: """
                SELECT place, task FROM tasks WHERE scope = ? AND \(condition) AND place >= ? AND place < ? \(filter)
                ORDER BY place DESC LIMIT ?
                """)
        var values: [(any DatabaseValueConvertible)?] = arguments + [from, below]
        if let state { values.append(state.rawValue) }
        values.append(limit)
        return try Row.fetchAll(statement, arguments: StatementArguments(values)).map {
            Found(place: $0[0], task: $0[1])
        }
    }

    private func count(
        _ condition: String, _ arguments: [any DatabaseValueConvertible], state: A2ATaskState?, from: Int64
    ) throws -> Int {
        let filter = state == nil ? "" : "AND +state = ?"
        let statement = try self.db.cachedStatement(
            sql: "SELECT count(*) FROM tasks WHERE scope = ? AND \(condition) AND place >= ? \(filter)")
        var values: [(any DatabaseValueConvertible)?] = arguments + [from]
        if let state { values.append(state.rawValue) }
        return try Int.fetchOne(statement, arguments: StatementArguments(values)) ?? 0
    }

    /// The smallest place, in some states of a scope, whose status is at least as new as a time; a place beyond all if
    /// there is none.
    private func firstPlace(since time: A2ATimestamp, _ scope: Int64, _ states: [Int]) throws -> Int64 {
        let probe = try PreparedStatement(
            cachedIn: self.db,
            """
            SELECT place, status_at FROM tasks WHERE scope = ? AND state = ? AND place >= ? ORDER BY place LIMIT 1
            """)
        defer { probe.reset() }
        // Statuses are stamped in whole milliseconds, the time that is asked for may be finer.
        let wanted =
            time.nanos % 1_000_000 == 0 ? time.milliseconds : time.milliseconds.addingReportingOverflow(1).partialValue
        var best = Int64.max
        for state in states {
            // What is asked halves the places that are left to look at.
            var low: Int64 = 0
            var high = best
            while low < high {
                let middle = low + (high - low) / 2
                probe.reset()
                probe.bind(1, scope)
                probe.bind(2, state)
                probe.bind(3, middle)
                guard try probe.step(), probe.int64(0) < high else {
                    high = middle
                    continue
                }
                if probe.int64(1) >= wanted {
                    best = min(best, probe.int64(0))
                    high = middle
                } else {
                    low = probe.int64(0) + 1
                }
            }
        }
        return best
    }

    private func task(_ task: Int64, _ query: TaskQuery) throws -> A2ATask {
        let statement = try PreparedStatement(
            cachedIn: self.db, "SELECT snapshot, generation FROM tasks WHERE task = ?")
        statement.bind(1, task)
        defer { statement.reset() }
        guard try statement.step() else { throw DamagedLog() }
        var found = try self.loader.fold(
            of: task, snapshot: statement.int64(0), withArtifacts: query.includeArtifacts
        ).0
            .task(historyLength: query.historyLength, includeArtifacts: query.includeArtifacts)
        found.generation = statement.int64(1)
        return found
    }
}
