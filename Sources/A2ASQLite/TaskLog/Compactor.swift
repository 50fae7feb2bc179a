import A2AServer
// Queues may be shared, although they do not say so on every platform.
@preconcurrency import Dispatch
import Synchronization

/// Makes snapshots of tasks whose logs have grown, beside the writer: it gets only the octets, and no more of them at a time than
/// others can wait for. No more tasks are taken up at a time than there is memory for (``SnapshotQueue``).
final class Compactor: Sendable {
    private let writes: WriteQueue
    private let tasks: TaskCache
    private let snapshots: Mutex<SnapshotQueue>
    private let queue = DispatchQueue(label: "a2a.sqlite.snapshots", qos: .utility)

    /// A snapshot that is being made.
    private struct Work: Sendable {
        var entry: TaskEntry
        /// The size of the task when it was begun.
        var bytes: Int
    }

    /// - Parameter maxBytes: ``SQLiteDatabase/Options/snapshotBytes``.
    init(writes: WriteQueue, tasks: TaskCache, maxBytes: Int) {
        self.writes = writes
        self.tasks = tasks
        self.snapshots = Mutex(SnapshotQueue(maxBytes: maxBytes))
    }

    /// What is under way, and what waits.
    var state: SnapshotQueue { self.snapshots.withLock { $0 } }

    /// Begins a snapshot of a task as it is now, or when there is room. The writer calls this between two transactions: what it has written
    /// is durable.
    ///
    /// If a step fails the log stays as it is, and a later append asks again. What was written in vain goes with the next
    /// snapshot, or with the task.
    func compact(_ entry: TaskEntry) {
        guard let bytes = Self.size(of: entry) else { return Self.release(entry) }
        switch self.snapshots.withLock({ $0.ask(entry.id, bytes: bytes) }) {
        case .begin: self.begin(Work(entry: entry, bytes: bytes))
        case .wait: break
        case .refuse: Self.release(entry)
        }
    }

    /// The size of a task that can be written now; `nil` if it cannot.
    private static func size(of entry: TaskEntry) -> Int? {
        entry.state.withLock { state in
            guard let state, state.isClean else { return nil }
            return state.fold.byteCount
        }
    }

    private func begin(_ work: Work) {
        let entry = work.entry
        guard let origin = entry.state.withLock({ $0.flatMap { SnapshotOrigin($0, id: entry.id) } }) else {
            return self.end(work)
        }
        self.queue.async {
            guard let snapshot = try? EncodedSnapshot(origin) else { return self.end(work) }
            self.submit(snapshot.firstStep, snapshot, work)
        }
    }

    /// Writes one step after the other, each in a commit with whatever else waits.
    private func submit(_ step: EncodedSnapshot.Step, _ snapshot: EncodedSnapshot, _ work: Work) {
        let job = WriteJob(
            bytes: snapshot.byteCount(of: step),
            perform: { session in
                let next = try SnapshotWriter(session).perform(step, of: snapshot)
                return {
                    guard let next else { return self.end(work) }
                    self.queue.async { self.submit(next, snapshot, work) }
                }
            }, fail: { _ in self.end(work) })
        do { try self.writes.submit(job) } catch { self.end(work) }
    }

    private func end(_ work: Work) {
        Self.release(work.entry)
        guard self.snapshots.withLock({ $0.end(bytes: work.bytes) }) else { return }
        // Only between two transactions is it certain that what is in memory is durable.
        let job = WriteJob(
            bytes: 0, isRead: true,
            perform: { _ in
                self.takeWaiting()
                return {}
            }, fail: { _ in self.dropWaiting() })
        do { try self.writes.submit(job) } catch { self.dropWaiting() }
    }

    private func takeWaiting() {
        while let id = self.snapshots.withLock({ $0.first }) {
            // It is not read for this: it is in memory when something is appended the next time.
            guard let entry = self.tasks.entry(id), let bytes = Self.size(of: entry) else {
                self.snapshots.withLock { $0.dropFirst() }
                if let entry = self.tasks.entry(id) { Self.release(entry) }
                continue
            }
            guard self.snapshots.withLock({ $0.beginFirst(bytes: bytes) }) else { return }
            entry.state.withLock { $0?.isCompacting = true }
            self.begin(Work(entry: entry, bytes: bytes))
        }
    }

    /// Nothing more is written just now: those who wait ask again.
    private func dropWaiting() {
        while let id = self.snapshots.withLock({ snapshots in
            defer { snapshots.dropFirst() }
            return snapshots.first
        }) {
            if let entry = self.tasks.entry(id) { Self.release(entry) }
        }
    }

    /// A later append may ask for a snapshot.
    private static func release(_ entry: TaskEntry) { entry.state.withLock { $0?.isCompacting = false } }
}
