/// One call and what came of it, as near to the wire as each binding allows.
struct Exchange: Sendable {
    enum Outcome: Sendable {
        /// The assertion root (ACTS §4.2).
        case answer(JSONValue)
        /// Events, and how they ended.
        case stream([StreamedEvent], StreamEnd)
        case error(WireError)
        /// The agent answered, but not with an answer of the binding: what is wrong with it.
        case invalid(String)
        /// The agent was reached, but no whole answer came.
        case noAnswer(String)
        /// The agent could not be reached: nothing was tested.
        case unreachable(String)
        /// The request cannot be said over this binding: nothing was tested.
        case inexpressible(String)
    }

    var outcome: Outcome
    /// The HTTP status, where there is one.
    var status: Int?
    /// Header fields or metadata of the answer, by names in lower case; several values are joined by ", ".
    var headers: [String: String] = [:]

    init(_ outcome: Outcome, status: Int? = nil, headers: [String: String] = [:]) {
        self.outcome = outcome
        self.status = status
        self.headers = headers
    }
}

/// How a stream ended.
enum StreamEnd: Sendable, Hashable {
    /// The agent closed it in good order.
    case closed
    /// We closed it.
    case stopped
    case error(WireError)
    /// It broke off.
    case broken(String)
    /// It did not end in time.
    case timedOut
    /// Something came that is no event.
    case invalid(String)
}

/// An event of a stream.
struct StreamedEvent: Sendable, Hashable {
    /// The `StreamResponse`.
    var value: JSONValue
    /// The time since the call began.
    var offset: Duration
}

/// What is asked of an agent.
struct WireCall: Sendable {
    var operation: AbstractOperation
    /// The request of the protocol.
    var params: JSONValue
    /// Parameters that go along, in their order; the version is among them.
    var headers: [(name: String, value: String)]
    /// When to give up.
    var deadline: ContinuousClock.Instant
    /// Streams: close after that many events.
    var stopAfter: Int?
}

/// An agent over one binding.
protocol AgentBinding: Sendable {
    var binding: TransportBinding { get }
    /// The tenant of the interface; empty for none.
    var tenant: String { get }
    /// The URL of the interface.
    var url: String { get }

    /// Makes a call and reads all of its answer. Never takes much longer than the call's deadline.
    ///
    /// - Parameter events: Gets the events of a stream as they come.
    func call(_ call: WireCall, events: EventLog, trace: WireTrace) async -> Exchange
}
