import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Logging
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

@Suite("How dialled connections come and go", .timeLimit(.minutes(2)))
struct DialLifetimeTests {
    private static let answer: StubService = StubService(onSend: { _, _ in
        .message(A2AMessage(role: .agent, parts: [.text("ok")]))
    })

    @Test(
        "a stream that breaks with the connection goes on when the agent is back: nothing is lost, nothing comes twice")
    func resumes() async throws {
        let registrar = Registrar()
        let total = 60
        let (gate, begun) = (Signal(), Signal())
        let agent = ClosureAgent { turn in
            for number in 0..<total {
                try await turn.artifact(A2AArtifact(parts: [.text("\(number)")], artifactID: "\(number)", name: "n"))
                if number == 19 { begun.raise() }
                if number == 19 { await gate.wait() }
            }
        }
        try await withHub(registrar) { address async throws in
            try await TCPProxy.with(address) { proxy async throws in
                try await withRuntime(agent, card: ReferenceAgent.card()) { runtime in
                    try await withBindings(
                        [.tcp(dialing: dialling("a2a+tcp://\(proxy.authority)"))], of: runtime, logger: .silent
                    ) {
                        _ in
                        await registrar.next()
                        var numbers: [String] = []
                        var generations: [Int64] = []
                        var isCut = false
                        for try await event in try await registrar.client().stream("count") {
                            generations.append(event.generation ?? 0)
                            if case .artifactUpdate(let update)? = event.response.payload {
                                numbers.append(update.artifact.artifactID)
                            }
                            guard numbers.count == 10, !isCut else { continue }
                            isCut = true
                            await begun.wait()
                            proxy.cut()
                            await registrar.next()
                            gate.raise()
                        }
                        #expect(numbers == (0..<total).map { "\($0)" })
                        #expect(generations == Array(1...Int64(generations.count)))
                        #expect(proxy.count == 2)
                    }
                }
            }
        }
    }

    @Test("an agent that shuts down finishes its calls, ends its streams, and takes no more")
    func agentDrains() async throws {
        let registrar = Registrar()
        let (started, finish) = (Signal(), Signal())
        let stub = StubService(
            onSend: { _, _ in
                started.raise()
                await finish.wait()
                return .message(A2AMessage(role: .agent, parts: [.text("done")]))
            },
            onStream: { _, _ in
                let rest = Rest([StreamEvent(.task(A2ATask()), generation: 1)])
                return EventStream {
                    ClosureSource({
                        if let event = rest.next() { return event }
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    })
                }
            })
        let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
            try await withHub(registrar) { address async throws in
                try await withBindings([.tcp(dialing: dialling(address))], of: stub, logger: .silent) {
                    _ async throws in
                    await registrar.next()
                    let service = try registrar.transport()
                    let streaming = Signal()
                    group.addTask {
                        var iterator = try await service.sendStreamingMessage(.text("hi"), context: CallContext())
                            .makeAsyncIterator()
                        do {
                            while try await iterator.next() != nil { streaming.raise() }
                            return "END"
                        } catch {
                            finish.raise()
                            return A2AError(wrapping: error).code.reason
                        }
                    }
                    group.addTask { try await service.sendMessage(.text("hi"), context: CallContext()).text }
                    await started.wait()
                    await streaming.wait()
                }
                let error = await #expect(throws: A2AError.self) {
                    try await registrar.transport().sendMessage(.text("hi"), context: CallContext())
                }
                #expect(error?.code == .unavailable)
                #expect(error?.isSurelyNotSent == true)
            }
            var outcomes: Set<String> = []
            for try await outcome in group { outcomes.insert(outcome) }
            return outcomes
        }
        #expect(outcomes == ["done", "UNAVAILABLE"])
        #expect(registrar.agent.connectionCount == 0)
    }

    @Test("an agent that a hub sends away comes to the next one, after the time that it was told")
    func hubDrains() async throws {
        let first = Registrar()
        try await withHub(first) { address async throws in
            try await TCPProxy.with(address) { proxy async throws in
                try await withBindings(
                    [.tcp(dialing: dialling("a2a+tcp://\(proxy.authority)"))], of: Self.answer, logger: .silent
                ) {
                    _ in
                    let arrival = await first.next()
                    // As a hub does that shuts down.
                    let began = ContinuousClock.now
                    arrival?.connection.link.submit(.drain(graceMilliseconds: 1_000, retryAfterMilliseconds: 300))
                    await first.next()
                    #expect(began.duration(to: .now) >= .milliseconds(300))
                    #expect(proxy.count == 2)
                    #expect(first.agent.connectionCount == 1)
                    _ = try await first.transport().sendMessage(.text("hi"), context: CallContext())
                }
            }
        }
    }

    @Test("a hub that is not there yet is dialled until it is")
    func lateHub() async throws {
        let registrar = Registrar()
        // A port that was free a moment ago.
        let address = try await withHub(registrar) { $0 }
        var configuration = TCPServerConfiguration.ephemeral
        configuration.port = port(address)
        let late = configuration
        let log = LogLines()
        let logger = Logger(label: "test", factory: { _ in log })
        try await withBindings([.tcp(dialing: dialling(address))], of: Self.answer, logger: logger) { _ async throws in
            await log.wait(for: "not registered at the hub")
            try await withHub(registrar, configuration: late) { _ in
                await registrar.next()
                _ = try await registrar.transport().sendMessage(.text("hi"), context: CallContext())
            }
        }
        // The reason is told once, however often it was tried.
        #expect(log.warnings.filter { $0.contains("connection refused") }.count <= 2)
    }

    @Test("new calls go to the newest connection; the older one stands by")
    func newest() async throws {
        let registrar = Registrar()
        func named(_ name: String) -> StubService {
            StubService(onSend: { _, _ in .message(A2AMessage(role: .agent, parts: [.text(name)])) })
        }
        try await withHub(registrar) { address async throws in
            let configuration = dialling(address)
            try await withBindings([.tcp(dialing: configuration)], of: named("old"), logger: .silent) {
                _ async throws in
                await registrar.next()
                let service = try registrar.transport()
                #expect(try await service.sendMessage(.text("hi"), context: CallContext()).text == "old")
                try await withBindings([.tcp(dialing: configuration)], of: named("new"), logger: .silent) {
                    _ async throws in
                    await registrar.next()
                    #expect(registrar.agent.connectionCount == 2)
                    #expect(try await service.sendMessage(.text("hi"), context: CallContext()).text == "new")
                }
                #expect(try await service.sendMessage(.text("hi"), context: CallContext()).text == "old")
            }
        }
    }

    @Test("addresses and names that are of no use are errors at the start")
    func configuration() async throws {
        for configuration in [
            TCPDialConfiguration(hub: "http://127.0.0.1:1", name: "agent"),
            TCPDialConfiguration(hub: "a2a+tcp://192.0.2.1:1", name: "agent"),
            TCPDialConfiguration(hub: "a2a+tcp://127.0.0.1:1", name: "not a name"),
        ] {
            let error = await #expect(throws: A2AError.self) {
                try await withBindings([.tcp(dialing: configuration)], of: Self.answer, logger: .silent) { _ in }
            }
            #expect(error?.code == .invalidParams)
        }
        for name in ["", ".a", "-", "a b", "a/b", "ä", String(repeating: "a", count: 65)] {
            #expect(!TCPRegistration.isName(name))
        }
        for name in ["a", "A1", "billing.eu-1_x~y", String(repeating: "a", count: 64)] {
            #expect(TCPRegistration.isName(name))
        }
    }
}

/// Notes what is logged.
struct LogLines: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[(Logger.Level, String)]>([])
        let (events, input) = AsyncStream<String>.makeStream()
    }

    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let text = "\(event.message) \(event.metadata ?? [:])"
        self.lines.all.withLock { $0.append((event.level, text)) }
        self.lines.input.yield(text)
    }

    var warnings: [String] { self.lines.all.withLock { $0.filter { $0.0 >= .warning }.map(\.1) } }

    /// Waits for a line. For one reader.
    func wait(for text: String) async {
        for await line in self.lines.events where line.contains(text) { return }
    }
}
