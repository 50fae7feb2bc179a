import A2A
import Synchronization

/// What a worker is given: a turn, and what belongs to it.
struct TurnJob: Sendable {
    /// The most workers that wait for turns.
    static let maxIdleWorkers = 256

    var turn: Turn
    /// Makes the turn for a message that came while the agent was at work.
    var nextTurn: @Sendable (A2AMessage) async throws -> Turn
    /// Called once, when nothing of the turn is left to do.
    var whenDone: @Sendable () -> Void
}

/// What a worker's two tasks tell each other: the one that runs agents, and the one that can cancel it.
final class WorkerLane: Sendable {
    private struct State {
        var first: TurnJob?
        var interrupted: TurnExecution?
        var isClosed = false
        var waiter: CheckedContinuation<TurnExecution?, Never>?
    }

    private let state: Mutex<State>

    /// - Parameter first: The job that the worker begins with.
    init(first: TurnJob) {
        self.state = Mutex(State(first: first))
    }

    /// The turn that the worker begins with, until it is taken.
    var firstExecution: TurnExecution? { self.state.withLock { $0.first?.turn.execution } }

    func takeFirst() -> TurnJob? { self.state.withLock { $0.first.take() } }

    /// The turn at work is to stop.
    func interrupt(_ execution: TurnExecution) {
        let waiter = self.state.withLock { state in
            state.interrupted = execution
            return state.waiter.take()
        }
        waiter?.resume(returning: execution)
    }

    /// The worker runs no more agents.
    func close() {
        let waiter = self.state.withLock { state in
            state.isClosed = true
            return state.waiter.take()
        }
        waiter?.resume(returning: nil)
    }

    /// The turn that is to stop, or `nil` once the lane is closed.
    func interruption() async -> TurnExecution? {
        await withCheckedContinuation { continuation in
            let answer: TurnExecution?? = self.state.withLock { state in
                if let interrupted = state.interrupted { return .some(interrupted) }
                if state.isClosed { return .some(nil) }
                state.waiter = continuation
                return .none
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}
