import A2A

/// Leaves a destination alone that fails again and again, and tries it now and then with one notification. A pure value.
///
/// ```
///           threshold failures in a row           the pause is over
///  closed ───────────────────────────────▶ open ───────────────────▶ probing
///    ▲                                      ▲ └── failure, or nothing was sent ──┘
///    └────────────── success ───────────────┴────────────────────────────────┘
/// ```
struct CircuitBreaker: Sendable {
    typealias Instant = ContinuousClock.Instant

    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: Instant, pauses: Int)
        /// One notification is on its way, to see whether the destination has recovered.
        case probing(pauses: Int)
    }

    private var state: State = .closed(failures: 0)

    enum Admission: Equatable {
        case go
        case waitUntil(Instant)
        /// Until the notification that is on its way has been heard of.
        case waitForProbe
    }

    /// Whether a notification may be sent now.
    mutating func admit(now: Instant) -> Admission {
        switch self.state {
        case .closed: return .go
        case .open(let until, let pauses):
            guard now >= until else { return .waitUntil(until) }
            self.state = .probing(pauses: pauses)
            return .go
        case .probing: return .waitForProbe
        }
    }

    /// The destination has answered, whatever it was asked: it is there.
    mutating func succeeded() { self.state = .closed(failures: 0) }

    /// - Parameters:
    ///   - isProbe: Whether it was the notification that was let through to see; if not, it was sent by a delivery that began earlier.
    ///   - random: In `0..<1`.
    /// - Returns: Whether it has opened just now.
    mutating func failed(
        isProbe: Bool, now: Instant, threshold: Int, pause: Backoff, random: Double
    ) -> Bool {
        switch self.state {
        case .closed(let failures):
            guard failures + 1 >= max(1, threshold) else {
                self.state = .closed(failures: failures + 1)
                return false
            }
            self.open(pauses: 1, now: now, pause: pause, random: random)
            return true
        case .probing(let pauses):
            // What else fails tells nothing of now; the probe will.
            if isProbe { self.open(pauses: pauses + 1, now: now, pause: pause, random: random) }
            return false
        case .open:
            // Sent before it opened.
            return false
        }
    }

    /// What was admitted as the probe has ended; if nothing was sent, the next one is the probe.
    mutating func released(now: Instant) {
        if case .probing(let pauses) = self.state { self.state = .open(until: now, pauses: pauses) }
    }

    /// The destination is known to be there again.
    mutating func reset() { self.state = .closed(failures: 0) }

    var isOpen: Bool { if case .closed = self.state { false } else { true } }

    var isProbing: Bool { if case .probing = self.state { true } else { false } }

    /// Nobody need remember this one.
    var isUnremarkable: Bool { self.state == .closed(failures: 0) }

    /// Until when nothing is let through; `nil` if something is.
    var pausedUntil: Instant? { if case .open(let until, _) = self.state { until } else { nil } }

    private mutating func open(pauses: Int, now: Instant, pause: Backoff, random: Double) {
        // At least half of the bound: a destination in trouble needs some time.
        let bound = pause.bound(attempt: pauses)
        self.state = .open(until: now + bound * (0.5 + 0.5 * min(max(random, 0), 1)), pauses: pauses)
    }
}
