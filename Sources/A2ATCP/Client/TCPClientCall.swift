import A2A
import Synchronization

/// A call that this side made: what has come of it waits here for its reader.
///
/// What waits is bounded by the credit of the stream, which comes back as the reader takes it.
final class TCPClientCall: Sendable {
    /// The most calls that wait for call credit on one connection.
    static let maxWaiting = 1_024
    /// How often their deadlines are looked at, in milliseconds.
    static let waitCheck: Int64 = 50
    /// Octets that are given back at a time: a quarter of the smallest window.
    private static let consumeOctets = 16_384

    enum Item: Sendable {
        case reply(TCPReply)
        case message([UInt8], sequence: UInt64?, isLast: Bool, cost: Int)
        case end
        case failure(A2AError)
        /// The connection goes away; nothing of the call was sent.
        case notTaken
    }

    private struct State {
        var items: [Item] = []
        var head = 0
        var waiter: CheckedContinuation<Item, Never>?
        /// What every further reading gives.
        var last: Item?
        var isCancelled = false
        var taken = 0
    }

    let encoding: TCPEncoding
    /// Not later than its message can have reached the peer.
    let openedAt = ContinuousClock.now
    private let deadline: ContinuousClock.Instant?
    private let link: TCPChannelHandler
    private let state = Mutex(State())
    // Written on the event loop only, before anything comes for the call.
    private let number = Atomic<UInt32>(0)
    private let slotNumber = Atomic<UInt16>(0)

    init(encoding: TCPEncoding, deadline: ContinuousClock.Instant? = nil, link: TCPChannelHandler) {
        self.encoding = encoding
        self.deadline = deadline
        self.link = link
    }

    /// The stream of the call; `nil` before it is opened.
    var stream: UInt32? {
        let number = self.number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// The credential slot that the call is made with.
    var slot: UInt16 { self.slotNumber.load(ordering: .relaxed) }

    func begin(_ stream: UInt32, slot: UInt16) {
        self.slotNumber.store(slot, ordering: .relaxed)
        self.number.store(stream, ordering: .relaxed)
    }

    var isCancelled: Bool { self.state.withLock { $0.isCancelled } }

    // MARK: From the event loop

    func deliver(_ item: Item) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Item, Never>? in
            guard !state.isCancelled else { return nil }
            if item.isLast { state.last = item.after }
            guard let waiter = state.waiter else {
                state.items.append(item)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: item)
    }

    // MARK: From the reader

    /// Nobody waits for the call any more. Says so to the agent, unless the call is over.
    func cancel() {
        let canceled = A2AError(.canceled, "The call was cancelled.")
        let (isNews, waiter) = self.state.withLock { state in
            let isNews = !state.isCancelled && state.last == nil
            defer { state.waiter = nil }
            guard isNews else { return (false, state.waiter) }
            state.isCancelled = true
            state.items = []
            state.head = 0
            state.last = .failure(canceled)
            return (true, state.waiter)
        }
        waiter?.resume(returning: .failure(canceled))
        guard isNews else { return }
        let isLate = self.deadline.map { $0 <= .now } ?? false
        let reset =
            isLate
            ? TCPReset(.deadlineExceeded, "the caller's time is over") : TCPReset(.canceled, "the caller does not wait")
        self.link.submit(.cancel(self, reset))
    }

    /// What comes next; waits for it. For one reader.
    func next() async -> Item {
        let item = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let item = self.state.withLock { state -> Item? in
                    if state.head < state.items.count {
                        let item = state.items[state.head]
                        state.head += 1
                        if state.head == state.items.count {
                            state.items.removeAll(keepingCapacity: true)
                            state.head = 0
                        } else if state.head >= 64, state.head * 2 > state.items.count {
                            state.items.removeFirst(state.head)
                            state.head = 0
                        }
                        return item
                    }
                    if let last = state.last { return last }
                    state.waiter = continuation
                    return nil
                }
                if let item { continuation.resume(returning: item) }
            }
        } onCancel: {
            self.cancel()
        }
        if case .message(_, _, isLast: false, let cost) = item { self.took(cost) }
        return item
    }

    /// Gives credit back, some messages at a time.
    private func took(_ cost: Int) {
        let due = self.state.withLock { state in
            state.taken += cost
            guard state.taken >= Self.consumeOctets else { return 0 }
            defer { state.taken = 0 }
            return state.taken
        }
        if due > 0 { self.link.submit(.consume(due, self)) }
    }
}

extension TCPClientCall.Item {
    /// Whether nothing follows.
    fileprivate var isLast: Bool {
        switch self {
        case .reply: false
        case .message(_, _, let isLast, _): isLast
        case .end, .failure, .notTaken: true
        }
    }

    /// What reading beyond the last item gives.
    fileprivate var after: Self {
        switch self {
        case .failure, .notTaken: self
        case .reply, .message, .end: .end
        }
    }
}
