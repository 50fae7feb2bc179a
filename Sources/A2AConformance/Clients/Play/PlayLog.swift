import A2A
import Synchronization

/// The names of the operations, as `on` and records have them.
enum A2AOperationNames {
    static let all = A2AOperation.allCases.map(\.rawValue)
}

/// A call of the client, as it came.
struct PlayedRequest: Sendable {
    var binding: TransportBinding
    var interface: String
    /// `nil` for what is none.
    var operation: String?
    var tenant: String?
    /// Header fields or metadata, names in lower case; several values are joined by ", ".
    var parameters: [String: String] = [:]
    /// The request of the operation.
    var request: JSONValue?
    var method: String?
    var path: String?
    var query: String?
    /// The body of an HTTP request.
    var body: JSONValue?
    /// Names of header fields that came more than once.
    var repeated: [String] = []
    /// The id of the JSON-RPC request.
    var id: JSONValue?

    /// What assertions see.
    var json: JSONValue {
        var json: [String: JSONValue] = [
            "binding": .string(self.binding.rawValue), "interface": .string(self.interface),
            "parameters": .object(self.parameters.mapValues(JSONValue.string)),
            "repeated": .array(self.repeated.map(JSONValue.string)),
        ]
        json["operation"] = self.operation.map(JSONValue.string)
        json["tenant"] = self.tenant.map(JSONValue.string)
        json["request"] = self.request
        json["method"] = self.method.map(JSONValue.string)
        json["path"] = self.path.map(JSONValue.string)
        json["query"] = self.query.map(JSONValue.string)
        json["body"] = self.body
        json["id"] = self.id
        return .object(json)
    }
}

/// What an agent that is played says next, and what it has heard.
final class PlayLog: Sendable {
    /// The most calls that are kept.
    private static let maxRequests = 200

    private struct State {
        var requests: [JSONValue] = []
        var cardRequests: [JSONValue] = []
        var exchanges: [PlayedExchange] = []
        var operation: String?
        var payload: JSONValue = .null
        var used: [String: Int] = [:]
        var trace: WireTrace
        var connections = 0
        var origin = ""
        var other = ""
        var card: JSONValue = .null
    }

    private let state: Mutex<State>
    let binding: TransportBinding

    init(binding: TransportBinding) {
        self.binding = binding
        self.state = Mutex(State(trace: WireTrace(Redactor())))
    }

    /// A step begins: what it had heard so far is forgotten.
    func begin(_ operation: String, payload: JSONValue, _ exchanges: [PlayedExchange], _ trace: WireTrace) {
        self.state.withLock { state in
            state.requests = []
            state.cardRequests = []
            state.exchanges = exchanges
            state.operation = operation
            state.payload = payload
            state.used = [:]
            state.trace = trace
            state.connections = 0
        }
    }

    /// Where the agent is: scheme, host and port, those of another server that it plays too, and its card.
    func settle(origin: String, other: String, card: JSONValue) {
        self.state.withLock { state in
            state.origin = origin
            state.other = other
            state.card = card
        }
    }

    var trace: WireTrace { self.state.withLock { $0.trace } }
    var card: JSONValue { self.state.withLock { $0.card } }
    var requests: JSONValue { .array(self.state.withLock { $0.requests }) }
    var cardRequests: JSONValue { .array(self.state.withLock { $0.cardRequests }) }
    /// How many connections were made in the step.
    var connections: Int { self.state.withLock { $0.connections } }

    func noteConnection() { self.state.withLock { $0.connections += 1 } }

    /// A text with `{{agent.…}}` put in.
    func filled(_ text: String) -> String {
        guard text.contains("{{") else { return text }
        let (origin, other) = self.state.withLock { ($0.origin, $0.other) }
        return text.replacing("{{agent.origin}}", with: origin).replacing("{{agent.other}}", with: other)
    }

    /// Keeps a request for the card, and says how it is answered.
    func noteCard(_ request: PlayedRequest) -> PlayedExchange {
        self.state.withLock { state in
            if state.cardRequests.count < Self.maxRequests { state.cardRequests.append(request.json) }
            return Self.next("card", request.interface, &state) ?? PlayedExchange()
        }
    }

    /// Keeps a call, and says how it is answered; `nil` if nobody said how.
    func note(_ request: PlayedRequest) -> (exchange: PlayedExchange, answer: JSONValue)? {
        self.state.withLock { state in
            if state.requests.count < Self.maxRequests { state.requests.append(request.json) }
            guard let operation = request.operation else { return nil }
            if let exchange = Self.next(operation, request.interface, &state) {
                return (exchange, exchange.answer ?? state.payload)
            }
            guard operation == state.operation else { return nil }
            return (PlayedExchange(), state.payload)
        }
    }

    /// The entries for an operation come one after the other; the last stays.
    private static func next(_ operation: String, _ interface: String, _ state: inout State) -> PlayedExchange? {
        let own = state.exchanges.filter { exchange in
            (exchange.operation ?? state.operation) == operation
                && (exchange.interface ?? interface) == interface
        }
        guard let last = own.last else { return nil }
        let key = "\(operation) \(interface)"
        let index = state.used[key, default: 0]
        state.used[key] = index + 1
        return index < own.count ? own[index] : last
    }
}
