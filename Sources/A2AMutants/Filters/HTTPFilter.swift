import A2A
import A2AConformance
import HTTPTypes

/// What goes wrong on the way over HTTP.
struct HTTPFilter: Sendable {
    /// A request as the agent gets it.
    struct Request: Sendable {
        enum Route: Sendable { case card, jsonRPC, rest, other }

        var method: HTTPRequest.Method
        /// Path and query, percent-encoded.
        var path: String
        var headers: HTTPFields
        var body: [UInt8]

        var route: Route {
            if self.path.hasPrefix("/.well-known/agent-card.json") { return .card }
            if self.path == "/" || self.path.hasPrefix("/?") { return .jsonRPC }
            return self.path.hasPrefix("/v1") ? .rest : .other
        }

        var json: JSONValue? {
            get { try? JSONValue(parsing: self.body) }
            set { if let newValue { self.body = newValue.bytes } }
        }
    }

    /// An answer as the caller gets it. Of a stream, the head.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]
        var isStream: Bool

        var json: JSONValue? {
            get { try? JSONValue(parsing: self.body) }
            set { if let newValue { self.body = newValue.bytes } }
        }
    }

    var request: (@Sendable (inout Request) -> Void)?
    /// An answer that is given without the agent.
    var instead: (@Sendable (Request) -> Answer?)?
    var answer: (@Sendable (Request, inout Answer) -> Void)?
    /// The data of an event of a stream.
    var event: (@Sendable (Request, inout JSONValue) -> Void)?

    // MARK: Common ones

    static func request(_ change: @escaping @Sendable (inout Request) -> Void) -> HTTPFilter {
        HTTPFilter(request: change)
    }

    static func answer(_ change: @escaping @Sendable (Request, inout Answer) -> Void) -> HTTPFilter {
        HTTPFilter(answer: change)
    }

    /// The card.
    static func card(_ change: @escaping @Sendable (inout JSONValue) -> Void) -> HTTPFilter {
        HTTPFilter(answer: { request, answer in
            guard request.route == .card, answer.status == 200, var card = answer.json else { return }
            change(&card)
            answer.json = card
        })
    }

    /// The JSON of answers and events, envelopes included.
    static func json(_ change: @escaping @Sendable (Request, inout JSONValue) -> Void) -> HTTPFilter {
        HTTPFilter(
            answer: { request, answer in
                guard request.route == .jsonRPC || request.route == .rest, var json = answer.json else { return }
                change(request, &json)
                answer.json = json
            }, event: change)
    }

    /// What is in an answer or event: the result of a response, a body over HTTP+JSON.
    static func payload(_ change: @escaping @Sendable (inout JSONValue) -> Void) -> HTTPFilter {
        .json { request, json in
            guard request.route == .jsonRPC else {
                if json["error"] == nil { change(&json) }
                return
            }
            guard var result = json["result"] else { return }
            change(&result)
            json["result"] = result
        }
    }

    /// Every member of every object of what is in an answer or event; the last one first.
    static func members(
        _ change: @escaping @Sendable (_ name: String, inout JSONValue) -> Void
    ) -> HTTPFilter {
        .payload { $0.walk(change) }
    }

    /// The error of an answer.
    static func error(_ change: @escaping @Sendable (inout JSONValue) -> Void) -> HTTPFilter {
        .json { _, json in
            guard var error = json["error"] else { return }
            change(&error)
            json["error"] = error
        }
    }
}
