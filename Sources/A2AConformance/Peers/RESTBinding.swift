import A2A

/// An agent over HTTP+JSON (§11).
struct RESTBinding: AgentBinding {
    let binding = TransportBinding.rest
    let url: String
    let tenant: String
    let http: HTTPWire

    private static let mediaType = "application/a2a+json"
    private static let accept = "application/a2a+json, application/json"

    func call(_ call: WireCall, events: EventLog, trace: WireTrace) async -> Exchange {
        guard let request = self.request(call) else {
            return Exchange(.inexpressible("the parameters of \(call.operation.rawValue) cannot be put into a query"))
        }
        do {
            guard call.operation.isStreaming else {
                let answer = try await self.http.send(request, deadline: call.deadline, trace: trace)
                return Self.exchange(answer)
            }
            let exchange = try await self.stream(request, call, events, trace)
            // The specification's text has POST for subscriptions, its proto and ACTS have GET; both are right.
            guard call.operation == .subscribeToTask, exchange.isUnknownRoute else { return exchange }
            var other = request
            other.method = "GET"
            other.body = nil
            other.headers.removeAll { $0.name == "Content-Type" }
            trace.add(.note, "POST is not served here; trying GET")
            return try await self.stream(other, call, events, trace)
        } catch {
            return Exchange(error.outcome)
        }
    }

    private func stream(
        _ request: HTTPWire.Request, _ call: WireCall, _ events: EventLog, _ trace: WireTrace
    ) async throws(HTTPWire.Failure) -> Exchange {
        let answer = try await self.http.stream(
            request, deadline: call.deadline, trace: trace, hold: events.hold
        ) { data in Self.take(data, call, events) }
        switch answer {
        case .plain(let answer):
            var exchange = Self.exchange(answer)
            if case .answer = exchange.outcome {
                let type = answer.contentType ?? "no content type"
                exchange.outcome = .invalid("a stream of text/event-stream was due, but one answer of \(type) came")
            }
            return exchange
        case .events(let headers, let end): return JSONRPCBinding.streamed(events.events, end, headers)
        }
    }

    private static func take(_ data: [UInt8], _ call: WireCall, _ events: EventLog) -> StreamEnd? {
        do {
            let value = try JSONValue(parsing: data)
            if let error = Self.error(value, status: nil) { return .error(error) }
            return events.end(adding: value, stopAfter: call.stopAfter)
        } catch {
            return .invalid("an event is not JSON: \(error.description)")
        }
    }

    // MARK: Requests

    private func request(_ call: WireCall) -> HTTPWire.Request? {
        guard case .object(var params) = call.params else { return nil }
        var path = self.url.hasSuffix("/") ? String(self.url.dropLast()) : self.url
        if let tenant = params.removeValue(forKey: "tenant")?.string, !tenant.isEmpty {
            path += "/" + PercentEncoding.encode(tenant)
        }
        func segment(_ name: String) -> String {
            PercentEncoding.encode(params.removeValue(forKey: name)?.textOrJSON ?? "")
        }
        var method = "GET"
        switch call.operation {
        case .sendMessage: (method, path) = ("POST", path + "/message:send")
        case .sendStreamingMessage: (method, path) = ("POST", path + "/message:stream")
        case .getTask: path += "/tasks/\(segment("id"))"
        case .listTasks: path += "/tasks"
        case .cancelTask: (method, path) = ("POST", path + "/tasks/\(segment("id")):cancel")
        case .subscribeToTask: (method, path) = ("POST", path + "/tasks/\(segment("id")):subscribe")
        case .getAgentCard: return nil
        case .getExtendedAgentCard: path += "/extendedAgentCard"
        case .createPushConfig: (method, path) = ("POST", path + "/tasks/\(segment("taskId"))/pushNotificationConfigs")
        case .listPushConfigs: path += "/tasks/\(segment("taskId"))/pushNotificationConfigs"
        case .getPushConfig, .deletePushConfig:
            path += "/tasks/\(segment("taskId"))/pushNotificationConfigs/\(segment("id"))"
            if call.operation == .deletePushConfig { method = "DELETE" }
        }
        let accept = call.operation.isStreaming ? "text/event-stream" : Self.accept
        var request = HTTPWire.Request(method: method, url: path, headers: [("Accept", accept)] + call.headers)
        if method == "POST" {
            request.headers.insert(("Content-Type", Self.mediaType), at: 0)
            request.body = JSONValue.object(params).bytes
        } else {
            guard let query = Self.query(params) else { return nil }
            request.url += query
        }
        return request
    }

    /// The query of a request without a body (§11.5); `nil` if it would need nested objects.
    static func query(_ params: [String: JSONValue]) -> String? {
        var pairs: [String] = []
        for (name, value) in params.sorted(by: { $0.key < $1.key }) {
            let values: [JSONValue] = value.elements ?? [value]
            for value in values {
                guard value.members == nil, value.elements == nil else { return nil }
                pairs.append("\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value.textOrJSON))")
            }
        }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    // MARK: Answers

    static func exchange(_ answer: HTTPWire.Answer) -> Exchange {
        let value = answer.body.isEmpty ? JSONValue.object([:]) : try? JSONValue(parsing: answer.body)
        let outcome: Exchange.Outcome =
            if (200..<300).contains(answer.status) {
                value.map { .answer($0) } ?? .invalid("the answer is not JSON")
            } else {
                .error(
                    value.flatMap { Self.error($0, status: answer.status) }
                        ?? WireError(code: answer.status, httpStatus: answer.status, message: nil))
            }
        return Exchange(outcome, status: answer.status, headers: answer.headers)
    }

    /// The error that an answer says (§11.6), if it says one.
    private static func error(_ value: JSONValue, status: Int?) -> WireError? {
        guard let error = value["error"], error.members != nil else { return nil }
        return WireError(
            code: error["code"]?.int ?? status ?? 0, httpStatus: status ?? error["code"]?.int,
            message: error["message"]?.string, details: error["details"]?.elements ?? [])
    }
}

extension Exchange {
    /// Whether the agent has no such route, rather than no such task.
    fileprivate var isUnknownRoute: Bool {
        guard case .error(let error) = self.outcome else { return false }
        return error.httpStatus == 405 || (error.httpStatus == 404 && error.reason == nil)
    }
}
