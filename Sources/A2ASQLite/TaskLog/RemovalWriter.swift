import GRDB
import Synchronization

/// Removes large tasks, inside the writer's transactions: first from the eyes of all, in one step, and then row by row, so that others
/// need not wait for it.
///
/// What is left of a task that is gone is in `removals` until none of it is left, also after a crash. Its number is given to no other task
/// before then.
struct RemovalWriter {
    private let db: Database

    /// From this size on a task is removed in pieces, in bytes. Default 256 KiB.
    static let minBytes = 256 << 10
    /// The most bytes of tasks that are left to be removed in pieces, if it is more than one: those beyond go at once, and whoever has made
    /// room with them waits for it. Default 256 MiB.
    static let maxPendingBytes = 256 << 20

    private static let tables = ["log", "snapshots", "snapshot_pieces"]

    init(_ session: WriterSession) { self.db = session.db }

    /// Leaves the rows of a task that is gone to be removed later.
    ///
    /// - Parameter bytes: About how many there are.
    /// - Returns: `false`, and nothing is changed, if they had better go at once.
    func leaves(_ task: Int64, bytes: Int) throws -> Bool {
        guard bytes >= Self.minBytes else { return false }
        let pending = try PreparedStatement(cachedIn: self.db, "SELECT coalesce(sum(bytes), 0) FROM removals")
        defer { pending.reset() }
        guard try pending.step(), pending.int(0) == 0 || pending.int(0) + bytes <= Self.maxPendingBytes else {
            return false
        }
        pending.reset()
        let add = try PreparedStatement(cachedIn: self.db, "INSERT INTO removals (task, bytes) VALUES (?, ?)")
        add.bind(1, task)
        add.bind(2, bytes)
        try add.run()
        return true
    }

    /// Removes some rows of a task that is gone, but not more than others can wait for.
    ///
    /// - Returns: Whether there may be more, of it or of another one.
    func removePiece() throws -> Bool {
        let first = try PreparedStatement(cachedIn: self.db, "SELECT task FROM removals ORDER BY task LIMIT 1")
        defer { first.reset() }
        guard try first.step() else { return false }
        let task = first.int64(0)
        first.reset()
        if try SnapshotWriter.removeRows(of: task, before: .max, self.db) { return true }
        if try SnapshotWriter.removePieces(of: task, except: nil, self.db) { return true }
        for sql in ["DELETE FROM snapshots WHERE task = ?", "DELETE FROM removals WHERE task = ?"] {
            let remove = try PreparedStatement(cachedIn: self.db, sql)
            remove.bind(1, task)
            try remove.run()
        }
        return true
    }

    /// Removes all that is left, in a database that nobody else has open.
    static func removeAll(_ db: Database) throws {
        for table in self.tables {
            try db.execute(sql: "DELETE FROM \(table) WHERE task IN (SELECT task FROM removals)")
        }
        try db.execute(sql: "DELETE FROM removals")
    }
}

/// Has the writer remove piece after piece, each in a commit with whatever else waits.
final class Remover: Sendable {
    private let writes: WriteQueue
    private let isRunning = Mutex(false)

    init(writes: WriteQueue) { self.writes = writes }

    /// Begins, unless it is at it. What fails is left for the next time, or for ``SQLiteTaskStore/removeExpired()``.
    func begin() {
        let wasRunning = self.isRunning.withLock { isRunning in
            defer { isRunning = true }
            return isRunning
        }
        if !wasRunning { self.submit() }
    }

    private func submit() {
        let job = WriteJob(
            bytes: 64, isQuiet: true,
            perform: { session in
                let hasMore = try RemovalWriter(session).removePiece()
                // On the writer's thread: what begins after this has more.
                if !hasMore { self.end() }
                return { if hasMore { self.submit() } }
            }, fail: { _ in self.end() })
        do { try self.writes.submit(job) } catch { self.end() }
    }

    private func end() { self.isRunning.withLock { $0 = false } }
}
