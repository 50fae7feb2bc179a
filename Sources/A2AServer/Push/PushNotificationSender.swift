public import A2A

/// A way to bring notifications to their receivers, chosen by the scheme of the configuration's URL.
public protocol PushNotificationSender: Sendable {
    /// The schemes of the URLs that it sends to, in lower case.
    var schemes: Set<String> { get }

    /// Checks a configuration before it is kept.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` that says what is wrong with it, of the field `url` or another.
    func admit(_ configuration: A2ATaskPushNotificationConfig, for scope: Scope) async throws

    /// What fails together, such as `example.com:443`: one circuit breaker, one limit on concurrent sends. It is logged.
    func destination(of configuration: A2ATaskPushNotificationConfig) -> String

    /// Sends a notification and waits until it was taken or refused, for a bounded time.
    ///
    /// Notifications of one configuration come one after the other, those of different ones at the same time.
    func send(_ notification: PushNotification) async -> PushOutcome

    /// Is told once, when delivery begins, what to call when a destination has become reachable: what waits for it is tried at once.
    func begin(whenReachable: @escaping @Sendable (_ destination: String) -> Void)

    /// Is told of every call that the runtime lets in: for senders whose receivers are callers too.
    func noteCaller(_ context: CallContext)
}

extension PushNotificationSender {
    public func begin(whenReachable: @escaping @Sendable (_ destination: String) -> Void) {}
    public func noteCaller(_ context: CallContext) {}
}

/// One notification on its way.
public struct PushNotification: Sendable {
    /// The same each time the notification is sent, different from that of any other. ASCII letters, digits and hyphens, at most 64.
    public var deliveryID: String
    /// Where it goes, and with what secrets.
    public var configuration: A2ATaskPushNotificationConfig
    /// The caller who made the configuration.
    public var scope: Scope
    /// What is sent: an event of the task, or the task itself.
    public var response: A2AStreamResponse
    /// The task's generation after the event.
    public var generation: Int64
    /// The A2A version that it is written in.
    public var version: ProtocolVersion
    /// How often it was tried before.
    public var attempts: Int

    public init(
        deliveryID: String, configuration: A2ATaskPushNotificationConfig, scope: Scope, response: A2AStreamResponse,
        generation: Int64, version: ProtocolVersion, attempts: Int
    ) {
        self.deliveryID = deliveryID
        self.configuration = configuration
        self.scope = scope
        self.response = response
        self.generation = generation
        self.version = version
        self.attempts = attempts
    }
}

/// What became of one attempt to deliver.
public enum PushOutcome: Sendable, Equatable {
    /// The receiver has taken it.
    case delivered
    /// It may work later.
    ///
    /// - Parameters:
    ///   - reason: For people; without secrets.
    ///   - retryAfter: How long the receiver asks to be left alone, if it does.
    ///   - isDestinationAtFault: Whether the destination as a whole is in trouble, and not this configuration alone.
    case failed(reason: String, retryAfter: Duration? = nil, isDestinationAtFault: Bool = true)
    /// Nothing is to be expected of further attempts.
    ///
    /// - Parameter reason: For people; without secrets.
    case refused(reason: String)
}
