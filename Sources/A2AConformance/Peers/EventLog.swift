import Synchronization

/// The events of one stream as they come.
final class EventLog: Sendable {
    /// The most events of a stream that are read.
    static let maxEvents = 10_000
    /// The most bytes of a stream that are read: 32 MiB.
    static let maxBytes = 32 << 20

    private struct State {
        var events: [StreamedEvent] = []
        var isOpen = true
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now
    /// After how many events nothing more is read, although the stream stays open.
    private let holdAfter: Int?

    init(holdAfter: Int? = nil) { self.holdAfter = holdAfter }

    /// Adds an event.
    ///
    /// - Returns: How many there are now.
    @discardableResult
    func add(_ value: JSONValue) -> Int {
        let (count, waiters) = self.state.withLock { state in
            state.events.append(StreamedEvent(value: value, offset: ContinuousClock.now - self.start))
            defer { state.waiters = [] }
            return (state.events.count, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return count
    }

    /// No more events come.
    func finish() {
        let waiters = self.state.withLock { state in
            state.isOpen = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    var events: [StreamedEvent] { self.state.withLock { $0.events } }

    /// Waits for as long as the call is not cancelled, if enough has been read.
    ///
    /// - Returns: Whether it has waited; then the stream is over for us.
    func hold() async -> Bool {
        guard let holdAfter, self.events.count >= holdAfter else { return false }
        // Cancelled at the end of the test, or when the time is over.
        try? await Task.sleep(for: .seconds(3600), clock: .continuous)
        return true
    }

    /// Waits for the first event, or the end. The owner of the stream always ends it, so this needs no limit of its own.
    func waitForFirst() async {
        await withCheckedContinuation { continuation in
            let isReady = self.state.withLock { state in
                if !state.isOpen || !state.events.isEmpty { return true }
                state.waiters.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
