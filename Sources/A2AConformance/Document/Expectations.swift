/// What an answer must be like (ACTS §6.1).
struct ExpectBlock: Sendable {
    var status: Assertion?
    var body: Assertion?
    /// `x-headers`: header fields of the answer, by their names in lower case.
    var headers: [(name: String, assertion: Assertion)] = []
    var line: Int

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(node, "'expect' of \(what)", file: file, keys: ["status", "body"])
        self.line = node.line
        self.status = try map.node("status").map { node throws(DocumentError) in try Assertion(node, file: file) }
        if let body = map.node("body") {
            guard case .map = body.content else {
                throw map.refuse("body", "'body' in 'expect' of \(what) must be a map, not \(body.kind)")
            }
            self.body = try Assertion(body, file: file)
        }
        for entry in try map.entries("x-headers") ?? [] {
            self.headers.append((entry.key.lowercased(), try Assertion(entry.value, file: file)))
        }
    }
}

/// Which error must come (ACTS §6.2).
struct ExpectError: Sendable {
    var type: ErrorType
    var message: Assertion?
    var details: Assertion?
    var line: Int

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'expect_error' of \(what)", file: file, keys: ["error_type", "message", "details"])
        self.line = node.line
        _ = try map.requiredText("error_type")
        let specified = try map.choice("error_type", ErrorType.specified)
        let own = try map.choice("x-error", ErrorType.specified + ErrorType.others)
        guard let type = ErrorType(own ?? specified ?? "") else {
            throw map.refuse("error_type", "the error type of \(what) is unknown")
        }
        self.type = type
        self.message = try map.node("message").map { node throws(DocumentError) in try Assertion(node, file: file) }
        if let details = map.node("details") {
            guard case .map = details.content else {
                throw map.refuse("details", "'details' in 'expect_error' of \(what) must be a map")
            }
            self.details = try Assertion(details, file: file)
        }
    }
}

/// How a step is tried again (ACTS §9).
struct RepeatConfiguration: Sendable {
    enum Backoff: String, Sendable { case none, linear, exponential }

    var until: Condition
    /// Default 10.
    var maxAttempts: Int
    /// Between attempts. Default 1000.
    var delayMilliseconds: Int
    var backoff: Backoff

    /// The longest wait between two attempts, in milliseconds.
    static let maxDelayMilliseconds = 60_000

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'repeat' of \(what)", file: file, keys: ["until", "max_attempts", "delay_ms", "backoff"])
        do {
            self.until = try Condition(try map.requiredText("until"))
        } catch let error as Condition.Malformed {
            throw map.refuse("until", error.problem)
        } catch let error as DocumentError {
            throw error
        } catch {
            throw map.refuse("until", "\(error)")
        }
        self.maxAttempts = try map.integer("max_attempts", 1...10_000) ?? 10
        self.delayMilliseconds = try map.integer("delay_ms", 0...600_000) ?? 1000
        let backoff = try map.choice("backoff", ["none", "linear", "exponential"])
        self.backoff = backoff.flatMap(Backoff.init) ?? .none
    }

    /// How long to wait after an attempt, counted from 1.
    func delay(after attempt: Int) -> Duration {
        let factor =
            switch self.backoff {
            case .none: 1
            case .linear: attempt
            case .exponential: 1 << min(attempt - 1, 20)
            }
        return .milliseconds(min(self.delayMilliseconds * factor, Self.maxDelayMilliseconds))
    }
}
