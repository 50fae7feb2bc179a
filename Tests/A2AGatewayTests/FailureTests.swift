import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import SwiftProtobuf
import Testing

@Suite("An agent that fails behind a gateway", .timeLimit(.minutes(1)))
struct FailureTests {
    @Test("that is down at the start is an error that says so")
    func downAtStart() async throws {
        let address = try await withServed(ScriptedUpstream()) { card in try baseURL(card) }
        let http = try HTTPTransportFactory(options: HTTPClientOptions())
        let error = try await #require(throws: A2AError.self) {
            try await GatewayUpstream.connect(
                to: try AgentCardReference(parsing: address), resolver: AgentCardResolver(fetcher: http.cardFetcher),
                transports: [http], logger: .silent)
        }
        #expect(error.code == .unavailable)
        #expect(error.message.contains(address))
    }

    @Test("that is down later is unavailable by name, and its card is still there", arguments: testedBindings)
    func downLater(_ upstream: ProtocolBinding) async throws {
        let agent = try await withServed(ScriptedUpstream()) { card async throws in
            try await GatewayUpstream.connect(
                name: "one", to: try AgentCardReference(parsing: try baseURL(card)),
                resolver: AgentCardResolver(fetcher: CardOnce(card: card)),
                transports: try allTransports(), preferences: [upstream], logger: .silent)
        }
        try await withGateway(try Gateway(upstreams: [agent]), bindings: allBindings, logger: .silent) { endpoints in
            let fetched = try await Client.discover(endpoints[0].address + "/one" + A2ARoutes.cardPath)
            #expect(fetched.card?.name == "Test agent")
            for binding in testedBindings {
                let service = try transport(binding, to: try #require(fetched.card))
                for call in ["send", "stream"] {
                    let error = try await #require(throws: A2AError.self) {
                        let request = send("Hello", tenant: "one")
                        if call == "send" {
                            _ = try await service.sendMessage(request, context: CallContext())
                        } else {
                            _ = try await service.sendStreamingMessage(request, context: CallContext())
                        }
                    }
                    #expect(error.code == .unavailable)
                    #expect(error.message.contains("'one'"))
                    // The answer came from the gateway: its connection was no trouble.
                    #expect(error.transportFailure == nil)
                }
            }
        }
    }

    @Test("that is slow runs into the caller's deadline, and its call is ended", arguments: testedBindings)
    func slow(_ upstream: ProtocolBinding) async throws {
        let (started, ended) = (Signal(), Signal())
        var script = ScriptedUpstream.Script()
        script.getTask = { _, _ in
            started.fire()
            do { try await Signal().wait() } catch { ended.fire() }
            throw CancellationError()
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            let gateway = try Gateway(
                upstream: card, transports: try allTransports(), preferences: [upstream], logger: .silent)
            let deadline = ContinuousClock.now.advanced(by: .milliseconds(500))
            let error = try await #require(throws: A2AError.self) {
                try await gateway.getTask(get("t"), context: CallContext(deadline: deadline))
            }
            #expect(error.code == .deadlineExceeded)
            try await started.wait()
            try await ended.wait()
        }
    }

    struct Nonsense: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var answer: String
        var code: A2AError.Code
    }

    private static func response(_ body: String, _ type: String = "application/json") -> String {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    static let nonsense = [
        Nonsense(testDescription: "no HTTP", answer: "SSH-2.0-x\r\n\r\n", code: .unavailable),
        Nonsense(testDescription: "nothing", answer: "", code: .unavailable),
        Nonsense(testDescription: "a web page", answer: response("<html>", "text/html"), code: .invalidAgentResponse),
        Nonsense(testDescription: "half JSON", answer: response("{\"task\":"), code: .invalidAgentResponse),
        Nonsense(
            testDescription: "half a body",
            answer: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
            code: .unavailable),
        Nonsense(testDescription: "other JSON", answer: response("[1,2]"), code: .invalidAgentResponse),
    ]

    @Test("that speaks nonsense is told apart from one that is away", arguments: Self.nonsense, testedBindings)
    func speaksNonsense(_ nonsense: Nonsense, _ caller: ProtocolBinding) async throws {
        try await RawHTTP.answering(nonsense.answer) { base async throws in
            for upstream in [ProtocolBinding.jsonRPC, .httpJSON] {
                try await withGateways(self.card(at: base, upstream), over: [upstream]) { card async throws in
                    let service = try transport(caller, to: card)
                    let unary = try await #require(throws: A2AError.self) {
                        try await service.sendMessage(send("Hello"), context: CallContext())
                    }
                    #expect(unary.code == nonsense.code, "\(unary)")
                    let streaming = try await #require(throws: A2AError.self) {
                        try await service.sendStreamingMessage(send("Hello"), context: CallContext())
                    }
                    #expect(streaming.code == nonsense.code, "\(streaming)")
                }
            }
        }
    }

    @Test("half a stream: what came is delivered, then the break is told", arguments: testedBindings)
    func halfAStream(_ caller: ProtocolBinding) async throws {
        let event =
            #"data: {"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}}"# + "\n\n"
        let chunk = String(event.utf8.count, radix: 16) + "\r\n" + event + "\r\n"
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
        try await RawHTTP.answering(answer) { base async throws in
            try await withGateways(self.card(at: base, .httpJSON), over: [.httpJSON]) { card async throws in
                let service = try transport(caller, to: card)
                var iterator = try await service.sendStreamingMessage(send("Hello"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next()?.response.state == .working)
                let error = await #expect(throws: A2AError.self) { _ = try await iterator.next() }
                #expect(error?.code == .unavailable)
            }
        }
    }

    private func card(at base: String, _ binding: ProtocolBinding) -> A2AAgentCard {
        var card = A2AAgentCard.testCard()
        card.supportedInterfaces = [A2AAgentInterface(url: base, binding: binding)]
        return card
    }
}

/// Has a card once, and is then away.
private final class CardOnce: AgentCardFetcher {
    private let card: A2AAgentCard
    private let fetches = Count()

    init(card: A2AAgentCard) { self.card = card }

    func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer {
        self.fetches.add(1)
        guard self.fetches.total == 1 else { throw A2AError.unreachable("gone", mayHaveBeenSent: false) }
        return .card(try self.card.jsonUTF8Bytes(), AgentCardCaching())
    }
}
