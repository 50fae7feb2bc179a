import A2A
import A2ATesting
import Logging
import Metrics
import Synchronization
import Testing

@testable import A2AServer

@Suite("Authentication")
struct AuthenticationTests {
    private static let service: any A2AService = {
        let authenticator = StaticTokenAuthenticator(["s3cret": Principal(id: "alice"), "other": Principal(id: "bob")])
        let runtime = TaskRuntime(
            agent: ClosureAgent { _ in }, card: .testCard(capabilities: .init(extendedAgentCard: true)), logger: .silent
        ) {
            card, context in
            var card = card
            card.name = context.principal.id
            return card
        }
        return runtime.with(AuthenticationMiddleware(authenticator))
    }()

    private func name(_ header: String?) async throws -> String {
        var context = CallContext(principal: Principal(id: "forged"))
        context.parameters["Authorization"] = header
        return try await Self.service.getExtendedAgentCard(.init(), context: context).name
    }

    @Test(
        "the token decides who calls, whatever the call said before",
        arguments: [("Bearer s3cret", "alice"), ("bearer other", "bob")])
    func known(header: String, name: String) async throws {
        #expect(try await self.name(header) == name)
    }

    @Test(
        "without a token that is known a call is refused with a challenge",
        arguments: [
            nil, "", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer S3CRET", "Basic s3cret", "s3cret",
        ])
    func unknown(header: String?) async throws {
        let error = await expectError(.unauthenticated) { try await self.name(header) }
        #expect(error?.challenge?.hasPrefix("Bearer realm=") == true)
        #expect("\(error?.message ?? "")\(error?.challenge ?? "")".contains("s3cret") == false)
    }

    @Test("the public card is for everybody")
    func publicCard() async throws {
        #expect(try await Self.service.getAgentCard(context: .plain).name == "Test agent")
    }

    @Test("a closure may tell operations apart")
    func closure() async throws {
        let authenticator = ClosureAuthenticator { operation, _ in
            guard operation == .listTasks else { throw A2AError(.permissionDenied, "Only listing.") }
            return Principal(id: "reader")
        }
        let runtime = TaskRuntime(agent: ClosureAgent { _ in }, card: .testCard(), logger: .silent)
        let service = runtime.with(AuthenticationMiddleware(authenticator))
        #expect(try await service.listTasks(A2AListTasksRequest(), context: .plain).tasks.isEmpty)
        await expectError(.permissionDenied) { try await service.get("t") }
    }
}

@Suite("Logging of calls", .timeLimit(.minutes(1)))
struct LoggingMiddlewareTests {
    /// Keeps what is logged.
    struct Recorder: LogHandler {
        let lines: Notes<(level: Logger.Level, metadata: Logger.Metadata)>
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.lines.add((event.level, self.metadata.merging(event.metadata ?? [:]) { $1 }))
        }
    }

    @Test("success, refusal and failure are logged at their levels, with operation, binding and cause")
    func levels() async throws {
        struct Cause: Error {}
        let lines = Notes<(level: Logger.Level, metadata: Logger.Metadata)>()
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        let agent = ClosureAgent { turn in
            if turn.message.text == "fail" { throw Cause() }
            try await turn.reply("Yes")
        }
        try await withRuntime(agent) { runtime in
            let service = runtime.with(LoggingMiddleware(logger: logger))
            let context = CallContext(binding: "JSONRPC")
            _ = try await service.sendMessage(request("hi"), context: context)
            await expectError(.taskNotFound) { try await service.get("none", as: context) }
            await expectError(.internal) { try await service.sendMessage(request("fail"), context: context) }
            _ = try await service.getAgentCard(context: context)
        }
        #expect(lines.all.map(\.level) == [.debug, .info, .error, .debug])
        #expect(
            lines.all.map { "\($0.metadata["operation"] ?? "")" } == [
                "SendMessage", "GetTask", "SendMessage", "GetAgentCard",
            ])
        #expect(lines.all.allSatisfy { $0.metadata["binding"] == "JSONRPC" })
        #expect("\(lines.all[2].metadata["cause"] ?? "")".contains("Cause"))
    }

    @Test("an agent's logger carries the task's and the context's id")
    func agentLogger() async throws {
        let lines = Notes<(level: Logger.Level, metadata: Logger.Metadata)>()
        let agent = ClosureAgent { turn in
            turn.logger.info("hello")
            try await turn.complete()
        }
        let runtime = TaskRuntime(
            agent: agent, card: .testCard(), logger: Logger(label: "test") { _ in Recorder(lines: lines) })
        let task = try await withService(runtime) { try await runtime.task("hi") }
        #expect(
            lines.all.contains {
                $0.metadata["a2a.task_id"] == "\(task.id)" && $0.metadata["a2a.context_id"] == "\(task.contextID)"
            })
    }
}

/// Keeps what is measured, by label and dimensions.
final class TestMetrics: MetricsFactory {
    static let shared: TestMetrics = {
        let metrics = TestMetrics()
        MetricsSystem.bootstrap(metrics)
        return metrics
    }()

    final class Instrument: CounterHandler, MeterHandler, TimerHandler, RecorderHandler {
        private let state = Mutex((sum: 0.0, count: 0))
        var sum: Double { self.state.withLock { $0.sum } }
        var count: Int { self.state.withLock { $0.count } }
        private func add(_ value: Double) {
            self.state.withLock {
                $0.sum += value
                $0.count += 1
            }
        }
        func increment(by amount: Int64) { self.add(Double(amount)) }
        func reset() { self.state.withLock { $0 = (0, 0) } }
        func set(_ value: Int64) {}
        func set(_ value: Double) {}
        func increment(by amount: Double) { self.add(amount) }
        func decrement(by amount: Double) { self.add(-amount) }
        func recordNanoseconds(_ duration: Int64) { self.add(Double(duration)) }
        func record(_ value: Int64) { self.add(Double(value)) }
        func record(_ value: Double) { self.add(value) }
    }

    private let instruments = Mutex<[String: Instrument]>([:])

    func instrument(_ label: String, _ dimensions: [(String, String)]) -> Instrument {
        let key = label + dimensions.map { " \($0)=\($1)" }.sorted().joined()
        return self.instruments.withLock { instruments in
            let instrument = instruments[key] ?? Instrument()
            instruments[key] = instrument
            return instrument
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.instrument(label, dimensions)
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.instrument(label, dimensions)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self.instrument(label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.instrument(label, dimensions)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

@Suite("Metrics of calls", .timeLimit(.minutes(1)))
struct MetricsMiddlewareTests {
    @Test("traffic, errors, latency and saturation of each operation")
    func signals() async throws {
        let metrics = TestMetrics.shared
        let (started, gate) = (Gate(), Gate())
        let agent = ClosureAgent { turn in
            started.open()
            try await gate.wait()
            try await turn.reply("Yes")
        }
        let send = [("operation", "SendMessage")]
        try await withRuntime(agent, configuration: patient()) { runtime in
            let service = runtime.with(MetricsMiddleware())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await service.sendMessage(request("hi"), context: CallContext(binding: "JSONRPC"))
                }
                try await started.wait()
                #expect(metrics.instrument("a2a_calls_in_flight", send).sum == 1)
                gate.open()
                try await group.waitForAll()
            }
            for binding in ["HTTP+JSON", ProtocolBinding.tcp.rawValue, "PIGEON", ""] {
                await expectError(.taskNotFound) { try await service.get("none", as: CallContext(binding: binding)) }
            }
            _ = try await service.getAgentCard(context: .plain)
        }
        #expect(metrics.instrument("a2a_calls_in_flight", send).sum == 0)
        #expect(metrics.instrument("a2a_call_duration", send).count == 1)
        #expect(metrics.instrument("a2a_calls_total", send + [("binding", "JSONRPC")]).sum == 1)
        let get = [("operation", "GetTask")]
        for binding in ["HTTP+JSON", "TCP", "other", "in-process"] {
            #expect(metrics.instrument("a2a_calls_total", get + [("binding", binding)]).sum == 1)
        }
        #expect(metrics.instrument("a2a_errors_total", get + [("code", "TASK_NOT_FOUND")]).sum == 4)
        #expect(metrics.instrument("a2a_calls_in_flight", get).sum == 0)
    }
}
