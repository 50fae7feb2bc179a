/// Waits that grow from attempt to attempt, with full jitter: each is between nothing and its bound, so that many
/// clients that failed together do not come back together.
public struct Backoff: Sendable, Hashable {
    /// The bound of the first wait.
    ///
    /// Default 500 ms.
    public var base: Duration

    /// The largest bound.
    ///
    /// Default 30 s.
    public var limit: Duration

    public init(base: Duration = .milliseconds(500), limit: Duration = .seconds(30)) {
        self.base = base
        self.limit = limit
    }

    /// The largest wait before an attempt, without jitter.
    ///
    /// - Parameter attempt: 1 for the first repetition.
    public func bound(attempt: Int) -> Duration {
        // Beyond 2^20 times the base the limit has long been reached.
        let factor = 1 << min(max(attempt, 1) - 1, 20)
        return self.base > self.limit / factor ? self.limit : self.base * factor
    }

    /// The wait before an attempt.
    ///
    /// - Parameter random: A number in `0..<1`.
    public func delay(attempt: Int, random: Double) -> Duration {
        self.bound(attempt: attempt) * min(max(random, 0), 1)
    }
}
