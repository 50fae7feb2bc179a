import Synchronization

/// The task that works on a call, to be cancelled from outside: when the caller leaves, or the reader of a stream.
///
/// A task group of its own would do the same and cost every call two tasks.
final class CallTask: Sendable {
    // Unchecked: the reference is used under the lock only, and is taken away before the task leaves the scope in which
    // it is known to be alive. Cancelling is the one thing that another task may do with it.
    private struct State: @unchecked Sendable {
        var task: UnsafeCurrentTask?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Runs an operation in the current task until ``cancel()`` is called; at once cancelled if it has been.
    func run<Result>(_ operation: () async throws -> Result) async rethrows -> Result {
        withUnsafeCurrentTask { task in
            self.state.withLock { state in
                state.task = task
                if state.isCancelled { task?.cancel() }
            }
        }
        defer { self.state.withLock { $0.task = nil } }
        return try await operation()
    }

    func cancel() {
        self.state.withLock { state in
            state.isCancelled = true
            state.task?.cancel()
        }
    }
}
