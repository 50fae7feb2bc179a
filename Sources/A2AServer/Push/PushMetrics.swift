import Metrics

/// What is counted about push notifications.
///
/// | metric | kind | dimensions | unit |
/// |---|---|---|---|
/// | `a2a_push_attempts_total` | counter | outcome: delivered, failed, refused | attempts |
/// | `a2a_push_attempt_duration` | timer | | time until the receiver's answer |
/// | `a2a_push_given_up_total` | counter | | configurations given up |
/// | `a2a_push_snapshots_total` | counter | | tasks sent in the place of events no longer kept |
/// | `a2a_push_breaker_opened_total` | counter | | times that a destination was left alone |
struct PushMetrics: Sendable {
    private let delivered = Counter(label: "a2a_push_attempts_total", dimensions: [("outcome", "delivered")])
    private let failed = Counter(label: "a2a_push_attempts_total", dimensions: [("outcome", "failed")])
    private let refused = Counter(label: "a2a_push_attempts_total", dimensions: [("outcome", "refused")])
    private let duration = Metrics.Timer(label: "a2a_push_attempt_duration")
    private let givenUp = Counter(label: "a2a_push_given_up_total")
    private let snapshots = Counter(label: "a2a_push_snapshots_total")
    private let breakerOpened = Counter(label: "a2a_push_breaker_opened_total")

    func attempted(_ outcome: PushOutcome, took time: Duration) {
        switch outcome {
        case .delivered: self.delivered.increment()
        case .failed: self.failed.increment()
        case .refused: self.refused.increment()
        }
        self.duration.recordNanoseconds(time.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
    }

    func gaveUp() { self.givenUp.increment() }
    func sentSnapshot() { self.snapshots.increment() }
    func leftAlone() { self.breakerOpened.increment() }
}
