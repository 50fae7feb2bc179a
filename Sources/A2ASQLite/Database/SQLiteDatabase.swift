import A2A
package import GRDB
public import Logging

/// The database file that task logs and push notification configurations share.
///
/// One thread writes. It takes whatever waits, carries it out in one transaction and commits that once: concurrent writers
/// share the cost of making their changes durable, and each is answered only when its change is. Readers have connections
/// of their own, see what is committed, and wait for nobody.
///
/// **How other tables join.** Their schema is a migration in `Migrations.swift`, after those that are there. They write with
/// ``write(bytes:_:)`` and read with ``read(_:)``, never over a connection of their own: then their changes go into the same
/// commits, and the store notices what other processes have written (``StoreTotals/commits``). What must be in one transaction with an
/// append to a task's log belongs into ``TaskLogWriter``.
///
/// Several processes may have the file open; see ``Freshness``.
public final class SQLiteDatabase: Sendable {
    /// The file itself, where symbolic links led to one: what SQLite and this library keep beside a database is beside that.
    public let path: String
    /// How the file is used.
    public let options: Options

    let pool: DatabasePool
    let queue: WriteQueue
    let freshness: Freshness
    let tasks: TaskCache
    let compactor: Compactor
    let logger: Logger

    /// Opens the file; makes it (mode 0600), and its folder (0700), if they are not there.
    ///
    /// - Throws: ``A2AError`` that says what is wrong with the file and what to do: it cannot be opened, it is no database of
    ///   ours, it was written by a newer version, it is damaged; there is no file, but the log of one.
    public init(
        path: String, options: Options = .init(), logger: Logger = Logger(label: "a2a.sqlite")
    ) throws {
        let path = PrivateFile.resolved(path)
        self.path = path
        self.options = options
        self.logger = logger
        self.pool = try Self.open(path, options)
        if options.migrates { logger.noteLeftovers(PartialFile.removeLeftovers(besides: path)) }
        self.queue = WriteQueue(maxJobs: options.maxPendingWrites, maxBytes: options.maxPendingBytes)
        self.freshness = try Self.mapping(path) { try Freshness(path: path, busyTimeout: options.busyTimeout) }
        self.tasks = TaskCache(maxBytes: options.cacheBytes)
        self.compactor = Compactor(writes: self.queue, tasks: self.tasks, maxBytes: options.snapshotBytes)
        // The writer's connection belongs to this loop until the database is closed.
        self.pool.asyncWriteWithoutTransaction {
            [queue = self.queue, freshness = self.freshness, tasks = self.tasks, compactor = self.compactor] db in
            GroupCommit(
                WriterSession(
                    db, freshness: freshness, tasks: tasks, compactor: compactor, remover: Remover(writes: queue)),
                queue: queue, path: path, options: options, logger: logger
            ).run()
        }
    }

    deinit { self.queue.close() }

    /// Carries out what waits, and closes the file. Later calls throw `.unavailable`.
    public func close() async {
        await withCheckedContinuation { continuation in
            self.queue.close { continuation.resume() }
        }
        self.freshness.close()
        try? self.pool.close()
    }

    /// Where the file of a path is: symbolic links are followed, also to what is not there.
    package static func file(of path: String) -> String { PrivateFile.resolved(path) }

    /// How many commits this object has made since it was opened.
    public var commitCount: Int { self.queue.commitCount }

    // MARK: For the tables

    /// Carries out changes in the next commit.
    ///
    /// - Parameters:
    ///   - bytes: About how much memory the changes take while they wait, in bytes.
    ///   - body: The changes. It runs on the writer's thread, in a savepoint: what it throws undoes its own changes only.
    ///     It may run twice, if the commit fails for the sake of another.
    /// - Returns: What `body` returns, when the commit is durable.
    /// - Throws: What `body` throws; ``A2AError`` if the commit fails (then nothing has changed), or if too much waits already.
    package func write<Value: Sendable>(
        bytes: Int = 256, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await self.submit(bytes: bytes) { session in
            var value: Value?
            try session.db.inSavepoint {
                value = try body(session.db)
                return .commit
            }
            guard let value else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "no value") }
            return value
        }
    }

    /// Reads what is committed, over a connection of its own, as it stood at one moment.
    ///
    /// - Throws: What `body` throws; ``A2AError`` if the file cannot be read.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await self.pool.read(body)
        } catch {
            throw self.mapped(error)
        }
    }

    /// As ``write(bytes:_:)``, for what decides before it changes anything: without the savepoint.
    ///
    /// - Parameter isQuiet: Others need not know of it, unless `body` says so (``WriterSession/noteChange()``).
    func submit<Value: Sendable>(
        bytes: Int, isQuiet: Bool = false, _ body: @escaping @Sendable (WriterSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.submit(bytes: bytes, isQuiet: isQuiet, body) { continuation.resume(with: $0) }
        }
    }

    /// The same for who does not wait.
    ///
    /// - Parameter whenDone: Called once, on the writer's thread or at once; it does not wait.
    func submit<Value: Sendable>(
        bytes: Int, isQuiet: Bool = false, _ body: @escaping @Sendable (WriterSession) throws -> Value,
        whenDone: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let job = WriteJob(
            bytes: bytes, isQuiet: isQuiet,
            perform: { session in
                let value = try body(session)
                return { whenDone(.success(value)) }
            },
            fail: { whenDone(.failure($0)) })
        do { try self.queue.submit(job) } catch { whenDone(.failure(error)) }
    }

    /// Runs something on the writer's thread between two commits, when nothing is half done.
    func betweenCommits<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let job = WriteJob(
                bytes: 0, isRead: true, perform: { _ in { continuation.resume(returning: body()) } },
                fail: { continuation.resume(throwing: $0) })
            do { try self.queue.submit(job) } catch { continuation.resume(throwing: error) }
        }
    }

    /// An error of the database as callers see it; others as they are.
    func mapped(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        if error.resultCode == .SQLITE_MISUSE, self.queue.isClosed { return A2AError.storeIsClosed }
        self.logger.error("reading the task store failed", metadata: ["file": "\(self.path)", "error": "\(error)"])
        return A2AError(error)
    }

    // MARK: Opening

    private static func open(_ path: String, _ options: Options) throws -> DatabasePool {
        try self.mapping(path) {
            try NewFile.requireFileName(path)
            try NewFile.requireNoLogs(of: path)
            try makeFolder(of: path)
            var configuration = Configuration()
            configuration.label = "a2a"
            configuration.busyMode = .timeout(options.busyTimeout.inSeconds)
            configuration.maximumReaderCount = options.readers
            configuration.foreignKeysEnabled = false
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA cache_size = -\(max(1, options.pageCacheBytes / 1024))")
            }
            return try FolderLock.with(folderOf: path, wait: options.busyTimeout) {
                PrivateFile.prepare(path)
                let pool = try DatabasePool(path: path, configuration: configuration)
                try pool.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA synchronous = \(options.synchronous.rawValue)")
                    try db.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
                    try db.execute(sql: "PRAGMA secure_delete = FAST")
                }
                try options.migrates ? Migrations.apply(to: pool) : Migrations.requireCurrent(pool)
                return pool
            }
        }
    }

    private static func mapping<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw A2AError(opening: path, error)
        }
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = self.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
