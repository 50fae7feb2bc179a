public import A2A

/// When a failed call is made again.
///
/// Only where it is safe: an idempotent operation when the agent was unavailable, or asked us to come back later; a
/// send only when the request surely never left this side, or the agent has said that it recognises a repeated message and
/// still does. Others need not, so sending one twice could run the work twice (§3.3.1).
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is made at most, the first time included.
    ///
    /// 1 switches retries off. Default 4.
    public var maxAttempts: Int

    /// The waits between attempts.
    public var backoff: Backoff

    /// The longest wait that an agent may ask for with `RetryInfo`; asked for more, the client gives up.
    ///
    /// Default 30 s.
    public var maxRequestedDelay: Duration

    public init(
        maxAttempts: Int = 4,
        backoff: Backoff = Backoff(),
        maxRequestedDelay: Duration = .seconds(30)
    ) {
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.maxRequestedDelay = maxRequestedDelay
    }

    /// No retries.
    public static let never = RetryPolicy(maxAttempts: 1)

    /// What to do after a failure.
    public enum Decision: Sendable, Hashable {
        case retry(after: Duration)
        case giveUp
    }

    /// Decides what follows a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: How many attempts have been made.
    ///   - random: A number in `0..<1` for the jitter.
    ///   - now: The present.
    public func decide(
        after error: A2AError,
        operation: A2AOperation?,
        attempt: Int,
        random: Double,
        now: ContinuousClock.Instant = .now
    ) -> Decision {
        guard attempt < self.maxAttempts else { return .giveUp }
        var delay = self.backoff.delay(attempt: attempt, random: random)
        if let requested = error.retryDelay {
            guard requested <= self.maxRequestedDelay else { return .giveUp }
            // Jitter on top, so that everybody who was told the same number does not come back at once.
            delay += max(requested, .zero)
        }
        let isSafe = Self.isWorthRetrying(error, operation: operation, at: now.advanced(by: delay))
        return isSafe ? .retry(after: delay) : .giveUp
    }

    private static func isWorthRetrying(
        _ error: A2AError, operation: A2AOperation?, at time: ContinuousClock.Instant
    ) -> Bool {
        if error.isSurelyNotSent { return true }
        if operation == .sendMessage || operation == .sendStreamingMessage {
            return error.transportFailure?.recognizedUntil.map { time < $0 } ?? false
        }
        guard operation?.isIdempotent ?? true else { return false }
        return switch error.code {
        case .unavailable: true
        case .resourceExhausted: error.retryDelay != nil
        default: false
        }
    }
}
