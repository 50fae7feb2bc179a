extension TestExecution {
    /// Does what a step says, and judges what comes of it.
    func perform(
        _ step: Step, _ state: inout State, _ group: inout Group, _ trace: WireTrace
    ) async -> Verdict {
        do {
            switch step.action {
            case .assertion(let assertion): return await self.assert(assertion, step, &state)
            case .client: return .skip("tests of clients do not run against a server")
            case .frames(let frames): return await self.perform(frames, step, &state, trace)
            case .raw(let raw):
                let start = ContinuousClock.now
                let exchange = try await self.send(raw, state, trace)
                return self.judge(step, exchange, ContinuousClock.now - start, &state)
            case .call(let call):
                if let delay = call.delayMilliseconds { await self.wait(.milliseconds(delay)) }
                if call.isBackground { return try await self.begin(step, call, &state, &group, trace) }
                if call.parallel > 1 { return try await self.performAtOnce(step, call, &state, trace) }
                return try await self.attempt(step, call, &state, trace)
            }
        } catch {
            return Self.verdict(error, step: step.id, line: step.line)
        }
    }

    /// Asserts; what push notifications must be like gets until the end of `x-within_ms` to come.
    private func assert(_ assertion: NamedAssertion, _ step: Step, _ state: inout State) async -> Verdict {
        let longest: Duration = .milliseconds(step.timing.most ?? 0)
        let end = ContinuousClock.now.advanced(by: min(longest, self.configuration.patience ?? longest))
        while true {
            if let receiver = self.receiver { state.variables.steps["webhook"]?.response = receiver.requests }
            let verdict = self.check([assertion], state, step: nil)
            guard case .fail = verdict, self.receiver != nil, ContinuousClock.now < min(end, self.deadline) else {
                return verdict
            }
            await self.wait(.milliseconds(50))
        }
    }

    /// Waits, but not beyond the end of the run.
    private func wait(_ duration: Duration) async {
        let until = min(ContinuousClock.now.advanced(by: duration), self.deadline)
        // Cancelled, there is nothing to wait for; what comes next sees that for itself.
        try? await Task.sleep(until: until, clock: .continuous)
    }

    // MARK: Calls

    private func attempt(
        _ step: Step, _ call: Step.Call, _ state: inout State, _ trace: WireTrace
    ) async throws(UnresolvedVariable) -> Verdict {
        var attempt = 1
        while true {
            let wire = try self.wireCall(call, state)
            let start = ContinuousClock.now
            let events = EventLog()
            let exchange = await self.exchange(wire, events, trace)
            events.finish()
            let duration = ContinuousClock.now - start
            guard let repetition = call.repetition else {
                return self.judge(step, exchange, duration, &state)
            }
            if case .answer(let value) = exchange.outcome,
                try repetition.until.holds(value, state.variables.resolve)
            {
                return self.judge(step, exchange, duration, &state)
            }
            if case .unreachable(let reason) = exchange.outcome { return .error(reason) }
            if case .inexpressible(let reason) = exchange.outcome { return .skip(reason) }
            guard attempt < repetition.maxAttempts, ContinuousClock.now < self.deadline else {
                return self.exhausted(step, repetition, attempt, exchange)
            }
            await self.wait(repetition.delay(after: attempt))
            attempt += 1
        }
    }

    private func exhausted(
        _ step: Step, _ repetition: RepeatConfiguration, _ attempts: Int, _ exchange: Exchange
    ) -> Verdict {
        guard ContinuousClock.now < self.deadline else { return .error("the time limit of the run was over") }
        let actual: String =
            switch exchange.outcome {
            case .answer(let value):
                "\(repetition.until.path) is \(Mismatch.text(repetition.until.path.first(in: value)))"
            case .error(let error): error.summary
            case .invalid(let reason), .noAnswer(let reason), .unreachable(let reason), .inexpressible(let reason):
                reason
            case .stream: "a stream"
            }
        return .fail(
            Failure(
                "after \(attempts) attempts '\(repetition.until.text)' does not hold: \(actual)", stepID: step.id,
                expected: repetition.until.text, actual: actual, path: repetition.until.path.description,
                line: step.line))
    }

    /// Begins streams in the background; waits for the first event of each.
    private func begin(
        _ step: Step, _ call: Step.Call, _ state: inout State, _ group: inout Group, _ trace: WireTrace
    ) async throws(UnresolvedVariable) -> Verdict {
        var streams: [BackgroundStream] = []
        for _ in 0..<call.parallel {
            let stream = BackgroundStream(WireTrace(self.redactor), holdAfter: call.stream?.holdAfter)
            let wire = try self.wireCall(call, state)
            group.addTask {
                stream.finish(await self.exchange(wire, stream.events, stream.trace))
            }
            streams.append(stream)
        }
        state.background[step.id] = streams
        for stream in streams { await stream.events.waitForFirst() }
        trace.add(.note, "the stream is open; it goes on beside the next steps")
        // What has come so far can be captured already; the rest is judged when the stream is over.
        let events = streams.first?.events.events ?? []
        guard !events.isEmpty, !step.capture.isEmpty else { return .pass }
        state.variables.steps[step.id] = StepRecord(response: .array(EventView(events).all))
        return self.capture(step, EventView(events), &state)
    }

    /// Makes a call several times at once, and judges each by what the step expects (`x-parallel`).
    private func performAtOnce(
        _ step: Step, _ call: Step.Call, _ state: inout State, _ trace: WireTrace
    ) async throws(UnresolvedVariable) -> Verdict {
        var wires: [WireCall] = []
        for _ in 0..<call.parallel { wires.append(try self.wireCall(call, state)) }
        let exchanges = await withTaskGroup(of: (Int, Exchange, Duration).self) { group in
            for (index, wire) in wires.enumerated() {
                group.addTask {
                    let start = ContinuousClock.now
                    let exchange = await self.exchange(wire, EventLog(), trace)
                    return (index, exchange, ContinuousClock.now - start)
                }
            }
            var exchanges: [(Int, Exchange, Duration)] = []
            for await exchange in group { exchanges.append(exchange) }
            return exchanges.sorted { $0.0 < $1.0 }
        }
        var records: [StepRecord] = []
        for (_, exchange, duration) in exchanges {
            let verdict = self.judge(step, exchange, duration, &state)
            guard case .pass = verdict else { return verdict }
            if let record = state.variables.steps[step.id] { records.append(record) }
        }
        state.variables.steps[step.id] = StepRecord(of: records)
        return .pass
    }

    /// Makes a call; the card is had over HTTP whatever the binding.
    private func exchange(_ wire: WireCall, _ events: EventLog, _ trace: WireTrace) async -> Exchange {
        guard wire.operation == .getAgentCard else {
            return await self.peer.call(wire, events: events, trace: trace)
        }
        let request = HTTPWire.Request(
            method: "GET", url: self.agent.cardURL, headers: [("Accept", "application/json")] + wire.headers)
        do {
            return RESTBinding.exchange(try await self.http.send(request, deadline: wire.deadline, trace: trace))
        } catch {
            return Exchange(error.outcome)
        }
    }

    private func wireCall(_ call: Step.Call, _ state: State) throws(UnresolvedVariable) -> WireCall {
        let params = try state.variables.resolve(call.params)
        var headers = self.configuration.headers
        headers.append(("A2A-Version", self.suite.specVersion))
        for (name, value) in call.headers {
            headers.removeAll { $0.name.lowercased() == name.lowercased() }
            if let value { headers.append((name, try state.variables.resolve(value).textOrJSON)) }
        }
        var timeout = self.configuration.callTimeout
        if call.operation.isStreaming {
            timeout = call.stream?.timeoutMilliseconds.map { .milliseconds($0) } ?? self.configuration.streamTimeout
            timeout = min(timeout, self.configuration.patience ?? timeout)
        }
        return WireCall(
            operation: call.operation,
            params: OperationParameters.request(call.operation, params, tenant: self.peer.tenant), headers: headers,
            deadline: min(ContinuousClock.now.advanced(by: timeout), self.deadline),
            stopAfter: call.stream?.stopAfter)
    }

    // MARK: Raw requests

    private func send(
        _ raw: RawRequest, _ state: State, _ trace: WireTrace
    ) async throws(UnresolvedVariable) -> Exchange {
        if let offer = raw.handshake {
            let deadline = min(ContinuousClock.now.advanced(by: self.configuration.callTimeout), self.deadline)
            return await TLSHandshake.run(
                offer, with: self.peer.url, over: self.peer.binding, deadline: deadline, trace: trace)
        }
        guard self.peer.binding.isHTTP else {
            return Exchange(.inexpressible("raw steps are HTTP; \(self.peer.binding.title) is not"))
        }
        let path = try state.variables.resolve(raw.path).textOrJSON
        let url = RawTarget.url(path, base: raw.base, interface: self.peer, origin: self.agent.origin)
        let deadline = min(ContinuousClock.now.advanced(by: self.configuration.callTimeout), self.deadline)
        if let bytes = raw.bytes {
            let text = try state.variables.resolve(String(decoding: bytes, as: UTF8.self)).textOrJSON
            // Variables are for texts; other bytes go out as they are.
            let sent = String(validating: bytes, as: UTF8.self) == nil ? bytes : Array(text.utf8)
            return await BareConnection.send(sent, to: url, deadline: deadline, trace: trace)
        }
        var request = HTTPWire.Request(
            method: raw.method, url: url, headers: raw.isExact ? [] : self.configuration.headers)
        for (name, value) in raw.headers {
            request.headers.removeAll { $0.name.lowercased() == name.lowercased() }
            request.headers.append((name, try state.variables.resolve(value).textOrJSON))
        }
        switch raw.body {
        case .none: break
        case .json(let body): request.body = try state.variables.resolve(body).bytes
        case .text(let text): request.body = Array(try state.variables.resolve(text).textOrJSON.utf8)
        }
        if !raw.isExact {
            let names = Set(request.headers.map { $0.name.lowercased() })
            if !names.contains("a2a-version"), !self.test.isAboutVersions {
                request.headers.append(("A2A-Version", self.suite.specVersion))
            }
            if request.body != nil, !names.contains("content-type") {
                request.headers.append(("Content-Type", "application/json"))
            }
        }
        do {
            let answer = try await self.http.send(request, deadline: deadline, trace: trace)
            let body =
                answer.body.isEmpty
                ? nil : (try? JSONValue(parsing: answer.body)) ?? .string(String(decoding: answer.body, as: UTF8.self))
            return Exchange(.answer(body ?? .null), status: answer.status, headers: answer.headers)
        } catch {
            return Exchange(error.outcome)
        }
    }
}

/// Where a raw request goes (conformance/format.md).
enum RawTarget {
    static func url(_ path: String, base: RawRequest.Base?, interface: any AgentBinding, origin: String) -> String {
        if path.hasPrefix("http://") || path.hasPrefix("https://") { return path }
        let tail = path.hasPrefix("/") || path.isEmpty ? path : "/" + path
        let url = interface.url.hasSuffix("/") ? String(interface.url.dropLast()) : interface.url
        switch base {
        case .origin: return origin + tail
        case .interface: return tail == "/" || tail.isEmpty ? interface.url : url + tail
        case nil: break
        }
        if tail.hasPrefix("/.well-known/") { return origin + tail }
        if tail.isEmpty || tail == "/" { return interface.url }
        // JSON-RPC has one URL, so a path is one of the host.
        return interface.binding == .rest ? url + tail : origin + tail
    }
}
