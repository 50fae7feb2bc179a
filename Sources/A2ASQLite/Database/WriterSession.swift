import A2A
import A2AServer
import GRDB

/// Counters of the whole file.
struct StoreTotals {
    /// Grows with every commit of every process.
    var commits: Int64 = 0
    /// The last place in the order of status changes that was given out.
    var place: Int64 = 0
    /// The last time that was stamped, in milliseconds since 1970: it never goes back.
    var clock: Int64 = 0
    var tasks: Int64 = 0
    var bytes: Int64 = 0
}

/// What the writer's thread works with. It never leaves that thread.
final class WriterSession {
    let db: Database
    let tasks: TaskCache
    var totals = StoreTotals()
    private let freshness: Freshness
    /// The number of commits that this transaction began with.
    private var seen: Int64 = 0
    private var isOpen = false
    /// The transaction changes more than this process's beat: what others have in memory may be out of date.
    private var hasChanges = false
    private var prepared: Prepared?
    private var taskLog: TaskLogWriter?
    private var turnWriter: TurnWriter?
    /// Takes back what this transaction has changed elsewhere in memory.
    private var undos: [() -> Void] = []
    /// The entries that this transaction has looked at, and may have changed.
    private var pinned: [TaskEntry] = []
    /// The entries that ask for a snapshot once the transaction is durable.
    private var growing: [TaskEntry] = []
    private let compactor: Compactor
    private let remover: Remover
    /// This transaction has left rows of tasks that are gone.
    private var leavesRows = false

    private struct Prepared {
        var begin: PreparedStatement
        var commit: PreparedStatement
        var rollBack: PreparedStatement
        var read: PreparedStatement
        var write: PreparedStatement
    }

    init(_ db: Database, freshness: Freshness, tasks: TaskCache, compactor: Compactor, remover: Remover) {
        self.db = db
        self.compactor = compactor
        self.remover = remover
        self.freshness = freshness
        self.tasks = tasks
    }

    /// What appends to task logs.
    var log: TaskLogWriter {
        get throws {
            if let taskLog { return taskLog }
            let new = try TaskLogWriter(self.db)
            self.taskLog = new
            return new
        }
    }

    /// What notes turns, leases and messages.
    var turns: TurnWriter {
        get throws {
            if let turnWriter { return turnWriter }
            let new = try TurnWriter(self.db)
            self.turnWriter = new
            return new
        }
    }

    /// The number of everything in memory that is still true (``Freshness``).
    var epoch: Int64 { self.freshness.epoch }

    /// The entry of a task, which stays in memory until the transaction is over.
    func pin(_ id: String) -> TaskEntry {
        let (entry, wasPinned) = self.tasks.pin(id)
        if !wasPinned { self.pinned.append(entry) }
        return entry
    }

    func begin() throws {
        let prepared = try self.statements()
        try prepared.begin.run()
        self.isOpen = true
        self.hasChanges = false
        let row = prepared.read
        defer { row.reset() }
        guard try row.step() else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "no row in 'store'") }
        self.totals = StoreTotals(
            commits: row.int64(0), place: row.int64(1), clock: row.int64(2), tasks: row.int64(3), bytes: row.int64(4))
        self.seen = self.totals.commits
        self.freshness.writerSees(commits: self.seen)
    }

    func commit() throws {
        let prepared = try self.statements()
        try self.taskLog?.flush()
        if self.hasChanges {
            self.totals.commits += 1
            let row = prepared.write
            row.bind(1, self.totals.commits)
            row.bind(2, self.totals.place)
            row.bind(3, self.totals.clock)
            row.bind(4, self.totals.tasks)
            row.bind(5, self.totals.bytes)
            try row.run()
        }
        // Before it can be seen: nobody shall take it for a stranger's.
        self.freshness.writerCommits(self.totals.commits)
        try prepared.commit.run()
        self.isOpen = false
        self.undos.removeAll()
        for entry in self.pinned { self.tasks.isDurable(entry) }
        self.pinned.removeAll(keepingCapacity: true)
        for entry in self.growing { self.compactor.compact(entry) }
        self.growing.removeAll()
        if self.leavesRows { self.remover.begin() }
        self.leavesRows = false
    }

    /// Others have to know of what this transaction does.
    func noteChange() { self.hasChanges = true }

    /// Does something if the transaction is rolled back.
    func ifRolledBack(_ undo: @escaping () -> Void) { self.undos.append(undo) }

    /// A task's log has grown.
    func compact(_ entry: TaskEntry) { self.growing.append(entry) }

    /// There are rows of tasks that are gone.
    func removePieces() { self.leavesRows = true }

    func rollBack() {
        // What is in memory may be ahead of the file: none of it is believed any more.
        self.freshness.writerFailed(commits: self.seen)
        if self.isOpen { try? self.prepared?.rollBack.run() }
        self.isOpen = false
        for undo in self.undos.reversed() { undo() }
        self.undos.removeAll()
        for entry in self.pinned { self.tasks.release(entry) }
        self.pinned.removeAll(keepingCapacity: true)
        self.growing.removeAll()
        self.leavesRows = false
        self.taskLog?.forget()
    }

    /// A time that never goes back, whatever the clock does: the order of lists depends on it.
    func stamp(_ now: A2ATimestamp) -> A2ATimestamp {
        self.totals.clock = max(self.totals.clock, now.milliseconds)
        return A2ATimestamp(milliseconds: self.totals.clock)
    }

    private func statements() throws -> Prepared {
        if let prepared { return prepared }
        let new = Prepared(
            begin: try PreparedStatement(self.db, "BEGIN IMMEDIATE"),
            commit: try PreparedStatement(self.db, "COMMIT"),
            rollBack: try PreparedStatement(self.db, "ROLLBACK"),
            read: try PreparedStatement(self.db, "SELECT commits, place, clock, tasks, bytes FROM store"),
            write: try PreparedStatement(
                self.db, "UPDATE store SET commits = ?, place = ?, clock = ?, tasks = ?, bytes = ?"))
        self.prepared = new
        return new
    }
}
