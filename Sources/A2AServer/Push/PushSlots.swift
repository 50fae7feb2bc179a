import DequeModule

/// How many notifications may be on their way, and to whom, so that destinations that do not answer cost the others nothing. A pure value.
///
/// A destination is trusted once it has taken a notification, until it fails, or lets one wait. Half of the room is for trusted ones
/// only. A delivery that takes long makes room for another one, up to a limit: what waits for a dead host holds up nobody then.
struct PushSlots: Sendable {
    typealias Key = PushRegistration.Key
    typealias Instant = ContinuousClock.Instant

    private struct Run {
        var number: UInt64
        var destination: String
        var isTrusted: Bool
        var isSlow = false
    }

    /// The most trusted destinations that are remembered; of more, any are forgotten.
    private static let maxTrusted = 4096

    private let limits: PushNotifications.Limits
    private var runs: [Key: Run] = [:]
    /// Those that are not slow yet, oldest first; some have ended since.
    private var order: Deque<(key: Key, number: UInt64, since: Instant)> = []
    private var nextNumber: UInt64 = 0
    /// Quick ones to destinations that are not trusted.
    private var doubtful = 0
    private var slow = 0
    private var slowByDestination: [String: Int] = [:]
    private var known: Set<String> = []

    init(limits: PushNotifications.Limits) { self.limits = limits }

    /// How many are on their way.
    var count: Int { self.runs.count }

    func isTrusted(_ destination: String) -> Bool {
        self.known.contains(destination) && self.slowByDestination[destination] == nil
    }

    /// Whether one more may be sent, to a destination that is trusted or not.
    func hasRoom(isTrusted: Bool) -> Bool {
        let limit = max(1, self.limits.concurrentDeliveries)
        let extra = min(self.slow, max(0, self.limits.concurrentSlowDeliveries))
        guard self.runs.count - extra < limit else { return false }
        return isTrusted || self.doubtful + self.slow - extra < (limit + 1) / 2
    }

    mutating func start(_ key: Key, to destination: String, now: Instant) {
        let isTrusted = self.isTrusted(destination)
        self.nextNumber += 1
        self.runs[key] = Run(number: self.nextNumber, destination: destination, isTrusted: isTrusted)
        self.order.append((key, self.nextNumber, now))
        if !isTrusted { self.doubtful += 1 }
    }

    mutating func end(_ key: Key) {
        guard let run = self.runs.removeValue(forKey: key) else { return }
        if run.isSlow {
            self.slow -= 1
            let left = (self.slowByDestination[run.destination] ?? 1) - 1
            self.slowByDestination[run.destination] = left > 0 ? left : nil
        } else if !run.isTrusted {
            self.doubtful -= 1
        }
        self.skipEnded()
    }

    /// Notes which ones have taken long by now.
    mutating func age(now: Instant) {
        while let first = self.order.first, first.since + self.limits.slowAfter <= now {
            self.order.removeFirst()
            guard let run = self.runs[first.key], run.number == first.number else { continue }
            self.runs[first.key]?.isSlow = true
            if !run.isTrusted { self.doubtful -= 1 }
            self.slow += 1
            self.slowByDestination[run.destination, default: 0] += 1
        }
        self.skipEnded()
    }

    /// When the next one will have taken long.
    var nextAging: Instant? { self.order.first.map { $0.since + self.limits.slowAfter } }

    mutating func answered(_ destination: String, succeeded: Bool) {
        guard succeeded else {
            self.known.remove(destination)
            return
        }
        if self.known.count >= Self.maxTrusted, !self.known.contains(destination) { _ = self.known.popFirst() }
        self.known.insert(destination)
    }

    private mutating func skipEnded() {
        while let first = self.order.first, self.runs[first.key]?.number != first.number { self.order.removeFirst() }
    }
}

/// The destinations that have something to send, in turn. Trusted and other ones take turns as well: neither kind waits for the end of
/// the other's queue.
struct PushRotation: Sendable {
    private var trusted: Deque<String> = []
    private var others: Deque<String> = []
    private var isTrustedNext = true

    var isEmpty: Bool { self.trusted.isEmpty && self.others.isEmpty }

    func allSatisfy(_ predicate: (String) -> Bool) -> Bool {
        self.trusted.allSatisfy(predicate) && self.others.allSatisfy(predicate)
    }

    mutating func append(_ destination: String, isTrusted: Bool) {
        if isTrusted { self.trusted.append(destination) } else { self.others.append(destination) }
    }

    /// Takes one out that has come to be trusted while it was queued with the others.
    mutating func removeFromOthers(_ destination: String) {
        if let index = self.others.firstIndex(of: destination) { self.others.remove(at: index) }
    }

    /// Takes the next destination out for which there is room.
    mutating func next(_ slots: PushSlots) -> (destination: String, isTrusted: Bool)? {
        let first = self.isTrustedNext
        for isTrusted in [first, !first] where slots.hasRoom(isTrusted: isTrusted) {
            guard let name = isTrusted ? self.trusted.popFirst() : self.others.popFirst() else { continue }
            self.isTrustedNext = !isTrusted
            return (name, isTrusted)
        }
        return nil
    }
}
