import A2A

extension TestExecution {
    /// Judges what came of a step, and keeps it for the steps after it.
    func judge(_ step: Step, _ exchange: Exchange, _ duration: Duration, _ state: inout State) -> Verdict {
        switch exchange.outcome {
        case .unreachable(let reason): return .error(reason)
        case .inexpressible(let reason): return .skip(reason)
        case .noAnswer(let reason):
            guard ContinuousClock.now < self.deadline else { return .error("the time limit of the run was over") }
            var failure = self.failure(step, expected: "an answer", actual: reason)
            failure.isSilence = true
            return .fail(failure)
        case .invalid(let reason):
            return .fail(self.failure(step, expected: "an answer of \(self.peer.binding.title)", actual: reason))
        default: break
        }
        self.keep(step, exchange, duration, &state)
        do {
            if let failure = try self.expectations(step, exchange, state) { return .fail(failure) }
        } catch {
            return Self.verdict(error, step: step.id, line: step.line)
        }
        if let failure = self.timing(step, duration) { return .fail(failure) }
        if !step.capture.isEmpty {
            var view: EventView?
            if case .stream(let events, _) = exchange.outcome { view = EventView(events) }
            if case .fail(let failure) = self.capture(step, view, &state) { return .fail(failure) }
        }
        if case .fail(let failure) = self.check(step.assertions, state, step: step.id) { return .fail(failure) }
        return self.look(step, state)
    }

    /// Looks an answer through for what has no words in assertions.
    private func look(_ step: Step, _ state: State) -> Verdict {
        let record = state.variables.steps[step.id]
        for check in step.checks {
            guard let value = record?.others["events"] ?? record?.response else {
                return .fail(self.failure(step, expected: "an answer", actual: Mismatch.text(record?.others["error"])))
            }
            guard let mismatch = check.mismatch(in: value) else { continue }
            return .fail(Failure(mismatch, "the check \(check.rawValue) does not hold", step: step.id, line: step.line))
        }
        return .pass
    }

    private func failure(_ step: Step, expected: String, actual: String, line: Int? = nil) -> Failure {
        Failure(
            "expected \(expected), got \(actual)", stepID: step.id, expected: expected, actual: actual,
            line: line ?? step.line)
    }

    private func keep(_ step: Step, _ exchange: Exchange, _ duration: Duration, _ state: inout State) {
        var record = StepRecord()
        record.captured = state.variables.steps[step.id]?.captured ?? [:]
        record.others["duration_ms"] = .integer(Int64(duration.milliseconds))
        record.others["headers"] = .object(exchange.headers.mapValues { .string($0) })
        if let status = exchange.status { record.others["status"] = .integer(Int64(status)) }
        switch exchange.outcome {
        case .answer(let value):
            record.response = value
            record.others["outcome"] = ["response": value]
            record.others["events"] = Self.events(value, exchange)
        case .error(let error):
            record.others["error"] = error.json
            record.others["outcome"] = ["error": error.json]
        case .stream(let events, let end):
            record.response = .array(EventView(events).all)
            record.others["events"] = .array(events.map(\.value))
            record.others["final_event"] = EventView(events).final
            if case .error(let error) = end { record.others["error"] = error.json }
        default: break
        }
        state.variables.steps[step.id] = record
    }

    /// What an event stream that came in answer to a raw request holds; `nil` if the answer is none.
    private static func events(_ value: JSONValue, _ exchange: Exchange) -> JSONValue? {
        guard let text = value.string, exchange.headers["content-type"]?.hasPrefix("text/event-stream") ?? false
        else { return nil }
        var parser = SSEParser()
        guard let events = try? parser.push(Array(text.utf8)) else { return nil }
        return .array(
            events.map { (try? JSONValue(parsing: $0.data)) ?? .string(String(decoding: $0.data, as: UTF8.self)) })
    }

    private func timing(_ step: Step, _ duration: Duration) -> Failure? {
        if let most = step.timing.most, duration > .milliseconds(most) {
            return self.failure(step, expected: "an end within \(most) ms", actual: duration.seconds)
        }
        if let least = step.timing.least, duration < .milliseconds(least) {
            return self.failure(step, expected: "an end after \(least) ms at the earliest", actual: duration.seconds)
        }
        return nil
    }

    // MARK: Expectations

    private func expectations(
        _ step: Step, _ exchange: Exchange, _ state: State
    ) throws(UnresolvedVariable) -> Failure? {
        if let expected = step.expectError {
            return try self.check(expected, step, exchange, state)
        }
        var stream: StreamExpectation?
        if case .call(let call) = step.action { stream = call.stream }
        guard step.expect != nil || stream != nil else { return nil }
        switch exchange.outcome {
        case .error(let error):
            if let failure = try self.checkStatus(of: error, step, exchange, state) { return failure }
            return nil
        case .stream(let events, let end):
            if let stream, let mismatch = try stream.check(events, end, state.variables.resolve) {
                return Failure(mismatch, "the stream is not as it must be", step: step.id, line: stream.line)
            }
        default: break
        }
        guard let expect = step.expect else { return nil }
        return try self.check(expect, step, exchange, state)
    }

    /// An error where an answer was due is a failure, unless its status was.
    private func checkStatus(
        of error: WireError, _ step: Step, _ exchange: Exchange, _ state: State
    ) throws(UnresolvedVariable) -> Failure? {
        guard let status = step.expect?.status else {
            return self.failure(step, expected: "an answer", actual: error.summary, line: step.expect?.line)
        }
        let actual = error.equivalentStatus(on: self.peer.binding)
        guard let mismatch = try status.check(.integer(Int64(actual)), state.variables.resolve) else {
            return try step.expect.flatMap { expect throws(UnresolvedVariable) in
                try self.check(headers: expect, step, exchange, state)
            }
        }
        return self.failure(
            step, expected: "the status \(mismatch.expected)", actual: error.summary, line: status.line)
    }

    private func check(
        _ expect: ExpectBlock, _ step: Step, _ exchange: Exchange, _ state: State
    ) throws(UnresolvedVariable) -> Failure? {
        let resolve: Assertion.Resolve = state.variables.resolve
        let status = JSONValue.integer(Int64(exchange.status ?? 200))
        if let assertion = expect.status {
            if let mismatch = try assertion.check(status, resolve) {
                return Failure(mismatch, "the status is wrong", step: step.id, line: assertion.line)
            }
        } else if step.isRaw, status != 200 {
            return self.failure(step, expected: "the status 200", actual: "\(status)", line: expect.line)
        }
        if let body = expect.body {
            var value: JSONValue?
            if case .answer(let answer) = exchange.outcome { value = answer }
            if let mismatch = try body.check(value, resolve) {
                return Failure(mismatch, "the answer is wrong", step: step.id, line: body.line)
            }
        }
        return try self.check(headers: expect, step, exchange, state)
    }

    private func check(
        headers expect: ExpectBlock, _ step: Step, _ exchange: Exchange, _ state: State
    ) throws(UnresolvedVariable) -> Failure? {
        for (name, assertion) in expect.headers {
            let value = exchange.headers[name].map(JSONValue.string)
            if let mismatch = try assertion.check(value, state.variables.resolve) {
                return Failure(
                    mismatch.under("headers.\(name)"), "the header is wrong", step: step.id, line: assertion.line)
            }
        }
        return nil
    }

    private func check(
        _ expected: ExpectError, _ step: Step, _ exchange: Exchange, _ state: State
    ) throws(UnresolvedVariable) -> Failure? {
        let binding = self.peer.binding
        let wanted = expected.type.description(on: binding)
        let error: WireError
        switch exchange.outcome {
        case .error(let came): error = came
        case .answer(let value):
            guard step.isRaw, let came = WireError(raw: value, exchange, binding) else {
                return self.failure(
                    step, expected: wanted, actual: "the answer \(Mismatch.text(value))", line: expected.line)
            }
            error = came
        case .stream(let events, let end):
            guard case .error(let came) = end else {
                return self.failure(
                    step, expected: wanted, actual: "a stream of \(StreamExpectation.list(events))",
                    line: expected.line)
            }
            error = came
        default: return nil
        }
        if let problem = expected.type.mismatch(error, on: binding) {
            return self.failure(step, expected: wanted, actual: problem, line: expected.line)
        }
        let message = error.message.map(JSONValue.string)
        if let mismatch = try expected.message?.check(message, state.variables.resolve) {
            return Failure(
                mismatch.under("message"), "the error is wrong", step: step.id, line: expected.line)
        }
        if let mismatch = try expected.details?.check(error.detailsView, state.variables.resolve) {
            return Failure(
                mismatch.under("details"), "the error is wrong", step: step.id, line: expected.line)
        }
        return nil
    }

    // MARK: Capture

    /// Keeps what later steps use (ACTS §8.2). In a stream a path is that of the first event that has it.
    func capture(_ step: Step, _ view: EventView?, _ state: inout State) -> Verdict {
        var record = state.variables.steps[step.id] ?? StepRecord()
        for (name, path) in step.capture {
            var value: JSONValue?
            if let view {
                let roots: JSONValue = ["events": .array(view.all), "final_event": view.final ?? .null]
                value = path.first(in: roots) ?? view.all.lazy.compactMap { path.first(in: $0) }.first
            } else {
                value = record.response.flatMap { path.first(in: $0) }
            }
            guard let value else {
                return .fail(
                    Failure(
                        "'\(name)' cannot be captured: there is no \(path) in \(Mismatch.text(record.response))",
                        stepID: step.id, expected: "a value at \(path)", actual: "nothing", path: path.description,
                        line: step.line))
            }
            record.captured[name] = value
        }
        state.variables.steps[step.id] = record
        return .pass
    }
}

extension WireError {
    /// The error in the answer to a raw request.
    init?(raw value: JSONValue, _ exchange: Exchange, _ binding: TransportBinding) {
        let status = exchange.status ?? 0
        if let error = value["error"], error.members != nil {
            let details = binding == .jsonrpc ? error["data"] : error["details"]
            self.init(
                code: error["code"]?.int ?? status, httpStatus: status, message: error["message"]?.string,
                details: details?.elements ?? details.map { [$0] } ?? [])
        } else {
            guard status >= 400 else { return nil }
            self.init(code: status, httpStatus: status, message: nil)
        }
    }

    /// The HTTP status that says the same where the binding has none of its own (A2A §5.4).
    func equivalentStatus(on binding: TransportBinding) -> Int {
        switch binding {
        case .rest: return self.httpStatus ?? self.code
        case .jsonrpc:
            if let status = self.httpStatus, status >= 400 { return status }
            return ErrorCodes.status(jsonRPC: self.code)
        case .grpc: return self.reason.flatMap(ErrorCodes.status(reason:)) ?? ErrorCodes.status(grpc: self.code)
        case .tcp: return ErrorCodes.status(jsonRPC: self.code)
        }
    }
}
