import Synchronization

/// How many calls may be made again: a share of all calls, and some to begin with.
///
/// Every call puts a share of a repetition in, every repetition takes one out. What is saved up is bounded, so that a long
/// quiet time does not pay for a storm. Streams that are taken up again do not count: they are no repetitions.
public final class RetryBudget: Sendable {
    /// Repetitions for each call.
    public let share: Double

    /// The most repetitions that are saved up, and those that there are at first.
    public let reserve: Double

    private let saved: Mutex<Double>

    /// - Parameters:
    ///   - share: Repetitions for each call. Default 0.1: one in ten.
    ///   - reserve: Repetitions that there are at first, and the most that are saved up. Default 10.
    public init(share: Double = 0.1, reserve: Int = 10) {
        self.share = min(max(share, 0), 1)
        self.reserve = Double(max(reserve, 0))
        self.saved = Mutex(self.reserve)
    }

    /// Notes a call that is made for the first time.
    public func noteCall() { self.saved.withLock { $0 = min($0 + self.share, self.reserve) } }

    /// Takes a repetition.
    ///
    /// - Returns: `false` if there is none; the call fails then as it failed before.
    public func takeRetry() -> Bool {
        self.saved.withLock { saved in
            // Shares do not add up exactly.
            guard saved >= 1 - 1e-9 else { return false }
            saved -= 1
            return true
        }
    }
}
