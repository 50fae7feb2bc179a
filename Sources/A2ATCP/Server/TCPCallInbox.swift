import A2AServer
import Synchronization

/// Calls on their way from the event loop to the tasks that answer them.
///
/// They go to workers, tasks that are used again; where none waits, to the acceptor, which makes some.
final class TCPCallInbox: Sendable {
    /// The most tasks of one connection that wait for calls.
    static let maxIdleWorkers = 64

    // The calls are bounded by the call credit of the connection.
    private struct State {
        var calls: [TCPServerCall] = []
        var isFinished = false
        var acceptor: CheckedContinuation<[TCPServerCall]?, Never>?
    }

    private let workers = WorkerQueue<TCPServerCall>(maxIdle: maxIdleWorkers)
    private let state = Mutex(State())

    // MARK: From the event loop

    func add(_ calls: [TCPServerCall]) {
        if !self.workers.add(calls) { self.hand(toAcceptor: calls) }
    }

    /// The connection has been silent for a while: tasks that wait for its calls are not worth their memory.
    func rest() { self.workers.releaseIdle() }

    /// The connection is over.
    func finish() {
        let acceptor = self.state.withLock { state in
            state.isFinished = true
            return state.acceptor.take()
        }
        acceptor?.resume(returning: nil)
        self.workers.close()
    }

    private func hand(toAcceptor calls: [TCPServerCall]) {
        let acceptor = self.state.withLock { state in
            if state.acceptor == nil { state.calls += calls }
            return state.acceptor.take()
        }
        acceptor?.resume(returning: calls)
    }

    // MARK: From the tasks

    /// For the acceptor: calls for which there was no worker, at least one; `nil` when the connection is over.
    func next() async -> [TCPServerCall]? {
        await withCheckedContinuation { continuation in
            let ready = self.state.withLock { state -> [TCPServerCall]?? in
                if !state.calls.isEmpty {
                    defer { state.calls = [] }
                    return .some(state.calls)
                }
                if state.isFinished { return .some(nil) }
                state.acceptor = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// A worker's life: one call after the other. A call that was cancelled takes the worker with it.
    func work(first: TCPServerCall, _ handler: TCPCallHandler) async {
        var next: TCPServerCall? = first
        while let call = next.take() {
            await handler.handle(call)
            guard !Task.isCancelled else { return }
            next = await self.workers.next { self.hand(toAcceptor: $0) }
        }
    }
}
