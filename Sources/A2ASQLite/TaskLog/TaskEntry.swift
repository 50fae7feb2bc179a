import A2A
import A2AServer
import DequeModule
import Synchronization

/// A task in memory: its fold and the newest events of its log, as they are in the file or about to be.
///
/// The writer changes it before the commit that makes the change durable; readers see nothing beyond ``State/durable``.
final class TaskEntry: Sendable {
    struct State {
        /// The epoch in which this was loaded or written; in another one it is not believed.
        var epoch: Int64
        /// The row in `tasks`.
        var task: Int64
        var scopeID: Int64
        var scope: Scope
        var fold: TaskFold
        var generation: Int64
        /// The generation up to which everything is durable.
        var durable: Int64
        var fence: Int64
        /// The oldest event that readers are shown.
        var oldest: Int64
        /// The generation of the oldest row of the log that counts in `logBytes`.
        var firstRow: Int64
        var logBytes: Int
        /// What the task contributes to the byte count of the store.
        var counted: Int
        /// The generation of the snapshot in the file; 0 if there is none.
        var snapshot: Int64
        /// About how many bytes were appended since that snapshot.
        var sinceSnapshot: Int
        /// The newest events, up to `generation`.
        var tail = Deque<LoggedEvent>()
        var tailBytes = 0
        /// A snapshot of it is being made.
        var isCompacting = false
        /// Removed by a transaction that is not durable yet, or was just now.
        var isRemoved = false

        /// Whether the fold is the durable one.
        var isClean: Bool { self.generation == self.durable && !self.isRemoved }
        var byteCount: Int { self.fold.byteCount + self.tailBytes + 512 }
    }

    /// The most events and bytes that are kept in memory for readers who follow: two of the largest steps of a turn, 1 MiB.
    static let maxTail = 2048
    static let maxTailBytes = 1 << 20

    /// A snapshot is made when this many bytes were appended since the last one, and as many as the task has: then making
    /// snapshots costs no more than appending, and reading a log not much more than its task. Default 256 KiB.
    static let compactionBytes = 256 << 10

    let id: String
    let state = Mutex<State?>(nil)

    init(id: String) { self.id = id }

    /// Takes what was read from the file, unless something is there already that is as new.
    func fill(_ loaded: State) {
        self.state.withLock { state in
            if let known = state, known.epoch >= loaded.epoch { return }
            state = loaded
        }
    }
}

extension TaskEntry.State {
    /// Believes this in another epoch, if the task stands where it stood: what a task was at a generation never changes.
    mutating func renew(_ row: TaskLoader.Row, epoch: Int64) -> Bool {
        guard self.isClean, self.task == row.task, self.generation == row.generation else { return false }
        self.epoch = epoch
        self.fence = row.fence
        self.oldest = row.oldest
        self.firstRow = row.firstRow
        self.logBytes = row.logBytes
        self.counted = row.bytes
        self.snapshot = row.snapshot
        return true
    }

    /// Adds an event to the newest ones.
    mutating func remember(_ event: LoggedEvent, bytes: Int) {
        self.tail.append(event)
        self.tailBytes += bytes
        while self.tail.count > TaskEntry.maxTail || (self.tailBytes > TaskEntry.maxTailBytes && self.tail.count > 1) {
            self.tailBytes -= self.tail.removeFirst().approximateByteCount
        }
    }

    /// The durable events after a generation; `nil` if the file has to be asked.
    func events(after generation: Int64, limit: Int, window: Int) -> EventPage? {
        guard generation < self.durable else { return .events([]) }
        let oldest = self.oldest(window: window)
        guard generation >= oldest - 1 else { return .gap(oldest: oldest) }
        let first = self.generation - Int64(self.tail.count) + 1
        guard generation >= first - 1 else { return nil }
        let rest = self.tail.dropFirst(Int(generation + 1 - first))
        return .events(Array(rest.prefix(min(max(0, limit), Int(self.durable - generation)))))
    }

    /// The oldest event that readers are shown.
    ///
    /// - Parameter window: How many events the log keeps.
    func oldest(window: Int) -> Int64 {
        max(self.oldest, self.durable.subtractingReportingOverflow(Int64(window)).partialValue + 1)
    }
}
