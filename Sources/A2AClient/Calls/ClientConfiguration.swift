public import A2A
public import Logging

/// How a ``Client`` calls an agent.
public struct ClientConfiguration: Sendable {
    /// Bindings in the client's order of preference; those that the card does not offer are passed over.
    ///
    /// Empty takes the card's order (§8.3.2).
    public var preferredBindings: [ProtocolBinding] = []

    /// The A2A version to signal.
    ///
    /// `nil` signals the highest released one that both sides speak (§3.6.1). Set ``ProtocolVersion/v1_1`` when making the client to
    /// speak the draft, with generations; an agent that does not will refuse the calls.
    public var version: ProtocolVersion?

    /// Extensions to ask for with every call (§4.6).
    public var extensions: [String] = []

    /// Service parameters to send with every call (§3.2.6).
    public var parameters = ServiceParameters()

    /// Who the client says it is.
    ///
    /// Asked anew for every attempt.
    public var credentials: (any CredentialProvider)?

    /// How long an operation may take that answers at once: everything but sends and streams.
    ///
    /// `nil` for no limit. Default 60 s.
    public var timeout: Duration? = .seconds(60)

    /// How long a send may take, whose answer waits for the task, and a stream from its opening to its end.
    ///
    /// Default no limit.
    public var sendTimeout: Duration?

    /// When and how often a failed call is made again.
    public var retry = RetryPolicy()

    /// How many calls are made again, in all: what keeps a server that is down from being kept down by its callers.
    ///
    /// Copies of the configuration share it.
    public var retryBudget = RetryBudget()

    /// How a broken stream goes on.
    public var resume = ResumePolicy()

    /// The clock on which the client waits between attempts.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// A number in `0..<1` for the jitter of each wait.
    public var random: @Sendable () -> Double = { Double.random(in: 0..<1) }

    /// Where retries and resumed streams are noted, at debug level.
    public var logger = Logger(label: "a2a.client", factory: { _ in SwiftLogNoOpLogHandler() })

    public init() {}
}

/// How a broken stream goes on.
public struct ResumePolicy: Sendable {
    /// How many times in a row a stream is taken up again without anything new having come.
    ///
    /// 0 switches resuming off. Default 12: with the default waits, an agent may be away for about two minutes.
    public var maxAttemptsWithoutProgress = 12

    /// The waits between attempts.
    public var backoff = Backoff()

    public init() {}
}
