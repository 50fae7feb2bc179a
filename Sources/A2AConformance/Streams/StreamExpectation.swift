/// What a stream must be like (ACTS §7).
struct StreamExpectation: Sendable {
    /// One entry of `events`.
    struct Event: Sendable {
        enum Position: Sendable {
            case at(Int)
            case any
        }

        var position: Position
        var assertion: Assertion
        var description: String?
        var line: Int
    }

    var minCount: Int?
    var maxCount: Int?
    var timeoutMilliseconds: Int?
    /// `ordering: monotonic_state`.
    var isMonotonic = false
    var events: [Event] = []
    var finalEvent: Assertion?
    var eachEvent: Assertion?
    /// `x-stop_after`: the stream is closed by us after that many events.
    var stopAfter: Int?
    /// `x-hold_after`: after that many events nothing more is read; the stream stays open to the end of the test.
    var holdAfter: Int?
    var line: Int

    private static let keys: Set<String> = [
        "min_count", "max_count", "timeout_ms", "ordering", "events", "final_event", "each_event",
    ]

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(node, "'expect_stream' of \(what)", file: file, keys: Self.keys)
        self.line = node.line
        self.minCount = try map.integer("min_count", 0...1_000_000)
        self.maxCount = try map.integer("max_count", 0...1_000_000)
        if let least = self.minCount, let most = self.maxCount, least > most {
            throw map.refuse("min_count", "'min_count' of \(what) is larger than its 'max_count'")
        }
        self.timeoutMilliseconds = try map.integer("timeout_ms", 1...600_000)
        self.isMonotonic = try map.choice("ordering", ["monotonic_state"]) != nil
        self.stopAfter = try map.integer("x-stop_after", 1...1_000_000)
        self.holdAfter = try map.integer("x-hold_after", 1...1_000_000)
        for (index, node) in (try map.list("events") ?? []).enumerated() {
            self.events.append(try Event(node, index: index, what, file: file))
        }
        for key in ["final_event", "each_event"] {
            guard let node = map.node(key) else { continue }
            guard case .map = node.content else { throw map.refuse(key, "'\(key)' of \(what) must be a map") }
            let assertion = try Assertion(node, file: file)
            if key == "final_event" { self.finalEvent = assertion } else { self.eachEvent = assertion }
        }
    }
}

extension StreamExpectation.Event {
    private static let payloads: Set<String> = ["status_update", "artifact_update", "task", "message"]
    private static let ownKeys: Set<String> = ["description", "match", "index"]

    fileprivate init(_ node: YAMLNode, index: Int, _ what: String, file: String) throws(DocumentError) {
        let what = "event \(index + 1) of \(what)"
        let map = try MapReader(node, what, file: file, keys: nil)
        self.line = node.line
        self.description = try map.text("description")
        let match = try map.choice("match", ["exact_position", "any_position"])
        let position = try map.integer("index", 0...1_000_000)
        if match == "any_position" {
            guard position == nil else {
                throw map.refuse("index", "'index' of \(what) goes with exact_position only")
            }
            self.position = .any
        } else {
            self.position = .at(position ?? index)
        }
        guard case .map(let entries) = node.content else {
            throw DocumentError(file: file, line: node.line, "\(what) must be a map")
        }
        let rest = entries.filter { !Self.ownKeys.contains($0.key) }
        guard rest.contains(where: { !$0.key.hasPrefix("x-") || $0.key == "x-fields" }) else {
            throw DocumentError(file: file, line: node.line, "\(what) says nothing about the event")
        }
        let payloads = rest.filter { Self.payloads.contains($0.key) }.map(\.key)
        guard payloads.count <= 1 else {
            throw DocumentError(
                file: file, line: node.line,
                "\(what) has \(payloads.joined(separator: " and ")); an event has one of them")
        }
        self.assertion = try Assertion(YAMLNode(content: .map(rest), line: node.line), file: file)
    }
}
