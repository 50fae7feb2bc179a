/// What a client is asked to do in a step, and what must come of it: the keys of `client_response` steps that begin with `x-`
/// (conformance/format.md §7).
struct ClientExpectations: Sendable {
    /// What the client is asked, in place of the usual; variables may stand in it.
    var request: JSONValue?
    /// An operation of the harness in place of that of ACTS.
    var harnessOperation: String?
    var extensions: [String] = []
    /// Secrets by the names of the card's security schemes.
    var credentials: [String: String] = [:]
    /// When the client is to give up.
    var timeoutMilliseconds: Int?
    var maxEvents: Int?
    var exchanges: [PlayedExchange] = []
    /// What the client sent, an array of calls.
    var requests: Assertion?
    /// How it asked for the card.
    var cardRequests: Assertion?
    /// The error that the client must report; without it there must be none.
    var error: Assertion?
    /// Whether there may be an error or an answer.
    var isEither = false
    /// What is sent to the receiver of push notifications.
    var notifications: [PlayedNotification] = []

    static let harnessOperations = ["receive_push", "received_push"]

    init(_ map: MapReader, _ what: String, file: String) throws(DocumentError) {
        self.request = map.node("x-request")?.json
        self.harnessOperation = try map.choice("x-operation", Self.harnessOperations)
        self.extensions = try map.texts("x-extensions") ?? []
        self.credentials = try map.textMap("x-credentials") ?? [:]
        self.timeoutMilliseconds = try map.integer("x-timeout_ms", 100...60_000)
        self.maxEvents = try map.integer("x-max_events", 1...10_000)
        self.exchanges = try PlayedExchange.list(map, what, file: file)
        self.requests = try Self.assertion(map, "x-requests", file)
        self.cardRequests = try Self.assertion(map, "x-card_requests", file)
        if let node = map.node("x-error") {
            switch node.json {
            case "either": self.isEither = true
            default: self.error = try Assertion(node, file: file)
            }
        }
        for node in try map.list("x-notify") ?? [] {
            self.notifications.append(try PlayedNotification(node, what, file: file))
        }
    }

    private static func assertion(_ map: MapReader, _ key: String, _ file: String) throws(DocumentError) -> Assertion? {
        try map.node(key).map { node throws(DocumentError) in try Assertion(node, file: file) }
    }

    /// What a client is asked where a step says nothing: enough for every operation.
    static func usualRequest(_ operation: AbstractOperation) -> JSONValue {
        switch operation {
        case .sendMessage, .sendStreamingMessage:
            ["message": ["messageId": "message-1", "role": "ROLE_USER", "parts": [["text": "hello"]]]]
        case .getTask, .cancelTask, .subscribeToTask: ["id": "task-1"]
        case .createPushConfig: ["taskId": "task-1", "id": "config-1", "url": "https://example.com/hook"]
        case .getPushConfig, .deletePushConfig: ["taskId": "task-1", "id": "config-1"]
        case .listPushConfigs: ["taskId": "task-1"]
        case .listTasks, .getAgentCard, .getExtendedAgentCard: [:]
        }
    }
}

/// One request to the receiver of push notifications of the client under test.
struct PlayedNotification: Sendable {
    var method = "POST"
    var headers: [(name: String, value: String)] = []
    var body: JSONValue
    /// The status of the answer.
    var status: Assertion
    var line: Int

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "an entry of 'x-notify' of \(what)", file: file, keys: ["method", "headers", "body", "status"])
        self.method = try map.text("method") ?? "POST"
        for (name, value) in (try map.textMap("headers") ?? [:]).sorted(by: { $0.key < $1.key }) {
            self.headers.append((name, value))
        }
        self.body = try map.required("body").json
        self.status = try Assertion(try map.required("status"), file: file)
        self.line = node.line
    }
}
