import A2A
import A2AServer
import FoundationEssentials
import GRDB

/// Puts the lines of an export into a database that nobody else has open.
struct TaskImporter {
    private let db: Database
    private let file: ImportTarget
    private var transfer = SQLiteDatabase.Transfer()
    /// The task that the lines are about.
    private var task: ImportTarget.Incoming?
    private var hasHeader = false
    private var conflicts: [String] = []

    /// The most lines of one transaction, where the file is not seen before all of them are in it.
    private static let linesPerTransaction = 2_000
    /// The most tasks that an error names.
    private static let maxNames = 20

    /// - Parameter replaces: Whether tasks that are there and differ are replaced. Otherwise they make the import fail.
    init(_ db: Database, replaces: Bool = false) throws {
        self.db = db
        self.file = try ImportTarget(db, replaces: replaces)
    }

    /// - Parameter isOneTransaction: Whether everything is in one transaction: for files that had something in them before.
    mutating func run(
        isOneTransaction: Bool = false, _ nextLine: () throws -> [UInt8]?
    ) throws -> SQLiteDatabase.Transfer {
        do {
            while let line = try nextLine() {
                self.transfer.lines += 1
                guard !line.isEmpty else { continue }
                if !self.db.isInsideTransaction { try self.db.beginTransaction(.immediate) }
                try self.naming { try $0.take(try LineReader(line[...])) }
                if !isOneTransaction, self.transfer.lines % Self.linesPerTransaction == 0 { try self.db.commit() }
            }
            guard self.hasHeader else {
                throw A2AError(
                    .invalidRequest,
                    "There is nothing to import: no line begins an export, as those of 'a2a store export' do.")
            }
            if !self.db.isInsideTransaction { try self.db.beginTransaction(.immediate) }
            try self.naming { try $0.finishTask() }
            guard self.conflicts.isEmpty else { throw self.conflict }
            try self.file.finish()
            try self.db.commit()
        } catch {
            if self.db.isInsideTransaction { try self.db.rollback() }
            throw error
        }
        return self.transfer
    }

    private mutating func naming(_ body: (inout Self) throws -> Void) throws {
        do {
            try body(&self)
        } catch let problem as LineReader.Problem {
            throw self.error(problem.text)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw self.error("it is about something that was there before (\(error.message ?? ""))")
        }
    }

    private func error(_ problem: String) -> A2AError {
        A2AError(.invalidRequest, "Line \(self.transfer.lines) cannot be imported: \(problem).")
    }

    private var conflict: A2AError {
        let names = self.conflicts.prefix(Self.maxNames).joined(separator: ", ")
        let more = self.conflicts.count > Self.maxNames ? " and others" : ""
        return A2AError(
            .invalidRequest,
            "Nothing was imported: \(self.conflicts.count) of the tasks are in the store already and are not the same: \(names)\(more). "
                + "Import into a new file, or let those of the export take their place (--replace).")
    }

    // MARK: Lines

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
        case ExportFormat.push:
            try self.finishTask()
            if try self.file.takePush(line) { self.transfer.pushConfigurations += 1 }
        default: throw LineReader.Problem(text: "its kind '\(kind)' is not known")
        }
    }

    private mutating func takeHeader(_ line: LineReader) throws {
        guard try line.string("format") == ExportFormat.name else {
            throw LineReader.Problem(text: "its format is not '\(ExportFormat.name)'")
        }
        let version = try line.int64("version")
        guard ExportFormat.versions.contains(version) else {
            throw LineReader.Problem(
                text:
                    "version \(version) is newer than this program, which reads up to \(ExportFormat.versions.upperBound)"
            )
        }
        self.hasHeader = true
    }

    private mutating func takeTask(_ line: LineReader) throws {
        try self.finishTask()
        self.task = try self.file.begin(line)
    }

    private mutating func finishTask() throws {
        guard let task = self.task else { return }
        self.task = nil
        switch try self.file.finish(task) {
        case .added: self.transfer.tasks += 1
        case .replaced:
            (self.transfer.tasks, self.transfer.replaced) = (self.transfer.tasks + 1, self.transfer.replaced + 1)
        case .skipped: self.transfer.skipped += 1
        case .differs: self.conflicts.append(task.id)
        }
    }

    private func takeSnapshot(_ line: LineReader) throws {
        var task: A2ATask = try line.message("task")
        var artifacts = A2ATask()
        swap(&artifacts.artifacts, &task.artifacts)
        let current = try self.current
        try self.db.execute(
            sql: "INSERT INTO snapshots (task, generation, head, artifacts) VALUES (?, ?, ?, ?)",
            arguments: [
                current.row, try line.number("generation") + current.shift, Data(task.serializedBytes() as [UInt8]),
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
        let current = try self.current
        try self.db.execute(
            sql: "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                current.row, try line.number("generation") + current.shift, changes.count + (first == nil ? 0 : 1),
                line.number("bytes"), line.time("at"), Data(encoded.bytes),
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

    private var current: ImportTarget.Incoming {
        get throws {
            guard let task else { throw LineReader.Problem(text: "there is no task before it") }
            return task
        }
    }
}
