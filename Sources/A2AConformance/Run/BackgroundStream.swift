import Synchronization

/// A stream that runs beside the steps of its test.
final class BackgroundStream: Sendable {
    let events: EventLog
    let trace: WireTrace

    private struct State {
        var exchange: Exchange?
        var duration = Duration.zero
        var waiter: CheckedContinuation<Exchange, Never>?
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now

    /// - Parameter holdAfter: After how many events nothing more is read.
    init(_ trace: WireTrace, holdAfter: Int? = nil) {
        self.trace = trace
        self.events = EventLog(holdAfter: holdAfter)
    }

    /// How long it took, once it is over.
    var duration: Duration { self.state.withLock { $0.duration } }

    /// It is over.
    func finish(_ exchange: Exchange) {
        let waiter = self.state.withLock { state in
            state.exchange = exchange
            state.duration = ContinuousClock.now - self.start
            defer { state.waiter = nil }
            return state.waiter
        }
        self.events.finish()
        waiter?.resume(returning: exchange)
    }

    /// Waits until it is over. For one reader. Its call has a deadline, so it always ends.
    func result() async -> Exchange {
        await withCheckedContinuation { continuation in
            let exchange = self.state.withLock { state -> Exchange? in
                if let exchange = state.exchange { return exchange }
                state.waiter = continuation
                return nil
            }
            if let exchange { continuation.resume(returning: exchange) }
        }
    }
}
