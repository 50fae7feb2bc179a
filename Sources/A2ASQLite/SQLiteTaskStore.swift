public import A2A
public import A2AServer
import GRDB
public import Logging
import Synchronization

/// Task logs in a database file: they outlive the process.
///
/// What a call is answered with is durable (see ``SQLiteDatabase/Options/Synchronous``), and readers see nothing that is
/// not. An append costs what it adds, however large the task is. Tasks that were used lately are in memory, within bounds;
/// several processes may share the file, and see what the others have written.
public final class SQLiteTaskStore: TaskStore {
    /// The file. Other stores may share it.
    public let database: SQLiteDatabase
    let retention: TaskRetention
    let wallClock: @Sendable () -> A2ATimestamp
    let keeper: LeaseKeeper

    /// - Parameters:
    ///   - retention: What the store keeps. By default more than one in memory does (``TaskRetention/durable``).
    ///   - wallClock: The time that statuses are stamped with.
    public init(
        database: SQLiteDatabase, retention: TaskRetention = .durable,
        wallClock: @escaping @Sendable () -> A2ATimestamp = { .now }
    ) {
        self.database = database
        self.retention = retention
        self.wallClock = wallClock
        self.keeper = LeaseKeeper(path: database.path)
    }

    /// Opens the file; makes it if it is not there.
    ///
    /// - Throws: ``A2AError`` that says what is wrong with the file and what to do.
    public convenience init(
        path: String, retention: TaskRetention = .durable, options: SQLiteDatabase.Options = .init(),
        logger: Logger = Logger(label: "a2a.sqlite")
    ) throws {
        self.init(
            database: try SQLiteDatabase(path: path, options: options, logger: logger), retention: retention)
    }

    public func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        let encoded = try EncodedChanges(changes, creating: task)
        return try await self.database.submit(bytes: encoded.bytes.count + 512) {
            [retention = self.retention, wallClock = self.wallClock] session in
            try session.log.create(
                task, then: changes, encoded: encoded, in: scope, retention: retention, now: wallClock(),
                session: session)
        }
    }

    public func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        try await self.append(changes, to: id, in: scope, condition: condition, record: nil)
    }

    public func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        while true {
            let epoch = try self.epoch()
            let entry = self.database.tasks.entryOrEmpty(id)
            switch entry.snapshot(in: scope, epoch: epoch, historyLength: historyLength) {
            case .none: return nil
            case .here(let snapshot): return snapshot
            case .pending:
                let answer = try await self.database.betweenCommits {
                    entry.snapshot(in: scope, epoch: epoch, historyLength: historyLength)
                }
                switch answer {
                case .none: return nil
                case .here(let snapshot): return snapshot
                case .pending, .unknown: continue
                }
            case .unknown:
                let loaded = try await self.reading { db in try TaskLoader(db).load(id, epoch: epoch) }
                guard let loaded else {
                    self.database.tasks.forget(entry)
                    return nil
                }
                entry.fill(loaded)
                self.database.tasks.loaded(entry)
                guard loaded.scope == scope else { return nil }
                return TaskSnapshot(
                    task: loaded.fold.task(historyLength: historyLength), generation: loaded.generation)
            }
        }
    }

    public func events(
        of id: String, in scope: Scope, after generation: Int64, limit: Int
    ) async throws -> EventPage {
        let window = self.retention.eventsPerTask
        let epoch = try self.epoch()
        if let entry = self.database.tasks.entry(id) {
            let page = try entry.state.withLock { state -> EventPage? in
                guard let state, state.epoch == epoch, !state.isRemoved, state.durable > 0 else { return nil }
                guard state.scope == scope else { throw TaskConflict.notFound }
                return state.events(after: generation, limit: limit, window: window)
            }
            if let page { return page }
        }
        return try await self.reading { db in
            let loader = try TaskLoader(db)
            guard let row = try loader.row(id), row.scope == scope else { throw TaskConflict.notFound }
            guard generation < row.generation else { return .events([]) }
            let oldest = max(
                row.oldest, row.generation.subtractingReportingOverflow(Int64(window)).partialValue + 1)
            guard generation >= oldest - 1 else { return .gap(oldest: oldest) }
            return .events(try loader.events(of: row, id: id, after: generation, limit: max(0, limit)))
        }
    }

    public func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        let below = try query.pageToken.map(PageToken.init(decoding:))?.sequence ?? .max
        return try await self.reading { db in try TaskLister(db).list(query, below: below, in: scope) }
    }

    public func removeExpired() async throws {
        let now = self.wallClock()
        let age = self.retention.age.milliseconds
        let limit = A2ATimestamp(milliseconds: now.milliseconds - age)
        // What is still to be sent of a task is given up when it goes.
        let (time, isBeyond) = limit.milliseconds.subtractingReportingOverflow(age)
        let last = isBeyond ? limit : A2ATimestamp(milliseconds: time)
        var place: Int64? = 0
        while let after = place {
            place = try await self.database.submit(bytes: 64) { session in
                try session.log.removeEnded(before: limit, sparing: last, after: after, session: session)
            }
        }
        // Also those that an earlier process has left.
        while try await self.database.submit(bytes: 64, isQuiet: true, { try RemovalWriter($0).removePiece() }) {}
        var forgotten = Self.messagesPerCommit
        while forgotten == Self.messagesPerCommit {
            forgotten = try await self.database.submit(bytes: 64) { session in
                _ = session.stamp(now)
                return try session.turns.removeMessages(
                    before: session.totals.clock, limit: Self.messagesPerCommit)
            }
        }
    }

    func epoch() throws -> Int64 {
        do {
            return try self.database.freshness.check()
        } catch {
            throw self.database.mapped(error)
        }
    }

    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await self.database.read(body)
        } catch is DamagedLog {
            throw self.database.mapped(DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a log makes no sense"))
        }
    }
}

extension TaskRetention {
    /// What a store on disk keeps by default: 2 million tasks, 16 GiB, and what has ended for seven days.
    public static var durable: TaskRetention {
        var retention = TaskRetention()
        retention.tasks = 2_000_000
        retention.bytes = 16 << 30
        retention.age = .seconds(7 * 24 * 3600)
        return retention
    }
}

extension TaskEntry {
    enum OnSnapshot {
        case here(TaskSnapshot)
        /// There is no such task in the scope.
        case none
        /// What is in memory is not durable yet.
        case pending
        /// The file has to be asked.
        case unknown
    }

    func snapshot(in scope: Scope, epoch: Int64, historyLength: Int?) -> OnSnapshot {
        self.state.withLock { state in
            guard let state, state.epoch >= epoch else { return .unknown }
            guard state.isClean else { return .pending }
            guard state.scope == scope else { return .none }
            return .here(
                TaskSnapshot(
                    task: state.fold.task(historyLength: historyLength), generation: state.generation))
        }
    }
}
