import Synchronization

/// Something that happens once, and can be waited for by one.
final class Signal: Sendable {
    private let stream: AsyncStream<Never>
    private let input: AsyncStream<Never>.Continuation

    init() { (self.stream, self.input) = AsyncStream.makeStream(of: Never.self) }

    /// It has happened.
    func fire() { self.input.finish() }

    /// Waits until it has happened.
    ///
    /// - Throws: `CancellationError`.
    func wait() async throws {
        for await _ in self.stream {}
        try Task.checkCancellation()
    }
}

/// A number that goes up and down, and can be waited for.
final class Count: Sendable {
    private struct State {
        var value = 0
        var total = 0
        var waiters: [(value: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var value: Int { self.state.withLock { $0.value } }
    /// How often it went up.
    var total: Int { self.state.withLock { $0.total } }

    func add(_ difference: Int) {
        let ready = self.state.withLock { state in
            state.value += difference
            state.total += max(difference, 0)
            let value = state.value
            defer { state.waiters.removeAll { $0.value == value } }
            return state.waiters.filter { $0.value == value }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func wait(for value: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = self.state.withLock { state in
                if state.value == value { return true }
                state.waiters.append((value, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
