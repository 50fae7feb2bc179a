import A2AServer
// Queues may be shared, although they do not say so on every platform.
@preconcurrency import Dispatch
import Synchronization

/// Makes snapshots of tasks whose logs have grown, beside the writer: it gets only the octets, and no more of them at a time than
/// others can wait for.
final class Compactor: Sendable {
    private let writes: WriteQueue
    private let queue = DispatchQueue(label: "a2a.sqlite.snapshots", qos: .utility)

    init(writes: WriteQueue) { self.writes = writes }

    /// Begins a snapshot of a task as it is now. The writer calls this between two transactions: what it has written is durable.
    ///
    /// If a step fails the log stays as it is, and a later append asks again. What was written in vain goes with the next
    /// snapshot, or with the task.
    func compact(_ entry: TaskEntry) {
        guard let origin = entry.state.withLock({ $0.flatMap { SnapshotOrigin($0, id: entry.id) } }) else {
            return Self.end(entry)
        }
        self.queue.async {
            guard let snapshot = try? EncodedSnapshot(origin) else { return Self.end(entry) }
            self.submit(snapshot.firstStep, snapshot, entry)
        }
    }

    /// Writes one step after the other, each in a commit with whatever else waits.
    private func submit(_ step: EncodedSnapshot.Step, _ snapshot: EncodedSnapshot, _ entry: TaskEntry) {
        let job = WriteJob(
            bytes: snapshot.byteCount(of: step),
            perform: { session in
                let next = try SnapshotWriter(session).perform(step, of: snapshot)
                return {
                    guard let next else { return Self.end(entry) }
                    self.queue.async { self.submit(next, snapshot, entry) }
                }
            }, fail: { _ in Self.end(entry) })
        do { try self.writes.submit(job) } catch { Self.end(entry) }
    }

    private static func end(_ entry: TaskEntry) { entry.state.withLock { $0?.isCompacting = false } }
}
