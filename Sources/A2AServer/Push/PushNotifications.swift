public import A2A

/// How a runtime sends push notifications: where configurations are kept, and how notifications get out.
public struct PushNotifications: Sendable {
    /// Where configurations and their progress are kept.
    public var store: any PushNotificationStore
    /// How notifications get out. The first that has a URL's scheme is taken.
    public var senders: [any PushNotificationSender]
    public var limits: Limits

    public init(
        senders: [any PushNotificationSender],
        store: any PushNotificationStore = MemoryPushNotificationStore(),
        limits: Limits = .init()
    ) {
        self.store = store
        self.senders = senders
        self.limits = limits
    }

    /// The limits and times of delivery.
    public struct Limits: Sendable {
        /// The most notifications on their way at a time. Default 64. Half of them, rounded down, are for destinations that have taken one
        /// and answer.
        public var concurrentDeliveries = 64
        /// After how long one on its way makes room for another one. Default 1 s.
        public var slowAfter: Duration = .seconds(1)
        /// The most that make room, beyond ``concurrentDeliveries``. Default 192.
        public var concurrentSlowDeliveries = 192
        /// The most notifications on their way to one destination (host and port) at a time. Default 8.
        public var concurrentDeliveriesPerDestination = 8
        /// How many notifications of a configuration are sent before another one of the same destination has its turn. Default 32.
        public var batch = 32
        /// The waits between attempts, with full jitter. Default: up to 1 s after the first failure, doubling, up to 15 min.
        public var backoff = Backoff(base: .seconds(1), limit: .seconds(15 * 60))
        /// The longest wait that a receiver may ask for (`Retry-After`). Default 1 h.
        public var maxRetryAfter: Duration = .seconds(3600)
        /// After how many failures of one notification its configuration is given up. Default 100.
        public var maxAttempts = 100
        /// How long one notification may fail before its configuration is given up. The time before this process began does not count: after
        /// weeks in which no agent ran, a receiver gets its chance. Default 24 h. Of a task that its store no longer keeps nothing can be sent:
        /// a store should keep tasks for longer than this after their end.
        public var maxAge: Duration = .seconds(24 * 3600)
        /// After how many failures in a row a destination is left alone for a while. Default 5.
        public var breakerThreshold = 5
        /// For how long, with full jitter beyond the half of it. Default: 10 s, doubling while it does not recover, up to 5 min.
        public var breakerPause = Backoff(base: .seconds(10), limit: .seconds(300))
        /// How long what can be sent at once is still sent when the agent shuts down. Default 3 s.
        public var shutdownGrace: Duration = .seconds(3)

        public init() {}
    }

    /// The times and numbers that delivery depends on; other ones in tests.
    package struct Environment: Sendable {
        package var now: @Sendable () -> ContinuousClock.Instant = { .now }
        package var wallClock: @Sendable () -> A2ATimestamp = { .now }
        package var sleep: @Sendable (ContinuousClock.Instant) async throws -> Void = { deadline in
            try await Task.sleep(until: deadline, clock: .continuous)
        }
        /// A number in `0..<1`.
        package var random: @Sendable () -> Double = { Double.random(in: 0..<1) }

        package init() {}
    }

    package var environment = Environment()

    func sender(for url: String) -> (any PushNotificationSender)? {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        return self.senders.first { $0.schemes.contains(scheme) }
    }

    /// The schemes that URLs may have, for people.
    var schemes: String { self.senders.flatMap(\.schemes).sorted().joined(separator: ", ") }
}
