import A2A
import Synchronization

/// The turns that are at work.
final class TurnTable: Sendable {
    private struct State {
        /// By task id.
        var running: [String: TurnExecution] = [:]
        var isDraining = false
        var drained: CheckedContinuation<Void, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { self.state.withLock { $0.running.count } }

    subscript(taskID: String) -> TurnExecution? { self.state.withLock { $0.running[taskID] } }

    /// Notes that a turn begins.
    ///
    /// - Returns: `false` if another turn of the task is at work.
    /// - Throws: ``A2AError`` with `.unavailable` during shutdown, `.resourceExhausted` at the limit.
    func begin(_ execution: TurnExecution) throws -> Bool {
        try self.state.withLock { state in
            if state.isDraining { throw Self.shuttingDown }
            guard state.running.count < self.limit else {
                throw A2AError(
                    .resourceExhausted,
                    "The agent works on as many messages as it can (\(self.limit)). Try again later.",
                    details: [.retryInfo(.seconds(1))])
            }
            guard state.running[execution.taskID] == nil else { return false }
            state.running[execution.taskID] = execution
            return true
        }
    }

    /// Notes that a turn goes on which an earlier process has begun: it counts, but is not refused, since it was accepted
    /// long ago. One of the same task that is still ending has been shut out by the store.
    ///
    /// - Returns: `false` during shutdown.
    func resume(_ execution: TurnExecution) -> Bool {
        let (isIn, shutOut) = self.state.withLock { state -> (Bool, TurnExecution?) in
            guard !state.isDraining else { return (false, nil) }
            return (true, state.running.updateValue(execution, forKey: execution.taskID))
        }
        shutOut?.leave()
        return isIn
    }

    var isDraining: Bool { self.state.withLock { $0.isDraining } }

    /// How many more turns may begin.
    var room: Int { self.state.withLock { max(0, self.limit - $0.running.count) } }

    /// The tasks at work.
    var taskIDs: [String] { self.state.withLock { Array($0.running.keys) } }

    /// Notes that a turn is over: another one of its task may begin.
    func end(_ execution: TurnExecution) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.running[execution.taskID] === execution else { return nil }
            state.running[execution.taskID] = nil
            return state.running.isEmpty ? state.drained.take() : nil
        }
        execution.leave()
        waiter?.resume()
    }

    /// Nobody works on turns any more: those that are left never will be.
    func endAll() {
        for execution in self.state.withLock({ Array($0.running.values) }) {
            execution.fail(Self.shuttingDown)
            self.end(execution)
        }
    }

    /// Lets no turn begin any more.
    func drain() { self.state.withLock { $0.isDraining = true } }

    /// Waits until no turn is at work.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = self.state.withLock { state in
                if state.running.isEmpty { return true }
                state.drained = continuation
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }

    func stopAll(_ reason: TurnState.StopReason) {
        for execution in self.state.withLock({ Array($0.running.values) }) { execution.stop(reason) }
    }

    static var shuttingDown: A2AError {
        A2AError(.unavailable, "The agent is shutting down.", details: [.retryInfo(.seconds(1))])
    }
}
