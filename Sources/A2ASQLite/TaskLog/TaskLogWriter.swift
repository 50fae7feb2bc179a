import A2A
import A2AServer
import GRDB
import Synchronization

/// Appends to task logs, inside the writer's transaction.
///
/// Each method decides first and changes then; what it throws, other than `DatabaseError`, has changed nothing.
final class TaskLogWriter {
    private let db: Database
    private let loader: TaskLoader
    private let findScope: PreparedStatement
    private let addScope: PreparedStatement
    private let findTask: PreparedStatement
    private let addTask: PreparedStatement
    private let addRow: PreparedStatement
    private let changeStatus: PreparedStatement
    private let changeTask: PreparedStatement
    private let count: PreparedStatement
    private let rowFrom: PreparedStatement
    private let removeRows: PreparedStatement
    private let removeTask: PreparedStatement
    private let removeSnapshot: PreparedStatement
    private let removePieces: PreparedStatement
    private let firstEnded: PreparedStatement
    private let nextEnded: PreparedStatement

    private var scopes: [Scope: Int64] = [:]
    /// How many tasks of a scope and a state have come and gone in this transaction.
    private var counts: [CountKey: Int] = [:]

    private struct CountKey: Hashable {
        var scope: Int64
        var state: Int
    }

    /// The most scopes whose numbers are kept in memory.
    private static let maxScopes = 100_000

    /// How many events may lie before the window in rows that still count: rows are let go of in steps.
    private static let slack: Int64 = 64

    /// The most tasks that one transaction looks at to remove them for their age: others write in between.
    private static let removalsPerCommit = 200

    init(_ db: Database) throws {
        self.db = db
        self.loader = try TaskLoader(db)
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(db, sql) }
        self.findScope = try prepare("SELECT scope FROM scopes WHERE tenant = ? AND principal = ?")
        self.addScope = try prepare("INSERT INTO scopes (tenant, principal) VALUES (?, ?)")
        self.findTask = try prepare("SELECT 1 FROM tasks WHERE id = ?")
        self.addTask = try prepare(
            """
            INSERT OR IGNORE INTO tasks (task, id, scope, context, state, place, status_at, generation, fence, oldest, first_row,
            log_bytes, bytes, snapshot) VALUES (
            1 + max(coalesce((SELECT max(task) FROM tasks), 0), coalesce((SELECT max(task) FROM removals), 0)),
            ?, ?, ?, ?, ?, ?, ?, 1, 2, 1, ?, ?, 0)
            """)
        self.addRow = try prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)")
        self.changeStatus = try prepare(
            """
            UPDATE tasks SET generation = ?, fence = ?, oldest = ?, first_row = ?, log_bytes = ?, bytes = ?, state = ?, place = ?,
            status_at = ? WHERE task = ?
            """)
        self.changeTask = try prepare(
            """
            UPDATE tasks SET generation = ?, fence = ?, oldest = ?, first_row = ?, log_bytes = ?, bytes = ? WHERE task = ?
            """)
        self.count = try prepare(
            """
            INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET tasks = tasks + excluded.tasks
            """)
        self.rowFrom = try prepare(
            "SELECT generation, events, bytes FROM log WHERE task = ? AND generation >= ? ORDER BY generation LIMIT 1")
        self.removeRows = try prepare("DELETE FROM log WHERE task = ? AND generation < ?")
        self.removeTask = try prepare("DELETE FROM tasks WHERE task = ?")
        self.removeSnapshot = try prepare("DELETE FROM snapshots WHERE task = ?")
        self.removePieces = try prepare("DELETE FROM snapshot_pieces WHERE task = ?")
        self.firstEnded = try prepare(
            """
            SELECT task, id, scope, state, bytes FROM tasks WHERE state IN (3, 4, 5, 7) ORDER BY place LIMIT 1
            """)
        self.nextEnded = try prepare(
            """
            SELECT t.task, t.id, t.scope, t.state, t.bytes, t.status_at, t.place, EXISTS (
            SELECT 1 FROM scopes s JOIN push_registrations r
            ON r.tenant = s.tenant AND r.principal = s.principal AND r.task = t.id
            WHERE s.scope = t.scope AND r.state = 'active')
            FROM tasks t WHERE t.state IN (3, 4, 5, 7) AND t.place > ? ORDER BY t.place LIMIT 1
            """)
    }

    // MARK: Operations

    func create(
        _ task: A2ATask, then changes: [TaskChange], encoded: EncodedChanges, in scope: Scope,
        retention: TaskRetention, now: A2ATimestamp, session: WriterSession
    ) throws -> CreatedTask {
        var first = task
        let now = session.stamp(now)
        first.status.timestamp = now
        var fold = TaskFold(first)
        do {
            guard fold.byteCount <= retention.bytesPerTask else {
                throw TaskRetention.taskTooLarge(retention.bytesPerTask)
            }
            if !changes.isEmpty {
                try AppendCondition().check(changes, to: fold, generation: 1, fence: 1, retention: retention)
            }
        } catch {
            try self.requireNew(task.id)
            throw error
        }
        var encoded = encoded
        var events: [LoggedEvent] = []
        let logBytes = self.apply(changes, to: &fold, from: 1, at: now, encoded: &encoded, events: &events)
        let bytes = fold.byteCount + logBytes
        if session.totals.tasks >= Int64(retention.tasks)
            || session.totals.bytes + Int64(bytes) > Int64(retention.bytes)
        {
            try self.requireNew(task.id)
            try self.makeRoom(tasks: 1, bytes: bytes, retention, session)
        }

        let scopeID = try self.number(of: scope)
        let generation = Int64(1 + changes.count)
        self.addTask.bind(1, task.id)
        self.addTask.bind(2, scopeID)
        self.addTask.bind(3, task.contextID)
        self.addTask.bind(4, fold.state.rawValue)
        self.addTask.bind(5, session.totals.place + 1)
        self.addTask.bind(6, session.totals.clock)
        self.addTask.bind(7, generation)
        self.addTask.bind(8, logBytes)
        self.addTask.bind(9, bytes)
        try self.addTask.run()
        guard self.addTask.changes == 1 else { throw TaskConflict.exists }
        let row = self.addTask.insertedRow
        session.totals.place += 1
        session.totals.tasks += 1
        session.totals.bytes += Int64(bytes)
        try self.addRow(row, 1, events: Int(generation), bytes: logBytes, at: session.totals.clock, encoded)
        self.counts[CountKey(scope: scopeID, state: fold.state.rawValue), default: 0] += 1

        var state = TaskEntry.State(
            epoch: session.epoch, task: row, scopeID: scopeID, scope: scope, fold: fold, generation: generation,
            durable: 0, fence: 1, oldest: 2, firstRow: 1, logBytes: logBytes, counted: bytes, snapshot: 0,
            sinceSnapshot: bytes)
        for event in events { state.remember(event, bytes: event.approximateByteCount) }
        let entry = session.pin(task.id)
        entry.state.withLock { $0 = state }
        return CreatedTask(first: first, appended: Appended(generation: generation, state: fold.state, fence: 1))
    }

    func append(
        _ changes: [TaskChange], encoded: EncodedChanges, to id: String, in scope: Scope, condition: AppendCondition,
        retention: TaskRetention, now: A2ATimestamp, session: WriterSession
    ) throws -> Appended {
        let entry = try self.entry(id, session)
        let growth = changes.mostGrowth
        if growth > 0, session.totals.bytes + Int64(growth) > Int64(retention.bytes) {
            let isEnded = entry.state.withLock { $0.map { $0.isRemoved || $0.fold.state.isTerminal } ?? true }
            if !isEnded { try self.makeRoom(tasks: 0, bytes: growth, retention, session) }
        }
        return try entry.state.withLock { held in
            guard var state = held.take() else { throw TaskConflict.notFound }
            defer { held = state }
            guard !state.isRemoved, state.scope == scope else { throw TaskConflict.notFound }
            try condition.check(
                changes, to: state.fold, generation: state.generation, fence: state.fence, retention: retention)
            guard !changes.isEmpty || condition.beginsTurn else {
                return Appended(generation: state.generation, state: state.fold.state, fence: state.fence)
            }
            let now = session.stamp(now)
            let old = state.fold.state
            let first = state.generation + 1
            var encoded = encoded
            var events: [LoggedEvent] = []
            let bytes = self.apply(
                changes, to: &state.fold, from: state.generation, at: now, encoded: &encoded, events: &events)
            state.generation += Int64(changes.count)
            state.logBytes += bytes
            state.sinceSnapshot += bytes
            for event in events { state.remember(event, bytes: event.approximateByteCount) }
            if condition.beginsTurn { state.fence += 1 }
            if !changes.isEmpty {
                try self.addRow(
                    state.task, first, events: changes.count, bytes: bytes, at: session.totals.clock, encoded)
                try self.trim(&state, retention, session)
            }
            let counted = state.fold.byteCount + state.logBytes
            session.totals.bytes += Int64(counted - state.counted)
            state.counted = counted
            if !state.isCompacting, state.sinceSnapshot >= max(TaskEntry.compactionBytes, state.fold.byteCount) {
                state.isCompacting = true
                session.compact(entry)
            }
            let setsStatus = changes.contains(where: \.setsStatus)
            try self.update(state, setsStatus: setsStatus, session)
            if setsStatus, old != state.fold.state {
                self.counts[CountKey(scope: state.scopeID, state: old.rawValue), default: 0] -= 1
                self.counts[CountKey(scope: state.scopeID, state: state.fold.state.rawValue), default: 0] += 1
            }
            return Appended(generation: state.generation, state: state.fold.state, fence: state.fence)
        }
    }

    /// Removes some of the tasks that ended before a time, first ended first.
    ///
    /// - Parameters:
    ///   - last: Those of which notifications are still to be sent are removed only if they ended before this time.
    ///   - place: Where the last call has stopped; 0 at first.
    /// - Returns: Where to go on; `nil` if there are no more.
    func removeEnded(
        before time: A2ATimestamp, sparing last: A2ATimestamp, after place: Int64, session: WriterSession
    ) throws -> Int64? {
        var (place, bytes) = (place, 0)
        let row = self.nextEnded
        for _ in 0..<Self.removalsPerCommit where bytes < SnapshotWriter.removedBytes {
            row.bind(1, place)
            defer { row.reset() }
            guard try row.step(), row.int64(5) < time.milliseconds else { return nil }
            place = row.int64(6)
            let isWanted = row.int64(7) != 0 && row.int64(5) >= last.milliseconds
            let ended = EndedTask(row)
            row.reset()
            if !isWanted { bytes += try self.remove(ended, session) }
        }
        return place
    }

    // MARK: The transaction's end

    /// Writes what was counted.
    func flush() throws {
        for (key, delta) in self.counts where delta != 0 {
            self.count.bind(1, key.scope)
            self.count.bind(2, key.state)
            self.count.bind(3, delta)
            try self.count.run()
        }
        self.counts.removeAll(keepingCapacity: true)
    }

    /// The transaction was rolled back.
    func forget() {
        self.counts.removeAll(keepingCapacity: true)
        self.scopes.removeAll()
    }

    // MARK: Steps

    /// The entry of a task with something believable in it.
    func entry(_ id: String, _ session: WriterSession) throws -> TaskEntry {
        let epoch = session.epoch
        let entry = session.pin(id)
        if entry.state.withLock({ $0?.epoch == epoch }) { return entry }
        guard let row = try self.loader.row(id) else { throw TaskConflict.notFound }
        // Reading a log takes its time, and others wait here: first what was read before, or beside this thread.
        if entry.state.withLock({ $0?.renew(row, epoch: epoch) ?? false }) { return entry }
        if var offered = session.tasks.large.offered(id), offered.renew(row, epoch: epoch) {
            entry.fill(offered)
            return entry
        }
        do {
            entry.fill(try self.loader.load(row, epoch: epoch))
        } catch is DamagedLog {
            // It alone is to blame.
            throw A2AError(DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a log makes no sense"))
        }
        return entry
    }

    private func requireNew(_ id: String) throws {
        self.findTask.bind(1, id)
        defer { self.findTask.reset() }
        guard try !self.findTask.step() else { throw TaskConflict.exists }
    }

    /// Applies changes to a fold.
    ///
    /// - Returns: About how many bytes their events take.
    private func apply(
        _ changes: [TaskChange], to fold: inout TaskFold, from generation: Int64, at now: A2ATimestamp,
        encoded: inout EncodedChanges, events: inout [LoggedEvent]
    ) -> Int {
        var bytes = 0
        var generation = generation
        events.reserveCapacity(changes.count)
        for (index, change) in changes.enumerated() {
            if case .chunk(let chunk, _) = change.kind, fold.hasArtifact(chunk.artifactID) {
                encoded.noteAppends(index)
            }
            generation += 1
            events.append(LoggedEvent(generation: generation, update: fold.apply(change, now: now)))
            bytes += change.approximateByteCount
        }
        return bytes
    }

    private func addRow(
        _ task: Int64, _ generation: Int64, events: Int, bytes: Int, at time: Int64, _ encoded: EncodedChanges
    ) throws {
        self.addRow.bind(1, task)
        self.addRow.bind(2, generation)
        self.addRow.bind(3, events)
        self.addRow.bind(4, bytes)
        self.addRow.bind(5, time)
        self.addRow.bind(6, encoded.bytes)
        try self.addRow.run()
    }

    private func update(_ state: TaskEntry.State, setsStatus: Bool, _ session: WriterSession) throws {
        let statement = setsStatus ? self.changeStatus : self.changeTask
        statement.bind(1, state.generation)
        statement.bind(2, state.fence)
        statement.bind(3, state.oldest)
        statement.bind(4, state.firstRow)
        statement.bind(5, state.logBytes)
        statement.bind(6, state.counted)
        if setsStatus {
            session.totals.place += 1
            statement.bind(7, state.fold.state.rawValue)
            statement.bind(8, session.totals.place)
            statement.bind(9, session.totals.clock)
            statement.bind(10, state.task)
        } else {
            statement.bind(7, state.task)
        }
        try statement.run()
    }

    /// Moves the window of the log on. Rows that it has left go once a snapshot stands for them.
    private func trim(_ state: inout TaskEntry.State, _ retention: TaskRetention, _ session: WriterSession) throws {
        let first = state.generation - Int64(retention.eventsPerTask) + 1
        state.oldest = max(state.oldest, first)
        guard state.oldest - state.firstRow > Self.slack || state.logBytes > retention.eventBytesPerTask else { return }
        while true {
            self.rowFrom.bind(1, state.task)
            self.rowFrom.bind(2, state.firstRow)
            defer { self.rowFrom.reset() }
            guard try self.rowFrom.step() else { break }
            let end = self.rowFrom.int64(0) + self.rowFrom.int64(1)
            let isBefore = end <= state.oldest
            let isTooMuch = state.logBytes > retention.eventBytesPerTask && end <= state.generation
            guard isBefore || isTooMuch else { break }
            state.logBytes -= self.rowFrom.int(2)
            state.firstRow = end
            state.oldest = max(state.oldest, end)
        }
        if state.snapshot > 0 {
            _ = try SnapshotWriter.removeRows(
                of: state.task, before: min(state.firstRow, state.snapshot + 1), self.db)
        }
    }

    private func makeRoom(tasks: Int, bytes: Int, _ retention: TaskRetention, _ session: WriterSession) throws {
        while session.totals.tasks + Int64(tasks) > Int64(retention.tasks)
            || session.totals.bytes + Int64(bytes) > Int64(retention.bytes)
        {
            guard try self.removeFirstEnded(session) else { throw TaskRetention.full }
        }
    }

    /// A task that has ended, as its row has it.
    private struct EndedTask {
        var task: Int64
        var id: String
        var key: CountKey
        var bytes: Int

        init(_ row: PreparedStatement) {
            self.task = row.int64(0)
            self.id = row.string(1)
            self.key = CountKey(scope: row.int64(2), state: row.int(3))
            self.bytes = row.int(4)
        }
    }

    private func removeFirstEnded(_ session: WriterSession) throws -> Bool {
        let row = self.firstEnded
        defer { row.reset() }
        guard try row.step() else { return false }
        let ended = EndedTask(row)
        row.reset()
        _ = try self.remove(ended, session)
        return true
    }

    /// Removes a task; of a large one the rest goes later (``RemovalWriter``).
    ///
    /// - Returns: About how many bytes of rows were removed.
    private func remove(_ ended: EndedTask, _ session: WriterSession) throws -> Int {
        session.totals.tasks -= 1
        session.totals.bytes -= Int64(ended.bytes)
        self.counts[ended.key, default: 0] -= 1
        self.removeTask.bind(1, ended.task)
        try self.removeTask.run()
        let isLeft = try RemovalWriter(session).leaves(ended.task, bytes: ended.bytes)
        if isLeft {
            session.removePieces()
        } else {
            for statement in [self.removeSnapshot, self.removePieces] {
                statement.bind(1, ended.task)
                try statement.run()
            }
            self.removeRows.bind(1, ended.task)
            self.removeRows.bind(2, Int64.max)
            try self.removeRows.run()
        }
        session.pin(ended.id).state.withLock { held in
            // Readers that look now are told to wait; those that are just loading it find their place taken.
            var state =
                held
                ?? TaskEntry.State(
                    epoch: session.epoch, task: ended.task, scopeID: ended.key.scope, scope: Scope(),
                    fold: TaskFold(A2ATask()), generation: 0, durable: 0, fence: 0, oldest: 0, firstRow: 0, logBytes: 0,
                    counted: 0, snapshot: 0, sinceSnapshot: 0)
            state.epoch = session.epoch
            state.isRemoved = true
            held = state
        }
        return isLeft ? 0 : ended.bytes
    }

    func number(of scope: Scope) throws -> Int64 {
        if let known = try self.knownNumber(of: scope) { return known }
        self.addScope.bind(1, scope.tenant)
        self.addScope.bind(2, scope.principal)
        try self.addScope.run()
        return self.remember(self.addScope.insertedRow, of: scope)
    }

    /// The number of a scope that has one.
    func knownNumber(of scope: Scope) throws -> Int64? {
        if let known = self.scopes[scope] { return known }
        self.findScope.bind(1, scope.tenant)
        self.findScope.bind(2, scope.principal)
        defer { self.findScope.reset() }
        guard try self.findScope.step() else { return nil }
        return self.remember(self.findScope.int64(0), of: scope)
    }

    private func remember(_ number: Int64, of scope: Scope) -> Int64 {
        if self.scopes.count >= Self.maxScopes { self.scopes.removeAll() }
        self.scopes[scope] = number
        return number
    }
}
