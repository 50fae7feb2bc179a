import Synchronization

/// The cases of a run of a client, and what came of them.
final class ClientQueue: Sendable {
    /// A test over a binding.
    struct Case: Sendable {
        var index: Int
        var suite: Suite
        var test: Test
        var binding: TransportBinding
        /// Why it is not run.
        var skipReason: String?
    }

    private struct State {
        var next = 0
        var results: [CaseResult?]
        var lastFailure: HarnessFailure?
    }

    let untested: [String]
    private let cases: [Case]
    private let deadline: ContinuousClock.Instant
    private let progress: Runner.Progress
    private let state: Mutex<State>

    init(
        plan: TestPlan, configuration: RunConfiguration, hello: HarnessHello, deadline: ContinuousClock.Instant,
        progress: @escaping Runner.Progress
    ) {
        var untested: [String] = []
        var bindings: [TransportBinding] = []
        for name in hello.bindings {
            guard let binding = TransportBinding(cardName: name) else {
                untested.append("the client's binding \(name) cannot be tested")
                continue
            }
            if configuration.bindings?.contains(binding) ?? true { bindings.append(binding) }
        }
        for binding in (configuration.bindings ?? []).sorted(by: { $0.rawValue < $1.rawValue })
        where !bindings.contains(binding) {
            untested.append("\(binding.title) was not tested: the client does not have it")
        }
        var cases: [Case] = []
        for binding in bindings {
            for suite in plan.suites {
                for test in suite.tests where test.isClientTest && configuration.selects(test) {
                    cases.append(
                        Case(
                            index: cases.count, suite: suite, test: test, binding: binding,
                            skipReason: Self.skipReason(test, binding, hello)))
                }
            }
        }
        self.untested = untested
        self.cases = cases
        self.deadline = deadline
        self.progress = progress
        self.state = Mutex(State(results: [CaseResult?](repeating: nil, count: cases.count)))
    }

    private static func skipReason(_ test: Test, _ binding: TransportBinding, _ hello: HarnessHello) -> String? {
        if let transports = test.transports, !transports.contains(binding) {
            return "it is for \(transports.map(\.title).sorted().joined(separator: ", "))"
        }
        for feature in test.harnessFeatures where !hello.features.contains(feature) {
            return "the client has no \(feature)"
        }
        for case .client(let client) in test.steps.map(\.action) {
            let operation = client.client.harnessOperation ?? client.operation.rawValue
            if !hello.has(operation) { return "the client has no \(operation)" }
        }
        return nil
    }

    var count: Int { self.cases.count }
    var isOpen: Bool { self.state.withLock { $0.next < self.cases.count } && ContinuousClock.now < self.deadline }

    func next() -> Case? {
        guard ContinuousClock.now < self.deadline else { return nil }
        return self.state.withLock { state in
            guard state.next < self.cases.count else { return nil }
            defer { state.next += 1 }
            return self.cases[state.next]
        }
    }

    func finish(_ one: Case, _ result: CaseResult) {
        self.state.withLock { $0.results[one.index] = result }
        self.progress(result, self.cases.count)
    }

    func skip(_ one: Case, _ reason: String) {
        var result = CaseResult(suite: one.suite.id, test: one.test, binding: one.binding, outcome: .skip)
        result.reason = reason
        self.finish(one, result)
    }

    func note(_ failure: HarnessFailure) { self.state.withLock { $0.lastFailure = failure } }

    /// All results in order; what was not run could not be tested.
    func results(_ reason: String) -> [CaseResult] {
        let isLate = ContinuousClock.now >= self.deadline
        return self.state.withLock { state in
            self.cases.map { one in
                if let result = state.results[one.index] { return result }
                var result = CaseResult(suite: one.suite.id, test: one.test, binding: one.binding, outcome: .error)
                result.reason =
                    isLate
                    ? "the time limit of the run was over"
                    : state.lastFailure.map { "the harness failed again and again: \($0)" } ?? reason
                return result
            }
        }
    }
}
