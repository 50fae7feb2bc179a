/// One action of a test (ACTS §4).
package struct Step: Sendable {
    enum Action: Sendable {
        case call(Call)
        case raw(RawRequest)
        case assertion(NamedAssertion)
        case client(ClientResponse)
        /// `x-tcp`.
        case frames(FrameStep)
    }

    /// An operation that is called.
    struct Call: Sendable {
        var operation: AbstractOperation
        var params: JSONValue
        var stream: StreamExpectation?
        var repetition: RepeatConfiguration?
        var delayMilliseconds: Int?
        /// `x-headers`: parameters that go along; `nil` takes one away.
        var headers: [(name: String, value: String?)] = []
        /// `x-parallel`: how often it is made at the same time.
        var parallel = 1
        /// `x-background`: the next step begins once the first event is there.
        var isBackground = false
    }

    /// What a client under test is given to read (ACTS §10).
    struct ClientResponse: Sendable {
        var operation: AbstractOperation
        var payload: JSONValue
        var parsed: Assertion
        /// The keys of ours.
        var client: ClientExpectations
    }

    /// `x-within_ms` and `x-at_least_ms`: how long the step takes.
    struct Timing: Sendable {
        var most: Int?
        var least: Int?
    }

    package var id: String
    package var description: String?
    var action: Action
    var expect: ExpectBlock?
    var expectError: ExpectError?
    var capture: [(name: String, path: JSONPath)] = []
    var assertions: [NamedAssertion] = []
    /// `x-check`: what the answer is looked through for.
    var checks: [ResponseCheck] = []
    var timing = Timing()
    /// `x-await`: background steps that must be over before this one begins.
    var awaits: [String] = []
    package var line: Int

    package var isRaw: Bool { if case .raw = self.action { true } else { false } }
    package var isFrames: Bool { if case .frames = self.action { true } else { false } }
    package var isClient: Bool { if case .client = self.action { true } else { false } }
    /// Whether its stream is not read to its end.
    var isHeld: Bool { if case .call(let call) = self.action { call.stream?.holdAfter != nil } else { false } }
    package var isBackground: Bool { if case .call(let call) = self.action { call.isBackground } else { false } }
}

extension Step {
    /// What it does, in a few words.
    package var summary: String {
        switch self.action {
        case .call(let call): call.operation.rawValue
        case .raw(let raw): "\(raw.method) \(raw.path)"
        case .assertion(let assertion): "asserts \(assertion.source)"
        case .frames(let frames): "\(frames.actions.count) actions on the connection '\(frames.connection)'"
        case .client(let client): "a client reads an answer of \(client.operation.rawValue)"
        }
    }
}
