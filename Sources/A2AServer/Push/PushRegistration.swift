public import A2A

/// A push notification configuration as a store keeps it: whose it is, and how far its notifications have come.
///
/// The outbox is no queue. Every event of a task has a number, and a registration is a cursor into the task's log: what
/// comes after ``PushProgress/delivered`` is still to be sent. An event and its notifications are therefore written in one
/// step, whatever the store.
public struct PushRegistration: Sendable, Equatable {
    /// What names a registration: a configuration's id is its own within its task only.
    public struct Key: Sendable, Hashable {
        public var scope: Scope
        public var taskID: String
        public var id: String

        public init(scope: Scope, taskID: String, id: String) {
            self.scope = scope
            self.taskID = taskID
            self.id = id
        }
    }

    /// The caller who made it: only they see it, and only what they may see is sent.
    public var scope: Scope
    /// The configuration, with its id and its task's.
    public var configuration: A2ATaskPushNotificationConfig
    /// The A2A version that notifications are written in: that of the call which made the configuration.
    public var version: ProtocolVersion
    /// What the ids of all its deliveries begin with. It stays when the configuration is replaced.
    public var deliveryKey: String
    public var progress: PushProgress
    /// Changes when the configuration is replaced. Set by the store.
    public var revision: Int64 = 0

    public init(
        scope: Scope, configuration: A2ATaskPushNotificationConfig, version: ProtocolVersion, deliveryKey: String,
        progress: PushProgress
    ) {
        self.scope = scope
        self.configuration = configuration
        self.version = version
        self.deliveryKey = deliveryKey
        self.progress = progress
    }

    public var key: Key { Key(scope: self.scope, taskID: self.configuration.taskID, id: self.configuration.id) }

    /// This registration in the place of an older one with the same key.
    ///
    /// What the older one has not delivered yet goes to the new address, with the same delivery ids; one that was given up is tried
    /// again. Every store uses this.
    public func replacing(_ older: PushRegistration) -> PushRegistration {
        var new = self
        new.deliveryKey = older.deliveryKey
        guard older.progress.state != .finished else { return new }
        new.progress = older.progress
        new.progress.revive()
        return new
    }

    /// About how many bytes of memory the registration takes.
    public var approximateByteCount: Int {
        let config = self.configuration
        return 512 + 2 * (config.id.utf8.count + config.taskID.utf8.count) + config.url.utf8.count
            + config.token.utf8.count + config.tenant.utf8.count + config.authentication.scheme.utf8.count
            + config.authentication.credentials.utf8.count + self.scope.tenant.utf8.count
            + self.scope.principal.utf8.count
    }
}

/// How far the notifications of a configuration have come.
public struct PushProgress: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        /// There are, or will be, notifications to send.
        case active
        /// The task has ended, and its last notification was taken.
        case finished
        /// Given up: see ``PushProgress/lastFailure``. Creating the configuration again goes on where it stopped.
        case dead
    }

    public var state: State = .active
    /// The generation of the task up to which everything was delivered; 0 for a task that has not been made yet.
    public var delivered: Int64
    /// Whether the next notification is the task as it stands then, and not an event: the configuration came after the task's end.
    public var needsSnapshot: Bool
    /// How often the next notification has failed.
    public var attempts = 0
    /// Since when it fails.
    public var failingSince: A2ATimestamp?
    /// When it is tried again; `nil` for at once.
    public var nextAttempt: A2ATimestamp?
    /// Why it failed last, or why the configuration was given up. Never contains secrets. Empty if nothing failed.
    public var lastFailure = ""
    /// How many notifications were taken.
    public var notifications: Int64 = 0
    /// How often the task itself was sent because the log no longer had the events.
    public var snapshots: Int64 = 0

    public init(delivered: Int64, needsSnapshot: Bool = false) {
        self.delivered = delivered
        self.needsSnapshot = needsSnapshot
    }

    /// The next notification was taken, and the task stands at `generation` with it.
    public mutating func taken(_ generation: Int64, isSnapshot: Bool, endsTask: Bool) {
        self.delivered = generation
        self.needsSnapshot = false
        self.notifications += 1
        if isSnapshot { self.snapshots += 1 }
        self.attempts = 0
        self.failingSince = nil
        self.nextAttempt = nil
        self.lastFailure = ""
        if endsTask { self.state = .finished }
    }

    /// It is tried at once, and as often as at first; it goes on where it stopped.
    public mutating func revive() {
        self.state = .active
        self.attempts = 0
        self.failingSince = nil
        self.nextAttempt = nil
        self.lastFailure = ""
    }

    /// The configuration is given up.
    public mutating func giveUp(_ reason: String) {
        self.state = .dead
        self.nextAttempt = nil
        self.lastFailure = reason
    }
}
