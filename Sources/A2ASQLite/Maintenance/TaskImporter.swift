import A2A
import A2AServer
import FoundationEssentials
import GRDB

/// Puts the lines of an export into a new file.
struct TaskImporter {
    private let db: Database
    private var transfer = SQLiteDatabase.Transfer()
    private var place: Int64 = 0
    private var clock: Int64 = 0
    private var bytes: Int64 = 0
    /// The task that the lines are about.
    private var task: Int64?
    private var hasHeader = false

    /// The most lines of one transaction.
    private static let linesPerTransaction = 2_000

    init(_ db: Database) throws { self.db = db }

    mutating func run(_ nextLine: () throws -> [UInt8]?) throws -> SQLiteDatabase.Transfer {
        do {
            while let line = try nextLine() {
                self.transfer.lines += 1
                guard !line.isEmpty else { continue }
                if !self.db.isInsideTransaction { try self.db.beginTransaction(.immediate) }
                try self.takeLine(line)
                if self.transfer.lines % Self.linesPerTransaction == 0 { try self.db.commit() }
            }
            guard self.hasHeader else { throw self.error("there is no header; is this an export?") }
            if !self.db.isInsideTransaction { try self.db.beginTransaction(.immediate) }
            try self.count()
            try self.db.commit()
        } catch {
            if self.db.isInsideTransaction { try self.db.rollback() }
            throw error
        }
        return self.transfer
    }

    private mutating func takeLine(_ line: [UInt8]) throws {
        do {
            try self.take(try LineReader(line[...]))
        } catch let problem as LineReader.Problem {
            throw self.error(problem.text)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw self.error("it is about something that was there before (\(error.message ?? ""))")
        }
    }

    private func count() throws {
        try self.db.execute(
            sql: "UPDATE store SET commits = 1, place = ?, clock = ?, tasks = ?, bytes = ?",
            arguments: [self.place, self.clock, self.transfer.tasks, self.bytes])
        try self.db.execute(
            sql: "INSERT INTO counts SELECT scope, state, count(*) FROM tasks GROUP BY scope, state")
    }

    private func error(_ problem: String) -> A2AError {
        A2AError(.invalidRequest, "Line \(self.transfer.lines) cannot be imported: \(problem).")
    }

    private mutating func take(_ line: LineReader) throws {
        let kind = try line.string("kind")
        guard self.hasHeader || kind == ExportFormat.header else {
            throw LineReader.Problem(text: "the first line must be a header")
        }
        switch kind {
        case ExportFormat.header: try self.takeHeader(line)
        case ExportFormat.task: try self.takeTask(line)
        case ExportFormat.snapshot: try self.takeSnapshot(line)
        case ExportFormat.events: try self.takeEvents(line)
        default: throw LineReader.Problem(text: "its kind '\(kind)' is not known")
        }
    }

    private mutating func takeHeader(_ line: LineReader) throws {
        guard try line.string("format") == ExportFormat.name else {
            throw LineReader.Problem(text: "its format is not '\(ExportFormat.name)'")
        }
        let version = try line.int64("version")
        guard version == ExportFormat.version else {
            throw LineReader.Problem(text: "version \(version) is newer than this program, which reads 1")
        }
        self.hasHeader = true
    }

    private mutating func takeTask(_ line: LineReader) throws {
        let scope = try self.scope(line.string("tenant"), line.string("principal"))
        self.place += 1
        let statusAt = try line.int64("statusAt")
        self.clock = max(self.clock, statusAt)
        let bytes = try line.int64("bytes")
        self.bytes += bytes
        try self.db.execute(
            sql: """
                INSERT INTO tasks (id, scope, context, state, place, status_at, generation, fence, oldest, first_row,
                log_bytes, bytes, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                line.string("id"), scope, line.string("contextId"), line.int64("state"), self.place, statusAt,
                line.int64("generation"), line.int64("fence"), line.int64("oldest"), line.int64("firstRow"),
                line.int64("logBytes"), bytes, line.int64("snapshot"),
            ])
        self.task = self.db.lastInsertedRowID
        self.transfer.tasks += 1
    }

    private func takeSnapshot(_ line: LineReader) throws {
        var task: A2ATask = try line.message("task")
        var artifacts = A2ATask()
        swap(&artifacts.artifacts, &task.artifacts)
        try self.db.execute(
            sql: "INSERT INTO snapshots VALUES (?, ?, ?, ?)",
            arguments: [
                self.current, line.int64("generation"), Data(task.serializedBytes() as [UInt8]),
                Data(artifacts.serializedBytes() as [UInt8]),
            ])
    }

    private func takeEvents(_ line: LineReader) throws {
        var first: A2ATask?
        var changes: [TaskChange] = []
        var appends: [Int] = []
        for object in try line.objects("changes") {
            if object.has("task") {
                first = try object.message("task")
                continue
            }
            if object.bool("appends") { appends.append(changes.count) }
            changes.append(try Self.change(object))
        }
        var encoded = try EncodedChanges(changes, creating: first)
        for index in appends { encoded.noteAppends(index) }
        try self.db.execute(
            sql: "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                self.current, line.int64("generation"), changes.count + (first == nil ? 0 : 1), line.int64("bytes"),
                line.int64("at"), Data(encoded.bytes),
            ])
    }

    private static func change(_ object: LineReader) throws -> TaskChange {
        let kind: TaskChange.Kind
        if object.has("status") {
            kind = .status(try object.message("status"))
        } else if object.has("artifact") {
            kind = .artifact(try object.message("artifact"), lastChunk: object.bool("lastChunk"))
        } else {
            kind = .chunk(try object.message("chunk"), lastChunk: object.bool("lastChunk"))
        }
        return TaskChange(
            kind, received: object.has("received") ? try object.message("received") : nil,
            metadata: object.has("metadata") ? try object.message("metadata") : nil)
    }

    private var current: Int64 {
        get throws {
            guard let task else { throw LineReader.Problem(text: "there is no task before it") }
            return task
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
}
