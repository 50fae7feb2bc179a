import A2A
import A2AServer
import Synchronization

/// The lease of this process, and what it knows of the others'.
final class LeaseKeeper: Sendable {
    /// The lease of this process.
    struct Held: Sendable {
        var lease: Int64
        /// `nil` where files cannot be locked.
        var file: LeaseFile?
        /// The epoch in which the lease was last found in the file: only others can end it.
        var verified: Int64
    }

    private struct State {
        var held: Held?
        var hasLeft = false
        var isShared = false
        /// The beats of others, and since when they are what they are.
        var seen: [Int64: (beat: Int64, since: SuspendingClock.Instant)] = [:]
        var messages: Set<Int>?
        var wereMessagesLoaded = false
        var epoch: Int64 = 0
    }

    /// The most messages of earlier processes that are told apart in memory; with more of them each message is looked up.
    static let maxKnownMessages = 200_000

    /// The database.
    let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    var held: Held? {
        get { self.state.withLock { $0.held } }
        set { self.state.withLock { $0.held = newValue } }
    }

    /// Whether the lease was ended by its own process.
    var hasLeft: Bool { self.state.withLock { $0.hasLeft } }

    func enter() { self.state.withLock { $0.hasLeft = false } }

    /// Ends the lease on this side.
    func leave() -> Held? {
        self.state.withLock { state in
            state.hasLeft = true
            defer { state.held = nil }
            return state.held
        }
    }

    func verify(in epoch: Int64) { self.state.withLock { $0.held?.verified = epoch } }

    // MARK: Others

    /// Whether the beats of another lease have stayed out for longer than a lease lasts.
    func isSilent(_ lease: Int64, beat: Int64, now: SuspendingClock.Instant, leaseLength: Duration) -> Bool {
        self.state.withLock { state in
            if let seen = state.seen[lease], seen.beat == beat { return now - seen.since > leaseLength }
            state.seen[lease] = (beat, now)
            return false
        }
    }

    /// There are no other leases than these.
    func keepOnly(_ leases: Set<Int64>) { self.state.withLock { $0.seen = $0.seen.filter { leases.contains($0.key) } } }

    func noteShared(_ isShared: Bool) { self.state.withLock { $0.isShared = isShared } }

    /// - Returns: Whether the epoch is another one than at the last call.
    func isNew(_ epoch: Int64) -> Bool {
        self.state.withLock { state in
            defer { state.epoch = epoch }
            return state.epoch != epoch
        }
    }

    // MARK: Messages of before

    enum OnMessage { case load, lookUp, unknown }

    /// What is known of a message without asking the file: the usual one is new.
    func decide(_ key: MessageKey, _ scope: Scope) -> OnMessage {
        self.state.withLock { state in
            guard state.wereMessagesLoaded else { return .load }
            guard !state.isShared, let messages = state.messages else { return .lookUp }
            return messages.contains(Self.hash(key.id, scope)) ? .lookUp : .unknown
        }
    }

    /// - Parameter messages: `nil` if there are too many.
    func loaded(_ messages: Set<Int>?) {
        self.state.withLock { state in
            if !state.wereMessagesLoaded { state.messages = messages }
            state.wereMessagesLoaded = true
        }
    }

    /// A message turned out to be known.
    func add(_ key: MessageKey, _ scope: Scope) {
        self.state.withLock { _ = $0.messages?.insert(Self.hash(key.id, scope)) }
    }

    static func hash(_ id: String, _ scope: Scope) -> Int {
        var hasher = Hasher()
        hasher.combine(scope)
        hasher.combine(id)
        return hasher.finalize()
    }
}
