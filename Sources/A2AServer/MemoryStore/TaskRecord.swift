import A2A
import DequeModule
import Synchronization

/// One task in memory: its fold, and the window of its log that is still kept.
final class TaskRecord: Sendable {
    let id: String
    let scope: Scope
    let contextID: String
    private let state: Mutex<State>

    private struct State {
        var fold: TaskFold
        var log: Deque<LoggedEvent> = []
        var logBytes = 0
        var generation: Int64 = 1
        var fence: Int64 = 1
    }

    init(task: A2ATask, scope: Scope) {
        self.id = task.id
        self.scope = scope
        self.contextID = task.contextID
        self.state = Mutex(State(fold: TaskFold(task)))
    }

    /// What an append did, and what the store's indexes and byte count need to know of it.
    struct Outcome {
        var appended: Appended
        var statusChanged: Bool
        var byteCount: Int
        var byteDelta: Int
    }

    func append(
        _ changes: [TaskChange], condition: AppendCondition, retention: MemoryTaskStore.Retention,
        now: A2ATimestamp
    ) throws -> Outcome {
        try self.state.withLock { state in
            if state.fold.state.isTerminal { throw TaskConflict.terminal(state.fold.state) }
            if let fence = condition.fence, fence != state.fence { throw TaskConflict.fenced }
            if let expected = condition.generation, expected != state.generation {
                throw TaskConflict.generation(current: state.generation)
            }
            // All or none: nothing may follow the change that ends the task.
            for change in changes.dropLast() {
                if case .status(let status) = change.kind, status.state.isTerminal {
                    throw TaskConflict.terminal(status.state)
                }
            }
            let added = changes.reduce(0) { $0 + $1.approximateByteCount }
            guard state.fold.byteCount + added <= retention.bytesPerTask else {
                throw A2AError(
                    .resourceExhausted,
                    "The task has reached the limit of \(retention.bytesPerTask) bytes of content.")
            }
            let before = state.fold.byteCount + state.logBytes
            var statusChanged = false
            for change in changes {
                if case .status = change.kind { statusChanged = true }
                let update = state.fold.apply(change, now: now)
                state.generation += 1
                state.log.append(LoggedEvent(generation: state.generation, update: update))
                state.logBytes += change.approximateByteCount
            }
            while state.log.count > retention.eventsPerTask
                || (state.logBytes > retention.eventBytesPerTask && state.log.count > 1)
            {
                state.logBytes -= state.log.removeFirst().approximateByteCount
            }
            if condition.beginsTurn { state.fence += 1 }
            let bytes = state.fold.byteCount + state.logBytes
            return Outcome(
                appended: Appended(
                    generation: state.generation, state: state.fold.state, fence: state.fence),
                statusChanged: statusChanged,
                byteCount: bytes,
                byteDelta: bytes - before
            )
        }
    }

    func snapshot(historyLength: Int?, includeArtifacts: Bool = true) -> TaskSnapshot {
        self.state.withLock { state in
            TaskSnapshot(
                task: state.fold.task(historyLength: historyLength, includeArtifacts: includeArtifacts),
                generation: state.generation)
        }
    }

    func events(after generation: Int64, limit: Int) -> EventPage {
        self.state.withLock { state in
            guard generation < state.generation else { return .events([]) }
            // The log holds consecutive generations up to the current one.
            let oldest = state.generation - Int64(state.log.count) + 1
            guard generation >= oldest - 1 else { return .gap(oldest: oldest) }
            let start = Int(generation + 1 - oldest)
            let end = min(state.log.count, start + limit)
            return .events(Array(state.log[start..<end]))
        }
    }

    var byteCount: Int { self.state.withLock { $0.fold.byteCount + $0.logBytes } }
}

extension TaskChange {
    /// About how many bytes of memory the change takes in a log.
    var approximateByteCount: Int {
        switch self.kind {
        case .status(let status): 192 + (status.hasMessage ? status.message.approximateByteCount : 0)
        case .artifact(let artifact, _), .chunk(let artifact, _): 192 + artifact.approximateByteCount
        }
    }
}

extension LoggedEvent {
    var approximateByteCount: Int {
        switch self.update.payload {
        case .statusUpdate(let event):
            192 + (event.status.hasMessage ? event.status.message.approximateByteCount : 0)
        case .artifactUpdate(let event): 192 + event.artifact.approximateByteCount
        default: 192
        }
    }
}
