/// One test over one binding.
struct TestExecution: Sendable {
    let suite: Suite
    let test: Test
    let agent: AgentUnderTest
    let peer: any AgentBinding
    let http: HTTPWire
    let configuration: RunConfiguration
    let redactor: Redactor
    /// When the run is over.
    let deadline: ContinuousClock.Instant
    /// Takes push notifications, if the test needs that.
    var receiver: WebhookReceiver?

    /// What a step came to.
    enum Verdict: Sendable {
        case pass
        case fail(Failure)
        case skip(String)
        case error(String)
    }

    /// Streams that run beside the steps.
    typealias Group = TaskGroup<Void>

    /// What the steps have in common.
    struct State: Sendable {
        var variables: Variables
        /// Streams in the background, by their steps.
        var background: [String: [BackgroundStream]] = [:]
        var results: [StepResult] = []
        /// Connections of `x-tcp`, by their names.
        var sessions: [String: FrameSession] = [:]
    }

    /// What becomes of a step whose texts cannot be put together, or not be searched.
    static func verdict(_ error: UnresolvedVariable, step: String?, line: Int) -> Verdict {
        error.isUndecided
            ? .error(error.description) : .fail(Failure(error.description, stepID: step, line: line))
    }

    func run() async -> CaseResult {
        await Expression.$budget.withValue(SearchBudget()) { await self.runWithReceiver() }
    }

    private func runWithReceiver() async -> CaseResult {
        guard self.test.runnerRequirements.contains(.webhookEndpoint) else { return await self.runHere() }
        do {
            return try await WebhookReceiver.run { receiver in
                var execution = self
                execution.receiver = receiver
                return await execution.runHere()
            }
        } catch {
            var result = CaseResult(
                suite: self.suite.id, test: self.test, binding: self.peer.binding, outcome: .error)
            result.reason = "there is no receiver for push notifications: \(error)"
            return result
        }
    }

    private func runHere() async -> CaseResult {
        let start = ContinuousClock.now
        var result = CaseResult(
            suite: self.suite.id, test: self.test, binding: self.peer.binding, outcome: .pass)
        var environment = self.configuration.environment
        environment["A2A_BASE_URL"] = self.agent.origin
        var document = self.suite.variables
        if document["baseUrl"] == nil { document["baseUrl"] = self.agent.origin }
        var variables = Variables(document: document, environment: environment)
        if let receiver = self.receiver {
            variables.steps["webhook"] = StepRecord(response: [], captured: ["url": .string(receiver.url)])
        }
        let initial = State(variables: variables)
        let (verdict, steps) = await withTaskGroup(of: Void.self) { group in
            var state = initial
            let verdict = await self.runSteps(&state, &group)
            for session in state.sessions.values { await session.close() }
            group.cancelAll()
            return (verdict, state.results)
        }
        result.steps = steps
        switch verdict {
        case .pass: break
        case .fail(let failure):
            result.outcome = .fail
            result.failure = failure
        case .skip(let reason):
            result.outcome = .skip
            result.reason = reason
        case .error(let reason):
            result.outcome = .error
            result.reason = reason
        }
        result.duration = ContinuousClock.now - start
        return result
    }

    private func runSteps(_ state: inout State, _ group: inout Group) async -> Verdict {
        for step in self.test.steps {
            for id in step.awaits {
                if let verdict = await self.finish(id, &state) { return verdict }
            }
            guard ContinuousClock.now < self.deadline else { return .error("the time limit of the run was over") }
            let start = ContinuousClock.now
            let trace = WireTrace(self.redactor)
            var verdict = await self.perform(step, &state, &group, trace)
            if case .pass = verdict, step.checks.contains(.signaturesVerify) {
                verdict = await self.verifySignatures(step, state.variables.steps[step.id]?.response, trace)
            }
            self.note(step.id, verdict, ContinuousClock.now - start, trace, &state)
            if case .pass = verdict { continue }
            return verdict
        }
        for step in self.test.steps where step.isBackground && !step.isHeld {
            if let verdict = await self.finish(step.id, &state) { return verdict }
        }
        if let failure = self.checkOrder(state) { return .fail(failure) }
        return self.check(self.test.assertions, state, step: nil)
    }

    private func note(
        _ id: String, _ verdict: Verdict, _ duration: Duration, _ trace: WireTrace, _ state: inout State
    ) {
        let (outcome, failure): (Outcome, Failure?) =
            switch verdict {
            case .pass: (.pass, nil)
            case .fail(let failure): (.fail, failure)
            case .skip: (.skip, nil)
            case .error: (.error, nil)
            }
        let lines = trace.entries.map { TraceLine(mark: $0.direction.rawValue, text: $0.text) }
        state.results.append(
            StepResult(id: id, outcome: outcome, duration: duration, failure: failure, trace: lines))
    }

    // MARK: Background streams

    /// Waits for the background streams of a step and judges them; `nil` if all is well.
    private func finish(_ id: String, _ state: inout State) async -> Verdict? {
        guard let streams = state.background.removeValue(forKey: id),
            let step = self.test.steps.first(where: { $0.id == id })
        else { return nil }
        var records: [StepRecord] = []
        for (number, stream) in streams.enumerated() {
            let start = ContinuousClock.now
            let exchange = await stream.result()
            let verdict = self.judge(step, exchange, stream.duration, &state)
            let name = streams.count == 1 ? "\(id) (end)" : "\(id) (end of \(number + 1))"
            self.note(name, verdict, ContinuousClock.now - start, stream.trace, &state)
            guard case .pass = verdict else { return verdict }
            if let record = state.variables.steps[id] { records.append(record) }
        }
        if records.count > 1 { state.variables.steps[id] = StepRecord(of: records) }
        return nil
    }

    private func checkOrder(_ state: State) -> Failure? {
        let streams = self.test.sameOrder.flatMap { id -> [(id: String, events: [StreamedEvent])] in
            let others = state.variables.steps[id]?.others ?? [:]
            let all = others["streams"]?.elements ?? others["events"].map { [$0] } ?? []
            return all.enumerated().map { number, events in
                let name = all.count == 1 ? id : "\(id) (\(number + 1))"
                return (name, (events.elements ?? []).map { StreamedEvent(value: $0, offset: .zero) })
            }
        }
        for (left, right) in zip(streams, streams.dropFirst()) {
            guard let mismatch = SameOrder.difference(left, right) else { continue }
            return Failure(mismatch, "the streams differ", step: nil, line: self.test.line)
        }
        return nil
    }

    // MARK: Assertions

    func check(_ assertions: [NamedAssertion], _ state: State, step: String?) -> Verdict {
        for assertion in assertions {
            do {
                let source = try state.variables.source(assertion.source, current: step)
                if let mismatch = try assertion.check(source, state.variables.resolve) {
                    let name = assertion.id.map { "'\($0)' " } ?? ""
                    return .fail(
                        Failure(
                            mismatch, "assertion \(name)on \(assertion.source) does not hold", step: step,
                            line: assertion.line))
                }
            } catch {
                return Self.verdict(error, step: step, line: assertion.line)
            }
        }
        return .pass
    }
}

extension Failure {
    init(_ mismatch: Mismatch, _ what: String, step: String?, line: Int?) {
        let place = mismatch.path.isEmpty ? "" : " at \(mismatch.path)"
        self.init(
            "\(what)\(place): expected \(mismatch.expected), got \(mismatch.actual)", stepID: step,
            expected: mismatch.expected, actual: mismatch.actual,
            path: mismatch.path.isEmpty ? nil : mismatch.path, line: line)
    }
}
