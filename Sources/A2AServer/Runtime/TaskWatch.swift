import A2A
import Synchronization

/// Tells whoever reads a task's log that it has grown.
///
/// A reader is a cursor in the store; the watch only says "there is more beyond generation n", so a slow reader costs
/// nothing and delays nobody.
final class TaskWatch: Sendable {
    /// What a reader waits for.
    enum Milestone {
        /// Any event after the generation.
        case event
        /// Any event after the generation, or the end of the task before there is one.
        case eventOrEnd
        /// An event after the generation that leaves the task terminal or interrupted.
        case settled
        /// The end of the task.
        case end
    }

    private struct Waiter {
        var milestone: Milestone
        var generation: Int64
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var generation: Int64 = 0
        var settled: Int64 = 0
        var hasEnded = false
        var isClosed = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        var readers = 1

        func isReached(_ milestone: Milestone, after generation: Int64) -> Bool {
            switch milestone {
            case .event: self.generation > generation
            case .eventOrEnd: self.hasEnded || self.generation > generation
            case .settled: self.settled > generation
            case .end: self.hasEnded
            }
        }
    }

    private let state = Mutex(State())

    /// Says that the log has reached a generation.
    ///
    /// - Returns: The readers to wake, so that the writer may leave waking many of them to somebody else.
    func advance(to generation: Int64, state taskState: A2ATaskState) -> [CheckedContinuation<Void, any Error>] {
        self.state.withLock { state in
            state.generation = max(state.generation, generation)
            if taskState.isTerminal || taskState.isInterrupted { state.settled = max(state.settled, generation) }
            if taskState.isTerminal { state.hasEnded = true }
            guard !state.waiters.isEmpty else { return [] }
            let reached = state.waiters.filter { state.isReached($0.value.milestone, after: $0.value.generation) }
            if reached.count == state.waiters.count {
                state.waiters.removeAll(keepingCapacity: true)
            } else {
                for key in reached.keys { state.waiters[key] = nil }
            }
            return reached.values.map(\.continuation)
        }
    }

    /// Waits for a milestone after a generation.
    ///
    /// - Throws: ``A2AError`` with `.unavailable` when the agent shuts down; `CancellationError`.
    func wait(for milestone: Milestone, after generation: Int64) async throws {
        let key: UInt64? = try self.state.withLock { state in
            if state.isReached(milestone, after: generation) { return nil }
            if state.isClosed { throw Self.closed }
            state.nextWaiter += 1
            return state.nextWaiter
        }
        guard let key else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = self.state.withLock { state in
                    if state.isReached(milestone, after: generation) { return .success(()) }
                    if state.isClosed { return .failure(Self.closed) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[key] = Waiter(
                        milestone: milestone, generation: generation, continuation: continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Sends every reader away: the agent shuts down.
    func close() {
        self.state.withLock { $0.isClosed = true }
        self.interrupt(Self.closed)
    }

    /// Sends those who wait now away.
    func interrupt(_ error: A2AError) { self.interrupt(error) { _ in true } }

    /// Sends those away who wait now for the task to come to rest or to its end, and not those who follow its events.
    func sendAwayFromEnd(_ error: A2AError) { self.interrupt(error) { $0 == .settled || $0 == .end } }

    private func interrupt(_ error: A2AError, _ isMeant: (Milestone) -> Bool) {
        let waiters = self.state.withLock { state in
            let keys = state.waiters.filter { isMeant($0.value.milestone) }.keys
            return keys.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
    }

    fileprivate func retain() { self.state.withLock { $0.readers += 1 } }

    /// Whether nobody is left who holds the watch.
    fileprivate func release() -> Bool {
        self.state.withLock { state in
            state.readers -= 1
            return state.readers == 0
        }
    }

    private static var closed: A2AError {
        A2AError(
            .unavailable, "The agent is shutting down. Subscribe again when it is back.",
            details: [.retryInfo(.seconds(1))])
    }
}

/// The watches of the tasks that somebody reads or works on.
final class TaskWatches: Sendable {
    private struct State {
        var watches: [String: TaskWatch] = [:]
        var isClosed = false
    }
    private let state = Mutex(State())

    /// Watches a task until the handle is released.
    func watch(_ taskID: String) -> Handle {
        self.state.withLock { state in
            if let watch = state.watches[taskID] {
                watch.retain()
                return Handle(watch: watch, taskID: taskID, owner: self)
            }
            let watch = TaskWatch()
            if state.isClosed { watch.close() }
            state.watches[taskID] = watch
            return Handle(watch: watch, taskID: taskID, owner: self)
        }
    }

    /// Says that a task's log has grown; returns the readers to wake.
    func advance(_ taskID: String, _ appended: Appended) -> [CheckedContinuation<Void, any Error>] {
        let watch = self.state.withLock { $0.watches[taskID] }
        return watch?.advance(to: appended.generation, state: appended.state) ?? []
    }

    /// Sends all readers away.
    func close() {
        let watches = self.state.withLock { state in
            state.isClosed = true
            return Array(state.watches.values)
        }
        for watch in watches { watch.close() }
    }

    /// Sends those away who wait now, and lets others come.
    func interrupt(_ error: A2AError) {
        for watch in self.state.withLock({ Array($0.watches.values) }) { watch.interrupt(error) }
    }

    /// The tasks that are watched.
    var taskIDs: [String] { self.state.withLock { Array($0.watches.keys) } }

    /// How many tasks are watched.
    var count: Int { self.state.withLock { $0.watches.count } }

    /// Holds a watch; lets go of it when it is deinitialised.
    final class Handle: Sendable {
        let watch: TaskWatch
        private let taskID: String
        private let owner: TaskWatches

        fileprivate init(watch: TaskWatch, taskID: String, owner: TaskWatches) {
            self.watch = watch
            self.taskID = taskID
            self.owner = owner
        }

        deinit {
            self.owner.state.withLock { state in
                if self.watch.release(), state.watches[self.taskID] === self.watch {
                    state.watches[self.taskID] = nil
                }
            }
        }
    }
}
