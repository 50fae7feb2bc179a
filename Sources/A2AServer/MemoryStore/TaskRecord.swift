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

    /// What an append did, and what the store's byte count needs to know of it.
    struct Outcome {
        var appended: Appended
        var byteDelta: Int
    }

    func append(
        _ changes: [TaskChange], condition: AppendCondition, retention: TaskRetention,
        now: A2ATimestamp
    ) throws -> Outcome {
        try self.state.withLock { state in
            try condition.check(
                changes, to: state.fold, generation: state.generation, fence: state.fence, retention: retention)
            let before = state.fold.byteCount + state.logBytes
            for change in changes {
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
            let rest = state.log.dropFirst(Int(generation + 1 - oldest))
            return .events(Array(rest.prefix(max(0, limit))))
        }
    }

    /// The bytes of the contents and of the log.
    var byteCount: Int { self.state.withLock { $0.fold.byteCount + $0.logBytes } }

    /// The bytes of the contents alone.
    var contentByteCount: Int { self.state.withLock { $0.fold.byteCount } }
}

extension TaskChange {
    /// About how many bytes of memory the change takes in a log; what its event takes there (``LoggedEvent``).
    package var approximateByteCount: Int {
        let content =
            switch self.kind {
            case .status(let status): status.hasMessage ? status.message.approximateByteCount : 0
            case .artifact(let artifact, _), .chunk(let artifact, _): artifact.approximateByteCount
            }
        return 192 + content + (self.metadata?.weight ?? 0)
    }

    /// Whether the change sets a status.
    package var setsStatus: Bool {
        if case .status = self.kind { true } else { false }
    }

    /// Whether nothing can follow the change.
    package var endsTask: Bool {
        if case .status(let status) = self.kind { status.state.isTerminal } else { false }
    }
}

extension LoggedEvent {
    /// About how many bytes of memory the event takes in a log.
    package var approximateByteCount: Int {
        switch self.update.payload {
        case .statusUpdate(let event):
            192 + (event.status.hasMessage ? event.status.message.approximateByteCount : 0)
                + (event.hasMetadata ? event.metadata.weight : 0)
        case .artifactUpdate(let event):
            192 + event.artifact.approximateByteCount + (event.hasMetadata ? event.metadata.weight : 0)
        default: 192
        }
    }
}
