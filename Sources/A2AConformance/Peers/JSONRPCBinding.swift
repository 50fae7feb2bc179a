import A2A

/// An agent over JSON-RPC (§9). Envelopes are judged strictly, what is in them is passed on as it is.
struct JSONRPCBinding: AgentBinding {
    let binding = TransportBinding.jsonrpc
    let url: String
    let tenant: String
    let http: HTTPWire

    func call(_ call: WireCall, events: EventLog, trace: WireTrace) async -> Exchange {
        guard let operation = call.operation.operation else {
            return Exchange(.inexpressible("\(call.operation.rawValue) is no operation of JSON-RPC"))
        }
        let id = Identifier.make()
        let envelope: JSONValue = [
            "jsonrpc": "2.0", "id": .string(id), "method": .string(operation.rawValue), "params": call.params,
        ]
        let accept = call.operation.isStreaming ? "text/event-stream" : "application/json"
        let request = HTTPWire.Request(
            method: "POST", url: self.url,
            headers: [("Content-Type", "application/json"), ("Accept", accept)] + call.headers, body: envelope.bytes)
        do {
            guard call.operation.isStreaming else {
                let answer = try await self.http.send(request, deadline: call.deadline, trace: trace)
                return Self.exchange(answer, id: id)
            }
            let answer = try await self.http.stream(
                request, deadline: call.deadline, trace: trace, hold: events.hold
            ) { data in
                Self.take(data, id: id, call, events)
            }
            switch answer {
            case .plain(let answer):
                var exchange = Self.exchange(answer, id: id)
                if case .answer = exchange.outcome {
                    let type = answer.contentType ?? "no content type"
                    exchange.outcome = .invalid("a stream of text/event-stream was due, but one answer of \(type) came")
                }
                return exchange
            case .events(let headers, let end):
                return Self.streamed(events.events, end, headers)
            }
        } catch {
            return Exchange(error.outcome)
        }
    }

    /// A stream; one that begins with an error is an error.
    static func streamed(_ events: [StreamedEvent], _ end: StreamEnd, _ headers: [String: String]) -> Exchange {
        if case .error(let error) = end, events.isEmpty {
            return Exchange(.error(error), status: 200, headers: headers)
        }
        return Exchange(.stream(events, end), status: 200, headers: headers)
    }

    // MARK: Envelopes

    private static func take(_ data: [UInt8], id: String, _ call: WireCall, _ events: EventLog) -> StreamEnd? {
        switch Self.open(data, id: id) {
        case .failure(let problem): return .invalid("an event is no JSON-RPC answer: \(problem.reason)")
        case .success(.error(let error)): return .error(error)
        case .success(.result(let value)): return events.end(adding: value, stopAfter: call.stopAfter)
        }
    }

    private static func exchange(_ answer: HTTPWire.Answer, id: String) -> Exchange {
        let outcome: Exchange.Outcome
        switch Self.open(answer.body, id: id) {
        case .success(.result(let value)):
            outcome =
                answer.status == 200
                ? .answer(value) : .invalid("a result came with the HTTP status \(answer.status), not 200")
        case .success(.error(var error)):
            error.httpStatus = answer.status
            outcome = .error(error)
        case .failure(let problem):
            // HTTP itself may refuse: the caller is unknown, the body too large, the media type wrong.
            outcome =
                answer.status >= 400
                ? .error(
                    WireError(
                        code: answer.status, httpStatus: answer.status, message: "no JSON-RPC error: \(problem.reason)")
                )
                : .invalid("the answer is no JSON-RPC answer: \(problem.reason)")
        }
        return Exchange(outcome, status: answer.status, headers: answer.headers)
    }

    enum Content: Sendable {
        case result(JSONValue)
        case error(WireError)
    }

    struct Problem: Error { let reason: String }

    /// Opens an envelope (JSON-RPC 2.0 §5).
    static func open(_ bytes: [UInt8], id: String) -> Result<Content, Problem> {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            return .failure(Problem(reason: "not JSON: \(error.description)"))
        }
        guard let members = value.members else { return .failure(Problem(reason: "not an object")) }
        guard members["jsonrpc"] == "2.0" else {
            return .failure(Problem(reason: "jsonrpc is \(Mismatch.text(members["jsonrpc"])), not \"2.0\""))
        }
        if let error = members["error"], error != .null {
            guard members["result"] == nil else { return .failure(Problem(reason: "it has both result and error")) }
            guard let code = error["code"]?.int else { return .failure(Problem(reason: "its error has no code")) }
            // An error about a request that could not be read has the id null.
            guard members["id"] == .string(id) || members["id"] == .null else {
                return .failure(Problem(reason: "its id is \(Mismatch.text(members["id"])), not \"\(id)\""))
            }
            let data = error["data"]
            let details = data?.elements ?? data.map { [$0] } ?? []
            return .success(.error(WireError(code: code, message: error["message"]?.string, details: details)))
        }
        guard members["id"] == .string(id) else {
            return .failure(Problem(reason: "its id is \(Mismatch.text(members["id"])), not \"\(id)\""))
        }
        guard let result = members["result"] else {
            return .failure(Problem(reason: "it has neither result nor error"))
        }
        return .success(.result(result))
    }
}

extension EventLog {
    /// Adds an event and tells whether the stream is read on.
    func end(adding value: JSONValue, stopAfter: Int?) -> StreamEnd? {
        let count = self.add(value)
        if let stopAfter, count >= stopAfter { return .stopped }
        return count >= Self.maxEvents ? .invalid("more than \(Self.maxEvents) events came") : nil
    }
}
