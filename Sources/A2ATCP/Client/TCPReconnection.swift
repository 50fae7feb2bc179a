import A2A
import A2AClient

/// When an address may be connected to again (spec/bindings/tcp.md §8.5): after a random time that grows with every attempt in
/// vain, or when the peer said.
struct TCPReconnection: Sendable {
    private static let backoff = Backoff(base: .milliseconds(500), limit: .seconds(30))

    private var failures = 0
    private var notBefore: ContinuousClock.Instant?

    /// An attempt was in vain.
    mutating func failed(now: ContinuousClock.Instant, random: Double) {
        self.failures += 1
        self.notBefore = now.advanced(by: Self.backoff.delay(attempt: self.failures, random: random))
    }

    /// The peer went away and said when it is back.
    mutating func sentAway(until time: ContinuousClock.Instant) { self.notBefore = time }

    /// How long to wait; `nil` if the time has come.
    func wait(now: ContinuousClock.Instant) -> Duration? {
        guard let notBefore, notBefore > now else { return nil }
        return now.duration(to: notBefore)
    }
}
