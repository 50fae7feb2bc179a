/// The run against an agent whose card is there.
struct AgentRun: Sendable {
    let plan: TestPlan
    let configuration: RunConfiguration
    let agent: AgentUnderTest
    let http: HTTPWire
    let redactor: Redactor
    let deadline: ContinuousClock.Instant

    /// A test that will be run over a binding, or not, and why.
    private struct Case: Sendable {
        var suite: Suite
        var test: Test
        var peer: any AgentBinding
    }

    /// - Returns: The results in the order of binding, document and test, and why some bindings were not tested.
    func run(_ progress: @escaping Runner.Progress) async -> (results: [CaseResult], untested: [String]) {
        var peers: [any AgentBinding] = []
        var grpc: GRPCBinding?
        var untested: [String] = []
        for interface in self.agent.interfaces {
            guard self.configuration.bindings?.contains(interface.binding) ?? true else { continue }
            do {
                let peer = try self.peer(interface)
                if let peer = peer as? GRPCBinding { grpc = peer }
                peers.append(peer)
            } catch {
                untested.append("\(interface.binding.title) was not tested: \(error)")
            }
        }
        for binding in self.configuration.bindings ?? [] where !self.agent.bindings.contains(binding) {
            untested.append("\(binding.title) was not tested: the card has no interface of it")
        }
        if peers.isEmpty, untested.isEmpty { untested.append("the card has no interface that can be tested") }
        let all = peers
        if let grpc {
            return (await grpc.withConnection { await self.run(all, progress) }, untested)
        }
        return (await self.run(all, progress), untested)
    }

    private func peer(_ interface: AgentUnderTest.Interface) throws -> any AgentBinding {
        switch interface.binding {
        case .jsonrpc: JSONRPCBinding(url: interface.url, tenant: interface.tenant, http: self.http)
        case .rest: RESTBinding(url: interface.url, tenant: interface.tenant, http: self.http)
        case .grpc:
            try GRPCBinding(
                url: interface.url, tenant: interface.tenant, configuration: self.configuration)
        case .tcp:
            try TCPPeer(url: interface.url, tenant: interface.tenant, configuration: self.configuration)
        }
    }

    private func run(_ peers: [any AgentBinding], _ progress: @escaping Runner.Progress) async -> [CaseResult] {
        let cases = peers.flatMap { peer in
            self.plan.suites.flatMap { suite in
                suite.tests.filter { !$0.isClientTest && self.configuration.selects($0) }.map {
                    Case(suite: suite, test: $0, peer: peer)
                }
            }
        }
        let needsBehaviors = cases.contains { !$0.test.behaviors.isEmpty }
        let hasBehaviors = needsBehaviors ? await self.hasBehaviors(peers) : true
        return await withTaskGroup(of: (Int, CaseResult).self) { group in
            var results = [CaseResult?](repeating: nil, count: cases.count)
            let silences = Silences(limit: self.configuration.maxSilences)
            var order = SeededOrder.indices(cases.count, seed: self.configuration.shuffle)[...]
            func add() {
                guard let index = order.popFirst() else { return }
                let one = cases[index]
                group.addTask { (index, await self.run(one, hasBehaviors: hasBehaviors, silences)) }
            }
            for _ in 0..<max(self.configuration.jobs, 1) { add() }
            while let (index, one) = await group.next() {
                var result = one
                silences.note(result)
                if result.outcome == .pass { result.forgetTraces() }
                progress(result, cases.count)
                results[index] = result
                add()
            }
            return results.compactMap(\.self)
        }
    }

    private func run(_ one: Case, hasBehaviors: Bool, _ silences: Silences) async -> CaseResult {
        if let reason = self.skipReason(one, hasBehaviors: hasBehaviors) {
            var result = CaseResult(suite: one.suite.id, test: one.test, binding: one.peer.binding, outcome: .skip)
            result.reason = reason
            return result
        }
        if let reason = silences.reason(one.peer.binding) {
            var result = CaseResult(suite: one.suite.id, test: one.test, binding: one.peer.binding, outcome: .error)
            result.reason = reason
            return result
        }
        return await TestExecution(
            suite: one.suite, test: one.test, agent: self.agent, peer: one.peer, http: self.http,
            configuration: self.configuration, redactor: self.redactor, deadline: self.deadline
        ).run()
    }

    // MARK: Whether a test applies

    private func skipReason(_ one: Case, hasBehaviors: Bool) -> String? {
        let (test, binding) = (one.test, one.peer.binding)
        if let transports = test.transports, !transports.contains(binding) {
            return "it is for \(transports.map(\.title).sorted().joined(separator: ", "))"
        }
        if let reason = self.agent.unmet(version: one.suite.specVersion, over: binding) { return reason }
        if test.needsHTTP, !binding.isHTTP { return "raw steps are HTTP; \(binding.title) is not" }
        for requirement in test.runnerRequirements {
            if let reason = self.unmet(requirement, test) { return reason }
        }
        if let preconditions = test.preconditions, let reason = self.agent.unmet(preconditions, over: binding) {
            return reason
        }
        if test.needsScript, !self.agent.hasScript {
            return "the card does not offer the scripted profile (skill a2a-conformance with the tag script)"
        }
        if let name = test.neededVariables.first(where: { self.configuration.environment[$0] == nil }) {
            return "the environment variable \(name) is not set"
        }
        let known = Behavior.standard.union(self.plan.behaviors.map(\.prefix))
        for behavior in test.behaviors where !known.contains(behavior) {
            return "the behavior '\(behavior)' is not known"
        }
        if !test.behaviors.isEmpty, !hasBehaviors { return "the agent does not have the behaviors of ACTS" }
        return nil
    }

    private func unmet(_ requirement: RunnerRequirement, _ test: Test) -> String? {
        switch requirement {
        case .headerInspection: return nil
        case .concurrentStreams:
            return test.steps.contains(where: \.isBackground)
                ? nil : "ACTS has no words for concurrent streams; x-background has"
        case .streamDisconnect:
            return test.steps.contains(where: \.stopsEarly)
                ? nil : "ACTS has no words for leaving a stream; x-stop_after has"
        case .authCredentials:
            return self.configuration.headers.contains { Redactor.isSecret($0.name) }
                ? nil : "no credentials were given (--header)"
        case .webhookEndpoint:
            return self.agent.isLocal ? nil : "the runner's receiver is on loopback, and the agent is elsewhere"
        }
    }

    /// Whether the agent has the behaviours of ACTS: its card says so, or it waits for input when told to.
    private func hasBehaviors(_ peers: [any AgentBinding]) async -> Bool {
        switch self.configuration.behaviors {
        case .yes: return true
        case .no: return false
        case .auto: if self.agent.declaresBehaviors { return true }
        }
        guard let peer = peers.first else { return false }
        let params: JSONValue = ["message": ["role": "ROLE_USER", "parts": [["text": "tck-input-required probe"]]]]
        let version = self.plan.suites.first?.specVersion ?? "1.0"
        let call = WireCall(
            operation: .sendMessage,
            params: OperationParameters.request(.sendMessage, params, tenant: peer.tenant),
            headers: self.configuration.headers + [("A2A-Version", version)],
            deadline: min(ContinuousClock.now.advanced(by: self.configuration.callTimeout), self.deadline))
        let exchange = await peer.call(call, events: EventLog(), trace: WireTrace(self.redactor))
        guard case .answer(let value) = exchange.outcome else { return false }
        return value["task"]?["status"]?["state"] == "TASK_STATE_INPUT_REQUIRED"
    }
}

extension Step {
    /// Whether we close its stream before its end.
    fileprivate var stopsEarly: Bool {
        guard case .call(let call) = self.action else { return false }
        return call.stream?.stopAfter != nil
    }
}

extension Test {
    /// Environment variables that its header fields need: credentials of further callers.
    fileprivate var neededVariables: [String] {
        guard self.runnerRequirements.contains(.authCredentials) else { return [] }
        return self.steps.flatMap { step -> [String] in
            switch step.action {
            case .call(let call): call.headers.compactMap { $0.value.flatMap(Self.environmentVariable) }
            case .frames(let frames): frames.texts.compactMap(Self.environmentVariable)
            default: []
            }
        }
    }

    /// The variable of the environment that a text needs, if it does.
    private static func environmentVariable(_ text: String) -> String? {
        guard let start = text.firstRange(of: "{{env."), let end = text.firstRange(of: "}}"),
            start.upperBound < end.lowerBound
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
