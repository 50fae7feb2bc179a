import A2A
import GRDB
import Synchronization

/// Writes snapshots, step by step, inside the writer's transactions.
///
/// A task's row says which snapshot counts, and that one's row which pieces. Others are of snapshots that are being made, or of ones that
/// nobody made to the end; two processes may be making one of the same task.
struct SnapshotWriter {
    private let session: WriterSession
    private var db: Database { self.session.db }

    /// The most octets of rows and pieces that one transaction removes, if it is more than one. Default 1 MiB.
    static let removedBytes = 1 << 20
    /// The most rows of a log that one transaction removes.
    static let removedRows = 64

    init(_ session: WriterSession) { self.session = session }

    /// - Returns: The step that follows; `nil` after the last.
    func perform(_ step: EncodedSnapshot.Step, of snapshot: EncodedSnapshot) throws -> EncodedSnapshot.Step? {
        switch step {
        case .piece(let index):
            guard try self.isWanted(snapshot) else { return .clean }
            try self.add(index, of: snapshot)
            return index + 1 < snapshot.pieces.count ? .piece(index + 1) : .swap
        case .swap:
            if try self.isWanted(snapshot), try self.isComplete(snapshot) { try self.put(snapshot) }
            return .clean
        case .clean: return try self.clean(snapshot.task) ? .clean : nil
        }
    }

    /// Whether the task is there and has no newer snapshot.
    private func isWanted(_ snapshot: EncodedSnapshot) throws -> Bool {
        let row = try PreparedStatement(
            cachedIn: self.db, "SELECT 1 FROM tasks WHERE task = ? AND id = ? AND snapshot < ? AND generation >= ?")
        row.bind(1, snapshot.task)
        row.bind(2, snapshot.id)
        row.bind(3, snapshot.generation)
        row.bind(4, snapshot.generation)
        defer { row.reset() }
        return try row.step()
    }

    private func add(_ index: Int, of snapshot: EncodedSnapshot) throws {
        let piece = snapshot.pieces[index]
        let row = try PreparedStatement(cachedIn: self.db, "INSERT INTO snapshot_pieces VALUES (?, ?, ?, ?, ?)")
        row.bind(1, snapshot.task)
        row.bind(2, snapshot.build)
        row.bind(3, piece.part)
        row.bind(4, index)
        row.bind(5, Array(snapshot.parts[piece.part][piece.range]))
        try row.run()
    }

    /// Whether all pieces are there: another process that has finished a snapshot meanwhile removes them.
    private func isComplete(_ snapshot: EncodedSnapshot) throws -> Bool {
        guard snapshot.build != 0 else { return true }
        let row = try PreparedStatement(
            cachedIn: self.db,
            "SELECT count(*), coalesce(sum(length(octets)), 0) FROM snapshot_pieces WHERE task = ? AND build = ?")
        row.bind(1, snapshot.task)
        row.bind(2, snapshot.build)
        defer { row.reset() }
        return try row.step() && row.int(0) == snapshot.pieces.count && row.int(1) == snapshot.byteCount
    }

    /// Makes the snapshot count.
    private func put(_ snapshot: EncodedSnapshot) throws {
        let row = try PreparedStatement(
            cachedIn: self.db,
            "INSERT OR REPLACE INTO snapshots (task, generation, head, artifacts, build) VALUES (?, ?, ?, ?, ?)")
        row.bind(1, snapshot.task)
        row.bind(2, snapshot.generation)
        row.bind(3, snapshot.build == 0 ? snapshot.parts[0] : [])
        row.bind(4, snapshot.build == 0 ? snapshot.parts[1] : [])
        row.bind(5, snapshot.build)
        try row.run()
        let note = try PreparedStatement(cachedIn: self.db, "UPDATE tasks SET snapshot = ? WHERE task = ?")
        note.bind(1, snapshot.generation)
        note.bind(2, snapshot.task)
        try note.run()
        self.session.pin(snapshot.id).state.withLock { state in
            guard let known = state, known.task == snapshot.task, !known.isRemoved else { return }
            state?.snapshot = snapshot.generation
            state?.sinceSnapshot = max(0, known.sinceSnapshot - snapshot.sinceSnapshot)
        }
    }

    /// Removes pieces that do not count, and rows of the log that have left its window and that the snapshot stands for.
    ///
    /// - Returns: Whether there may be more.
    private func clean(_ task: Int64) throws -> Bool {
        let build = try PreparedStatement(cachedIn: self.db, "SELECT build FROM snapshots WHERE task = ?")
        build.bind(1, task)
        let current = try build.step() ? build.int64(0) : 0
        build.reset()
        if try Self.removePieces(of: task, except: current, self.db) { return true }
        let bound = try PreparedStatement(
            cachedIn: self.db, "SELECT min(first_row, snapshot + 1) FROM tasks WHERE task = ? AND snapshot > 0")
        bound.bind(1, task)
        let limit = try bound.step() ? bound.int64(0) : 0
        bound.reset()
        return try Self.removeRows(of: task, before: limit, self.db)
    }

    /// Removes pieces of snapshots, but not more than others can wait for.
    ///
    /// - Parameter build: Those that stay; `nil` for none.
    /// - Returns: Whether there were any.
    static func removePieces(of task: Int64, except build: Int64?, _ db: Database) throws -> Bool {
        let stale = try PreparedStatement(
            cachedIn: db,
            """
            SELECT build, part, piece, length(octets) FROM snapshot_pieces WHERE task = ? AND build IS NOT ? LIMIT 64
            """)
        stale.bind(1, task)
        if let build { stale.bind(2, build) } else { stale.bindNull(2) }
        defer { stale.reset() }
        var found: [(build: Int64, part: Int64, piece: Int64)] = []
        var bytes = 0
        while bytes < Self.removedBytes, try stale.step() {
            found.append((stale.int64(0), stale.int64(1), stale.int64(2)))
            bytes += stale.int(3)
        }
        stale.reset()
        let remove = try PreparedStatement(
            cachedIn: db, "DELETE FROM snapshot_pieces WHERE task = ? AND build = ? AND part = ? AND piece = ?")
        for each in found {
            remove.bind(1, task)
            remove.bind(2, each.build)
            remove.bind(3, each.part)
            remove.bind(4, each.piece)
            try remove.run()
        }
        return !found.isEmpty
    }

    /// Removes rows of a log from before a generation, the oldest first, but not more than others can wait for.
    ///
    /// - Returns: Whether there are more.
    static func removeRows(of task: Int64, before generation: Int64, _ db: Database) throws -> Bool {
        let rows = try PreparedStatement(
            cachedIn: db,
            "SELECT generation, bytes FROM log WHERE task = ? AND generation < ? ORDER BY generation LIMIT ?")
        rows.bind(1, task)
        rows.bind(2, generation)
        rows.bind(3, Self.removedRows)
        defer { rows.reset() }
        var last: Int64?
        var (count, bytes) = (0, 0)
        while bytes < Self.removedBytes, try rows.step() {
            last = rows.int64(0)
            count += 1
            bytes += rows.int(1)
        }
        rows.reset()
        guard let last else { return false }
        let remove = try PreparedStatement(
            cachedIn: db, "DELETE FROM log WHERE task = ? AND generation <= ?")
        remove.bind(1, task)
        remove.bind(2, last)
        try remove.run()
        return count == Self.removedRows || bytes >= Self.removedBytes
    }
}
