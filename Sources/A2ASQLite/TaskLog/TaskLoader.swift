import A2A
import A2AServer
import GRDB

/// Reads tasks and their logs from the file.
struct TaskLoader {
    private let row: PreparedStatement
    private let snapshot: PreparedStatement
    private let pieces: PreparedStatement
    private let changes: PreparedStatement
    private let events: PreparedStatement

    /// - Parameter db: The connection that this is used with, and no other.
    init(_ db: Database) throws {
        self.row = try PreparedStatement(
            cachedIn: db,
            """
            SELECT t.task, t.scope, s.tenant, s.principal, t.context, t.generation, t.fence, t.oldest, t.first_row, t.log_bytes,
            t.bytes, t.snapshot FROM tasks t JOIN scopes s ON s.scope = t.scope WHERE t.id = ?
            """)
        self.snapshot = try PreparedStatement(
            cachedIn: db, "SELECT generation, build, head, artifacts FROM snapshots WHERE task = ?")
        self.pieces = try PreparedStatement(
            cachedIn: db,
            "SELECT octets FROM snapshot_pieces WHERE task = ? AND build = ? AND part = ? ORDER BY piece")
        self.changes = try PreparedStatement(
            cachedIn: db,
            "SELECT generation, events, bytes, at, changes FROM log WHERE task = ? AND generation > ? ORDER BY generation"
        )
        self.events = try PreparedStatement(
            cachedIn: db,
            """
            SELECT generation, events, at, changes FROM log WHERE task = ?1 AND generation >= coalesce(
            (SELECT max(generation) FROM log WHERE task = ?1 AND generation <= ?2), 0) ORDER BY generation
            """)
    }

    /// What a row of `tasks` says.
    struct Row {
        var task: Int64
        var scopeID: Int64
        var scope: Scope
        var contextID: String
        var generation: Int64
        var fence: Int64
        var oldest: Int64
        var firstRow: Int64
        var logBytes: Int
        var bytes: Int
        var snapshot: Int64
    }

    func row(_ id: String) throws -> Row? {
        let row = self.row
        defer { row.reset() }
        row.bind(1, id)
        guard try row.step() else { return nil }
        return Row(
            task: row.int64(0), scopeID: row.int64(1), scope: Scope(tenant: row.string(2), principal: row.string(3)),
            contextID: row.string(4), generation: row.int64(5), fence: row.int64(6), oldest: row.int64(7),
            firstRow: row.int64(8), logBytes: row.int(9), bytes: row.int(10), snapshot: row.int64(11))
    }

    /// A task as it stands; `nil` if there is none.
    ///
    /// - Parameter epoch: What was known of the file before this looks at it.
    func load(_ id: String, epoch: Int64) throws -> TaskEntry.State? {
        guard let row = try self.row(id) else { return nil }
        return try self.load(row, epoch: epoch)
    }

    func load(_ row: Row, epoch: Int64) throws -> TaskEntry.State {
        let (fold, sinceSnapshot) = try self.fold(of: row.task, snapshot: row.snapshot)
        return TaskEntry.State(
            epoch: epoch, task: row.task, scopeID: row.scopeID, scope: row.scope, fold: fold,
            generation: row.generation, durable: row.generation, fence: row.fence, oldest: row.oldest,
            firstRow: row.firstRow, logBytes: row.logBytes, counted: row.bytes, snapshot: row.snapshot,
            sinceSnapshot: sinceSnapshot)
    }

    /// The fold of a log, and about how many bytes were appended since its snapshot.
    ///
    /// - Parameter withArtifacts: Whether the artifacts are wanted; without them most of a log need not be decoded.
    /// - Throws: ``DamagedLog`` if the log does not begin with the task.
    func fold(of task: Int64, snapshot generation: Int64, withArtifacts: Bool = true) throws -> (TaskFold, Int) {
        var fold: TaskFold?
        if generation > 0 {
            fold = TaskFold(try self.snapshot(of: task, at: generation, withArtifacts: withArtifacts))
        }
        var bytes = 0
        let rows = self.changes
        defer { rows.reset() }
        rows.bind(1, task)
        rows.bind(2, generation)
        while try rows.step() {
            let time = A2ATimestamp(milliseconds: rows.int64(3))
            bytes += rows.int(2)
            var records = RecordReader(rows.bytes(4))
            while let record = try records.next(skippingArtifacts: !withArtifacts) {
                switch record {
                case .skipped: break
                case .task(var first):
                    guard fold == nil else { throw DamagedLog() }
                    first.status.timestamp = time
                    fold = TaskFold(first)
                case .change(let change, _):
                    guard fold != nil else { throw DamagedLog() }
                    _ = fold?.apply(change, now: time)
                }
            }
        }
        guard let fold else { throw DamagedLog() }
        return (fold, bytes)
    }

    /// A task as its snapshot has it.
    func snapshot(of task: Int64, at generation: Int64, withArtifacts: Bool = true) throws -> A2ATask {
        let row = self.snapshot
        defer { row.reset() }
        row.bind(1, task)
        guard try row.step(), row.int64(0) == generation else { throw DamagedLog() }
        let build = row.int64(1)
        func part(_ index: Int64) throws -> A2ATask {
            try Self.task(build == 0 ? row.bytes(CInt(2 + index)) : self.octets(ofPart: index, of: task, build: build))
        }
        var found = try part(0)
        if withArtifacts { found.artifacts = try part(1).artifacts }
        return found
    }

    private func octets(ofPart part: Int64, of task: Int64, build: Int64) throws -> [UInt8] {
        let rows = self.pieces
        defer { rows.reset() }
        rows.bind(1, task)
        rows.bind(2, build)
        rows.bind(3, part)
        var octets: [UInt8] = []
        while try rows.step() { octets += rows.bytes(0) }
        return octets
    }

    /// The events of a log after a generation that is inside its window, at most `limit`.
    func events(of row: Row, id: String, after generation: Int64, limit: Int) throws -> [LoggedEvent] {
        var events: [LoggedEvent] = []
        let rows = self.events
        defer { rows.reset() }
        rows.bind(1, row.task)
        rows.bind(2, generation + 1)
        while events.count < limit, try rows.step() {
            var next = rows.int64(0)
            let time = A2ATimestamp(milliseconds: rows.int64(2))
            var records = RecordReader(rows.bytes(3))
            while events.count < limit, let record = try records.next() {
                defer { next += 1 }
                guard case .change(let change, let appends) = record, next > generation else { continue }
                let update = change.update(taskID: id, contextID: row.contextID, at: time, appends: appends)
                events.append(LoggedEvent(generation: next, update: update))
            }
        }
        return events
    }

    static func task(_ bytes: [UInt8]) throws -> A2ATask {
        do {
            return try A2ATask(serializedBytes: bytes)
        } catch {
            throw DamagedLog()
        }
    }
}
