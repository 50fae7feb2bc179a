import A2A
import Synchronization

/// The workers that wait for turns.
///
/// Starting a turn then means waking one task. Making the tasks for it anew would cost several switches between threads,
/// which is more than everything else that a short turn does.
final class TurnWorkers: Sendable {
    /// What a worker is given: a turn, and what belongs to it.
    struct Job: Sendable {
        var turn: Turn
        /// Makes the turn for a message that came while the agent was at work.
        var nextTurn: @Sendable (A2AMessage) async throws -> Turn
        /// Called once, when nothing of the turn is left to do.
        var whenDone: @Sendable () -> Void
    }

    /// The most workers that wait; one that finds no place ends.
    static let maxIdle = 256

    private struct State {
        /// The worker that waited last is woken first: its memory is still in the caches.
        var idle: [(key: UInt64, continuation: CheckedContinuation<Job?, Never>)] = []
        var nextKey: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Gives a job to a worker that waits.
    ///
    /// - Returns: `false` if none does.
    func handOver(_ job: Job) -> Bool {
        guard let worker = self.state.withLock({ $0.idle.popLast() }) else { return false }
        worker.continuation.resume(returning: job)
        return true
    }

    /// Waits for the next job. `nil` sends the worker away: there is no place, or the runtime ends.
    func next() async -> Job? {
        let key = self.state.withLock { state in
            state.nextKey += 1
            return state.nextKey
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = self.state.withLock { state in
                    guard !state.isClosed, state.idle.count < Self.maxIdle, !Task.isCancelled else { return false }
                    state.idle.append((key, continuation))
                    return true
                }
                if !isWaiting { continuation.resume(returning: nil) }
            }
        } onCancel: {
            let worker = self.state.withLock { state in
                state.idle.firstIndex { $0.key == key }.map { state.idle.remove(at: $0) }
            }
            worker?.continuation.resume(returning: nil)
        }
    }

    /// Sends the workers away that wait; those at work follow when they are done.
    func close() {
        let idle = self.state.withLock { state in
            state.isClosed = true
            defer { state.idle.removeAll() }
            return state.idle
        }
        for worker in idle { worker.continuation.resume(returning: nil) }
    }
}

/// What a worker's two tasks tell each other: the one that runs agents, and the one that can cancel it.
final class WorkerLane: Sendable {
    private struct State {
        var first: TurnWorkers.Job?
        var interrupted: TurnExecution?
        var isClosed = false
        var waiter: CheckedContinuation<TurnExecution?, Never>?
    }

    private let state: Mutex<State>

    /// - Parameter first: The job that the worker begins with.
    init(first: TurnWorkers.Job) {
        self.state = Mutex(State(first: first))
    }

    /// The turn that the worker begins with, until it is taken.
    var firstExecution: TurnExecution? { self.state.withLock { $0.first?.turn.execution } }

    func takeFirst() -> TurnWorkers.Job? { self.state.withLock { $0.first.take() } }

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
