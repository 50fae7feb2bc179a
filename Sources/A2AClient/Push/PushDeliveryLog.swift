public import A2A

/// Remembers which notifications were handled, so that one that comes again is not handled twice.
///
/// A pure value. What is forgotten is told by two bounds: how long, and how many.
public struct PushDeliveryLog: Sendable {
    /// How long an id is remembered. Default 24 h, as long as agents of this library repeat.
    public var window: Duration
    /// The most ids that are remembered, oldest forgotten first. Default 100 000.
    public var capacity: Int

    private enum State {
        case handling
        case handled
    }

    private var states: [String: (state: State, number: UInt64)] = [:]
    /// The ids by age, oldest first; those before `first` are gone.
    private var order: [(id: String, number: UInt64, since: A2ATimestamp)] = []
    private var first = 0
    private var nextNumber: UInt64 = 0

    public init(window: Duration = .seconds(24 * 3600), capacity: Int = 100_000) {
        self.window = window
        self.capacity = max(1, capacity)
    }

    /// What to do with a notification.
    public enum Verdict: Sendable, Equatable {
        /// Handle it, and say with ``end(_:isHandled:)`` what came of it.
        case handle
        /// It was handled before: thank for it, and do nothing.
        case duplicate
        /// It is being handled right now: let it come again later.
        case inProgress
    }

    /// Looks at a notification that has come.
    public mutating func begin(_ id: String, now: A2ATimestamp = .now) -> Verdict {
        let limit = Self.time(now, before: self.window)
        while self.first < self.order.count, self.order[self.first].since.isBefore(limit) { self.forgetOldest() }
        switch self.states[id]?.state {
        case .handled?: return .duplicate
        case .handling?: return .inProgress
        case nil: break
        }
        while self.order.count - self.first >= self.capacity { self.forgetOldest() }
        self.nextNumber += 1
        self.states[id] = (.handling, self.nextNumber)
        self.order.append((id, self.nextNumber, now))
        return .handle
    }

    /// Notes what came of a notification; one that was not handled may come again.
    public mutating func end(_ id: String, isHandled: Bool) {
        guard let known = self.states[id] else { return }
        self.states[id] = isHandled ? (.handled, known.number) : nil
    }

    /// How many ids are remembered.
    public var count: Int { self.states.count }

    private mutating func forgetOldest() {
        let oldest = self.order[self.first]
        if self.states[oldest.id]?.number == oldest.number { self.states[oldest.id] = nil }
        self.first += 1
        // In steps, so that the array is not moved for every one.
        guard self.first > 1024, self.first * 2 > self.order.count else { return }
        self.order.removeFirst(self.first)
        self.first = 0
    }

    private static func time(_ now: A2ATimestamp, before window: Duration) -> A2ATimestamp {
        let milliseconds = window.components.seconds * 1000 + window.components.attoseconds / 1_000_000_000_000_000
        return A2ATimestamp(milliseconds: now.seconds * 1000 + Int64(now.nanos) / 1_000_000 - milliseconds)
    }
}
