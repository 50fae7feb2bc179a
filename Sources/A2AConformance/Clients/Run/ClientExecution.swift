import A2A

/// One test of a client over one binding: the agent is played, the client is told what to do, and both sides are compared with
/// what the test says.
struct ClientExecution: Sendable {
    let suite: Suite
    let test: Test
    let binding: TransportBinding
    let harness: any ClientHarness
    let configuration: RunConfiguration
    let notifier: any Notifier

    /// How a case ends.
    enum Ending: Sendable {
        case verdict(TestExecution.Verdict)
        /// The harness is of no more use.
        case harnessFailed(HarnessFailure)
    }

    func run() async -> (result: CaseResult, failure: HarnessFailure?) {
        let start = ContinuousClock.now
        var result = CaseResult(suite: self.suite.id, test: self.test, binding: self.binding, outcome: .pass)
        do {
            let (ending, steps) = try await PlayedAgent.run(self.test.agent, over: self.binding) { agent in
                await self.run(agent)
            }
            result.steps = steps
            result.duration = ContinuousClock.now - start
            switch ending {
            case .verdict(.pass): break
            case .verdict(.fail(let failure)):
                result.outcome = .fail
                result.failure = failure
            case .verdict(.skip(let reason)):
                result.outcome = .skip
                result.reason = reason
            case .verdict(.error(let reason)):
                result.outcome = .error
                result.reason = reason
            case .harnessFailed(let failure):
                result.outcome = .error
                result.reason = failure.description
                return (result, failure)
            }
        } catch {
            result.outcome = .error
            result.reason = "the agent cannot be played here: \(error)"
        }
        return (result, nil)
    }

    private func run(_ agent: PlayedAgent) async -> (Ending, [StepResult]) {
        var variables = Variables(document: self.suite.variables, environment: self.configuration.environment)
        variables.steps["agent"] = StepRecord(response: [:], captured: ["url": .string(agent.url)])
        var results: [StepResult] = []
        for step in self.test.steps {
            let start = ContinuousClock.now
            let trace = WireTrace(Redactor())
            let ending: Ending
            do throws(HarnessFailure) {
                ending = .verdict(try await self.perform(step, agent, &variables, trace))
            } catch {
                ending = .harnessFailed(error)
            }
            let failure: Failure? = if case .verdict(.fail(let failure)) = ending { failure } else { nil }
            let outcome: Outcome =
                switch ending {
                case .verdict(.pass): .pass
                case .verdict(.fail): .fail
                case .verdict(.skip): .skip
                default: .error
                }
            let lines = trace.entries.map { TraceLine(mark: $0.direction.rawValue, text: $0.text) }
            results.append(
                StepResult(
                    id: step.id, outcome: outcome, duration: ContinuousClock.now - start, failure: failure,
                    trace: lines))
            guard case .verdict(.pass) = ending else { return (ending, results) }
        }
        return (.verdict(Self.check(self.test.assertions, variables, step: nil)), results)
    }

    // MARK: Steps

    private func perform(
        _ step: Step, _ agent: PlayedAgent, _ variables: inout Variables, _ trace: WireTrace
    ) async throws(HarnessFailure) -> TestExecution.Verdict {
        switch step.action {
        case .assertion(let assertion): return Self.check([assertion], variables, step: nil)
        case .client(let client):
            return try await self.perform(step, client, agent, &variables, trace)
        default: return .error("the step is none for clients")
        }
    }

    private func perform(
        _ step: Step, _ client: Step.ClientResponse, _ agent: PlayedAgent, _ variables: inout Variables,
        _ trace: WireTrace
    ) async throws(HarnessFailure) -> TestExecution.Verdict {
        let wanted = client.client
        let operation = client.operation.operation?.rawValue ?? "card"
        agent.log.begin(operation, payload: client.payload, self.exchanges(client), trace)
        var command = HarnessCommand(
            operation: wanted.harnessOperation ?? client.operation.rawValue, card: agent.url,
            binding: self.binding.cardName)
        do {
            let request = wanted.request ?? ClientExpectations.usualRequest(client.operation)
            command.request = try variables.resolve(request)
        } catch {
            return .fail(Failure(error.description, stepID: step.id, line: step.line))
        }
        command.extensions = wanted.extensions
        command.credentials = wanted.credentials
        command.trust = agent.trust
        command.timeoutMilliseconds = wanted.timeoutMilliseconds ?? HarnessCommand.defaultTimeout
        command.maxEvents = wanted.maxEvents
        trace.add(.note, "asked: \(Self.shown(command))")
        let start = ContinuousClock.now
        let answer = try await self.harness.perform(command)
        let duration = ContinuousClock.now - start
        if let parsed = answer.parsed { trace.add(.note, "the client has: \(parsed)") }
        if answer.events == nil, let error = answer.error { trace.add(.note, "the client reports: \(error)") }
        variables.steps[step.id] = Self.record(answer, agent, duration)
        do throws(UnresolvedVariable) {
            if let failure = try self.judge(step, client, answer, variables) { return .fail(failure) }
            if let failure = Self.timing(step, duration) { return .fail(failure) }
            let url = answer.result?["url"]?.string ?? ""
            for notification in wanted.notifications {
                if let failure = try await self.notify(step, notification, url, variables, trace) {
                    return .fail(failure)
                }
            }
        } catch {
            return .fail(Failure(error.description, stepID: step.id, line: step.line))
        }
        return Self.check(step.assertions, variables, step: step.id)
    }

    /// The card of a `get_agent_card` step is its payload, unless the step says otherwise.
    private func exchanges(_ client: Step.ClientResponse) -> [PlayedExchange] {
        guard client.operation == .getAgentCard, client.client.harnessOperation == nil, client.payload != .null else {
            return client.client.exchanges
        }
        let card = client.payload["jsonrpc"] == nil ? client.payload : client.payload["result"]
        let exchanges = client.client.exchanges.isEmpty ? [PlayedExchange()] : client.client.exchanges
        return exchanges.map { exchange in
            var exchange = exchange
            exchange.answer = exchange.answer ?? card
            return exchange
        }
    }

    private static func shown(_ command: HarnessCommand) -> JSONValue {
        var json = command.json(id: "")
        json["id"] = nil
        if json["trust"] != nil { json["trust"] = "(an authority's certificate)" }
        return json
    }

    private static func record(_ answer: HarnessAnswer, _ agent: PlayedAgent, _ duration: Duration) -> StepRecord {
        var record = StepRecord(response: answer.parsed)
        record.others["duration_ms"] = .integer(Int64(duration.milliseconds))
        record.others["requests"] = agent.log.requests
        record.others["card_requests"] = agent.log.cardRequests
        let names = agent.log.requests.elements?.compactMap { $0["operation"]?.string } ?? []
        record.others["sent"] = .object(
            Dictionary(names.map { ($0, 1) }) { $0 + $1 }.mapValues { .integer(Int64($0)) })
        record.others["connections"] = .integer(Int64(agent.log.connections))
        if let error = answer.error { record.others["error"] = error }
        if let events = answer.events { record.others["events"] = .array(events) }
        return record
    }

    // MARK: Judging

    private func judge(
        _ step: Step, _ client: Step.ClientResponse, _ answer: HarnessAnswer, _ variables: Variables
    ) throws(UnresolvedVariable) -> Failure? {
        let wanted = client.client
        let resolve: Assertion.Resolve = variables.resolve
        let record = variables.steps[step.id]
        // What the client sent comes first: if it is wrong, the rest follows from it.
        for (assertion, name, title) in [
            (wanted.cardRequests, "card_requests", "the client asked for the card in another way"),
            (wanted.requests, "requests", "the client sent something else"),
        ] {
            guard let assertion else { continue }
            if let mismatch = try assertion.check(record?.others[name], resolve) {
                return Failure(mismatch.under(name), title, step: step.id, line: assertion.line)
            }
        }
        if let wantedError = wanted.error {
            guard let error = answer.error else {
                return Failure(
                    "expected an error, got an answer", stepID: step.id, expected: "an error that the client reports",
                    actual: Mismatch.text(answer.parsed), line: wantedError.line)
            }
            if let mismatch = try wantedError.check(error, resolve) {
                return Failure(
                    mismatch.under("error"), "the client reports another error", step: step.id, line: wantedError.line)
            }
            // With an error, what was parsed before it is of interest only where something is said of it.
            if answer.parsed == nil { return nil }
        } else if let error = answer.error, !wanted.isEither {
            return Failure(
                "the client reports an error", stepID: step.id, expected: "no error", actual: Mismatch.text(error),
                line: step.line)
        }
        if wanted.isEither, answer.error != nil { return nil }
        if let mismatch = try client.parsed.check(answer.parsed, resolve) {
            return Failure(
                mismatch, "the client made something else of the answer", step: step.id, line: client.parsed.line)
        }
        return nil
    }

    private static func timing(_ step: Step, _ duration: Duration) -> Failure? {
        if let most = step.timing.most, duration > .milliseconds(most) {
            return Failure(
                "it took too long", stepID: step.id, expected: "an end within \(most) ms", actual: duration.seconds,
                line: step.line)
        }
        if let least = step.timing.least, duration < .milliseconds(least) {
            return Failure(
                "it ended too early", stepID: step.id, expected: "an end after \(least) ms at the earliest",
                actual: duration.seconds, line: step.line)
        }
        return nil
    }

    private static func check(
        _ assertions: [NamedAssertion], _ variables: Variables, step: String?
    )
        -> TestExecution.Verdict
    {
        for assertion in assertions {
            do {
                let source = try variables.source(assertion.source, current: step)
                if let mismatch = try assertion.check(source, variables.resolve) {
                    return .fail(
                        Failure(
                            mismatch, "the assertion on \(assertion.source) does not hold", step: step,
                            line: assertion.line))
                }
            } catch {
                return .fail(Failure(error.description, stepID: step, line: assertion.line))
            }
        }
        return .pass
    }

    // MARK: Push notifications

    private func notify(
        _ step: Step, _ notification: PlayedNotification, _ url: String, _ variables: Variables, _ trace: WireTrace
    ) async throws(UnresolvedVariable) -> Failure? {
        let body = try variables.resolve(notification.body)
        let fields = notification.headers.map { "\n\($0.name): \($0.value)" }.joined()
        trace.add(.sent, "\(notification.method) \(url)\(fields)\n\n\(body)")
        let status: Int
        do {
            status = try await self.notifier.notify(
                url, method: notification.method, headers: notification.headers, body: body.bytes)
        } catch {
            return Failure(
                "the receiver does not answer", stepID: step.id, expected: "an answer", actual: "\(error)",
                line: notification.line)
        }
        trace.add(.received, "status \(status)")
        let actual = JSONValue.integer(Int64(status))
        guard let mismatch = try notification.status.check(actual, variables.resolve) else { return nil }
        return Failure(mismatch, "the status is wrong", step: step.id, line: notification.line)
    }
}

/// Sends push notifications to the receiver of a client.
protocol Notifier: Sendable {
    /// - Returns: The status of the answer.
    func notify(
        _ url: String, method: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> Int
}
