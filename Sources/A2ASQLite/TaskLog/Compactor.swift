import A2A
import A2AServer
// Queues may be shared, although they do not say so on every platform.
@preconcurrency import Dispatch
import Synchronization

/// Makes snapshots of tasks whose logs have grown, beside the writer: it gets only the octets.
final class Compactor: Sendable {
    private let writes: WriteQueue
    private let queue = DispatchQueue(label: "a2a.sqlite.snapshots", qos: .utility)

    init(writes: WriteQueue) { self.writes = writes }

    func compact(_ entry: TaskEntry) {
        self.queue.async { [writes = self.writes] in
            guard let snapshot = try? entry.encodedSnapshot() else { return }
            // If this fails, the log stays as it is, and a later append asks again.
            let giveUp: @Sendable (any Error) -> Void = { _ in
                entry.state.withLock { $0?.isCompacting = false }
            }
            let job = WriteJob(
                bytes: snapshot.head.count + snapshot.artifacts.count,
                perform: { session in
                    try session.log.keep(snapshot, of: entry.id, session: session)
                    return {}
                }, fail: giveUp)
            do { try writes.submit(job) } catch { giveUp(error) }
        }
    }
}

/// A snapshot as it is written.
struct EncodedSnapshot: Sendable {
    /// What was known of the file when it was made.
    var epoch: Int64
    /// The row in `tasks`.
    var task: Int64
    var generation: Int64
    /// ``TaskEntry/State/sinceSnapshot`` at that time.
    var sinceSnapshot: Int
    /// The task without its artifacts.
    var head: [UInt8]
    /// A task that has nothing but the artifacts.
    var artifacts: [UInt8]
}

extension TaskEntry {
    /// The fold as it is now. It may be ahead of what is durable: whoever writes it has to look at the epoch.
    fileprivate func encodedSnapshot() throws -> EncodedSnapshot? {
        let taken = self.state.withLock { state in
            state.map { ($0.epoch, $0.task, $0.generation, $0.sinceSnapshot, $0.fold.task()) }
        }
        guard let (epoch, row, generation, sinceSnapshot, whole) = taken else { return nil }
        var task = whole
        var artifacts = A2ATask()
        swap(&artifacts.artifacts, &task.artifacts)
        return EncodedSnapshot(
            epoch: epoch, task: row, generation: generation, sinceSnapshot: sinceSnapshot,
            head: try task.serializedBytes(), artifacts: try artifacts.serializedBytes())
    }
}
