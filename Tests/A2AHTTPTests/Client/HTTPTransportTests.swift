import A2A
import A2AClient
import A2AHTTP
import Synchronization
import Testing

@Suite("HTTP transports")
struct HTTPTransportTests {
    enum Binding: String, CaseIterable, CustomTestStringConvertible {
        case jsonRPC = "JSONRPC"
        case httpJSON = "HTTP+JSON"

        var testDescription: String { self.rawValue }

        func result(_ json: String) -> String {
            self == .jsonRPC ? #"{"jsonrpc":"2.0","id":1,"result":\#(json)}"# : json
        }

        /// An event of a stream.
        func event(_ json: String, id: Int? = nil) -> String {
            (id.map { "id: \($0)\n" } ?? "") + "data: \(self.result(json))\n\n"
        }
    }

    private static func transport(
        _ binding: Binding, _ server: ScriptedServer, tenant: String = "", path: String = "/a2a",
        _ change: (inout HTTPClientOptions) -> Void = { _ in }
    ) throws -> any A2AService {
        var options = HTTPClientOptions()
        options.silenceLimit = .seconds(20)
        change(&options)
        let interface = A2AAgentInterface(
            url: server.url + path, binding: ProtocolBinding(rawValue: binding.rawValue), tenant: tenant)
        return try HTTPTransportFactory(options: options).makeTransport(for: interface, card: A2AAgentCard())
    }

    private static func get(_ id: String) -> A2AGetTaskRequest {
        var request = A2AGetTaskRequest()
        request.id = id
        request.historyLength = 3
        return request
    }

    private static let task = #"{"id":"t","contextId":"c","status":{"state":"TASK_STATE_WORKING"}}"#

    @Test("a call on the wire: path, version, extensions, parameters, body", arguments: Binding.allCases)
    func wire(_ binding: Binding) async throws {
        let answer = ScriptedServer.Answer.response(
            "200 OK", ["Content-Type: application/json", "A2A-Extensions: urn:a, urn:b"], binding.result(Self.task))
        try await ScriptedServer.with([answer]) { server in
            var context = CallContext(requestedExtensions: ["urn:a", "urn:b"])
            context.parameters["X-Trace"] = "7"
            context.parameters["Content-Length"] = "1"
            let task = try await Self.transport(binding, server).getTask(Self.get("a/b"), context: context)
            #expect(task.id == "t")
            #expect(context.response.activatedExtensions == ["urn:a", "urn:b"])
            let request = try #require(server.requests.first)
            let lines = request.split(separator: "\r\n").map { $0.lowercased() }
            #expect(lines.contains("a2a-version: 1.0"))
            #expect(lines.contains("a2a-extensions: urn:a,urn:b"))
            #expect(lines.contains("x-trace: 7"))
            #expect(!lines.contains("content-length: 1"))
            switch binding {
            case .jsonRPC:
                #expect(request.hasPrefix("POST /a2a HTTP/1.1"))
                #expect(lines.contains("content-type: application/json"))
                #expect(request.hasSuffix(#""method":"GetTask","params":{"id":"a/b","historyLength":3}}"#))
            case .httpJSON:
                #expect(request.hasPrefix("GET /a2a/tasks/a%2Fb?historyLength=3 HTTP/1.1"))
                #expect(lines.contains("accept: application/a2a+json, application/json"))
            }
        }
    }

    @Test("errors of the agent come back as they were", arguments: Binding.allCases)
    func agentErrors(_ binding: Binding) async throws {
        let info =
            #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org"}"#
        let answer: ScriptedServer.Answer =
            binding == .jsonRPC
            ? .response(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"gone","data":[\#(info)]}}"#)
            : .response(
                "404 Not Found", #"{"error":{"code":404,"status":"NOT_FOUND","message":"gone","details":[\#(info)]}}"#)
        try await ScriptedServer.with([answer]) { server in
            let error = await #expect(throws: A2AError.self) {
                try await Self.transport(binding, server).getTask(Self.get("t"), context: CallContext())
            }
            #expect(error?.code == .taskNotFound)
            #expect(error?.message == "gone")
        }
    }

    @Test("refusals of HTTP have their own errors", arguments: Binding.allCases)
    func httpErrors(_ binding: Binding) async throws {
        let html = ["Content-Type: text/html"]
        try await ScriptedServer.with([
            .response("401 Unauthorized", html + ["WWW-Authenticate: Bearer realm=\"x\""], "<p>no</p>"),
            .response("429 Too Many Requests", html + ["Retry-After: 7"], ""),
            .response("502 Bad Gateway", html, "<p>bad</p>"),
            .response("200 OK", html, "<p>hello</p>"),
        ]) { server in
            let transport = try Self.transport(binding, server)
            func error() async -> A2AError? {
                await #expect(throws: A2AError.self) {
                    try await transport.getTask(Self.get("t"), context: CallContext())
                }
            }
            let unauthenticated = await error()
            #expect(unauthenticated?.code == .unauthenticated)
            #expect(unauthenticated?.challenge == "Bearer realm=\"x\"")
            let busy = await error()
            #expect(busy?.code == .resourceExhausted)
            #expect(busy?.retryDelay == .seconds(7))
            #expect(await error()?.code == .unavailable)
            #expect(await error()?.code == .invalidAgentResponse)
        }
    }

    @Test("an answer to another request is none")
    func wrongID() async throws {
        try await ScriptedServer.with([.response(#"{"jsonrpc":"2.0","id":9,"result":{}}"#)]) { server in
            let error = await #expect(throws: A2AError.self) {
                try await Self.transport(.jsonRPC, server).getTask(Self.get("t"), context: CallContext())
            }
            #expect(error?.code == .invalidAgentResponse)
        }
    }

    @Test("an answer that is too large is refused", arguments: Binding.allCases)
    func tooLarge(_ binding: Binding) async throws {
        let text = String(repeating: "x", count: 10_000)
        try await ScriptedServer.with([.response(text)]) { server in
            let error = await #expect(throws: A2AError.self) {
                try await Self.transport(binding, server) { $0.maxResponseBytes = 5000 }
                    .getTask(Self.get("t"), context: CallContext())
            }
            #expect(error?.code == .invalidAgentResponse)
        }
    }

    @Test("a refused connection surely sent nothing; one that breaks may have", arguments: Binding.allCases)
    func connections(_ binding: Binding) async throws {
        let port = Mutex(0)
        try await ScriptedServer.with([ScriptedServer.Answer(pieces: [])]) { server in
            port.withLock { $0 = server.port }
            let error = await #expect(throws: A2AError.self) {
                try await Self.transport(binding, server).getTask(Self.get("t"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.transportFailure?.mayHaveBeenSent == true)
        }
        let interface = A2AAgentInterface(
            url: "http://127.0.0.1:\(port.withLock { $0 })", binding: ProtocolBinding(rawValue: binding.rawValue))
        let transport = try HTTPTransportFactory().makeTransport(for: interface, card: A2AAgentCard())
        let error = await #expect(throws: A2AError.self) {
            try await transport.getTask(Self.get("t"), context: CallContext())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isSurelyNotSent == true)
        #expect(error?.message.contains("connection refused") == true)
    }

    @Test("a card that names an impossible port is refused, and traps nobody", arguments: Binding.allCases)
    func ports(_ binding: Binding) async throws {
        for port in ["65536", "0", "99999999999999999999", "x"] {
            let interface = A2AAgentInterface(
                url: "http://127.0.0.1:\(port)", binding: ProtocolBinding(rawValue: binding.rawValue))
            let error = await #expect(throws: A2AError.self, "\(port)") {
                let transport = try HTTPTransportFactory().makeTransport(for: interface, card: A2AAgentCard())
                _ = try await transport.getTask(Self.get("t"), context: CallContext())
            }
            #expect(error?.code == .invalidParams, "\(port)")
        }
    }

    @Test("a call that gets no answer ends with its deadline", arguments: Binding.allCases)
    func deadline(_ binding: Binding) async throws {
        try await ScriptedServer.with([ScriptedServer.Answer(pieces: [], isHeld: true)]) { server in
            let error = await #expect(throws: A2AError.self) {
                try await Self.transport(binding, server).getTask(
                    Self.get("t"), context: CallContext(deadline: .now.advanced(by: .milliseconds(50))))
            }
            #expect(error?.code == .deadlineExceeded)
            await server.waitForClose()
        }
    }

    @Test("events come as they are sent, in any pieces, with their generation", arguments: Binding.allCases)
    func stream(_ binding: Binding) async throws {
        let text =
            ": hello\n\n" + binding.event(#"{"task":\#(Self.task)}"#, id: 1) + ": still here\n\n"
            + binding.event(
                #"{"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}}"#, id: 2)
        try await ScriptedServer.with([.events(text.map(String.init)).ended()]) { server in
            var request = A2ASendMessageRequest()
            request.message = .user("hi")
            let stream = try await Self.transport(binding, server)
                .sendStreamingMessage(request, context: CallContext())
            var events: [StreamEvent] = []
            for try await event in stream { events.append(event) }
            #expect(events.map(\.generation) == [1, 2])
            #expect(events.map(\.response.state) == [.working, .completed])
            #expect(server.requests.first?.lowercased().contains("accept: text/event-stream") == true)
        }
    }

    @Test("an event without an id of its own has no generation", arguments: Binding.allCases)
    func inheritedID(_ binding: Binding) async throws {
        let text = binding.event(#"{"task":\#(Self.task)}"#, id: 5) + binding.event(#"{"task":\#(Self.task)}"#)
        try await ScriptedServer.with([.events([text]).ended()]) { server in
            var request = A2ASubscribeToTaskRequest()
            request.id = "t"
            let stream = try await Self.transport(binding, server).subscribeToTask(request, context: CallContext())
            var generations: [Int64?] = []
            for try await event in stream { generations.append(event.generation) }
            #expect(generations == [5, nil])
        }
    }

    @Test("an error before the first event is thrown by the call, one after it by the stream")
    func streamErrors() async throws {
        let error = #"{"jsonrpc":"2.0","id":1,"error":{"code":-32004,"message":"no"}}"#
        try await ScriptedServer.with([
            .response(error),
            .events([
                Binding.jsonRPC.event(#"{"task":\#(Self.task)}"#).replacing("\"id\":1,", with: "\"id\":2,"),
                "data: \(error)\n\n",
            ]).ended(),
        ]) { server in
            let transport = try Self.transport(.jsonRPC, server)
            var request = A2ASendMessageRequest()
            request.message = .user("hi")
            let first = await #expect(throws: A2AError.self) {
                try await transport.sendStreamingMessage(request, context: CallContext())
            }
            #expect(first?.code == .unsupportedOperation)
            let stream = try await transport.sendStreamingMessage(request, context: CallContext())
            var iterator = stream.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            let second = await #expect(throws: A2AError.self) { try await iterator.next() }
            #expect(second?.code == .unsupportedOperation)
        }
    }

    @Test("an error event of the HTTP+JSON binding ends the stream with it")
    func restStreamError() async throws {
        let error =
            #"{"error":{"code":503,"status":"UNAVAILABLE","message":"down","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"UNSUPPORTED_OPERATION","domain":"a2a-protocol.org"}]}}"#
        try await ScriptedServer.with([.events(["data: \(error)\n\n"]).ended()]) { server in
            var request = A2ASubscribeToTaskRequest()
            request.id = "t"
            let stream = try await Self.transport(.httpJSON, server).subscribeToTask(request, context: CallContext())
            var iterator = stream.makeAsyncIterator()
            let thrown = await #expect(throws: A2AError.self) { try await iterator.next() }
            #expect(thrown?.code == .unsupportedOperation)
        }
    }

    @Test("a stream that is silent counts as broken", arguments: Binding.allCases)
    func silence(_ binding: Binding) async throws {
        try await ScriptedServer.with([.events([": open\n\n"], isHeld: true)]) { server in
            var request = A2ASendMessageRequest()
            request.message = .user("hi")
            let error = await #expect(throws: A2AError.self) {
                let stream = try await Self.transport(binding, server) { $0.silenceLimit = .milliseconds(200) }
                    .sendStreamingMessage(request, context: CallContext())
                for try await _ in stream {}
            }
            #expect(error?.code == .unavailable)
            #expect(error?.transportFailure?.mayHaveBeenSent == true)
        }
    }

    @Test("letting go of a stream closes its connection", arguments: Binding.allCases)
    func drop(_ binding: Binding) async throws {
        try await ScriptedServer.with([.events([binding.event(#"{"task":\#(Self.task)}"#)], isHeld: true)]) { server in
            var request = A2ASendMessageRequest()
            request.message = .user("hi")
            let stream = try await Self.transport(binding, server)
                .sendStreamingMessage(request, context: CallContext())
            for try await _ in stream { break }
            await server.waitForClose()
        }
    }

    @Test("a broken stream goes on with Last-Event-ID; the message is sent once", arguments: Binding.allCases)
    func resumes(_ binding: Binding) async throws {
        let done = #"{"statusUpdate":{"taskId":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}}}"#
        let second = binding.event(done, id: 3).replacing("\"id\":1,", with: "\"id\":2,")
        try await ScriptedServer.with([
            .events([binding.event(#"{"task":\#(Self.task)}"#, id: 2), "data: {\"half"]), .events([second]).ended(),
        ]) { server in
            let client = Client(service: try Self.transport(binding, server))
            var events: [StreamEvent] = []
            for try await event in try await client.stream("hi") { events.append(event) }
            #expect(events.map(\.generation) == [2, 3])
            #expect(server.requests.count == 2)
            #expect(server.requests.last?.lowercased().contains("last-event-id: 2") == true)
            #expect(
                server.requests.last?.contains(binding == .jsonRPC ? "SubscribeToTask" : "/tasks/t:subscribe") == true)
        }
    }

    @Test("an API key in the query goes with every call", arguments: Binding.allCases)
    func query(_ binding: Binding) async throws {
        try await ScriptedServer.with([.response(binding.result(Self.task))]) { server in
            _ = try await Self.transport(binding, server) { $0.queryParameters = [("api key", "a&b")] }
                .getTask(Self.get("t"), context: CallContext())
            #expect(server.requests.first?.contains("api%20key=a%26b HTTP/1.1") == true)
        }
    }
}

@Suite("Discovery over HTTP")
struct DiscoveryTests {
    private static func card(_ url: String) -> String {
        """
        {"name":"A","description":"d","version":"1","supportedInterfaces":[{"url":"\(url)/x","protocolBinding":\
        "JSONRPC","protocolVersion":"1.0","tenant":"acme"}],"capabilities":{"streaming":true},"defaultInputModes":\
        ["text/plain"],"defaultOutputModes":["text/plain"],"skills":[]}
        """
    }

    @Test("an origin becomes a client: card, interface, tenant, calls")
    func discovers() async throws {
        let reply =
            #"{"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"hi"}]}}}"#
        let answers: [ScriptedServer.Answer] = [
            .response("302 Found", ["Location: /elsewhere"], ""), .response(Self.card("http://127.0.0.1:PORT")),
            .response(reply),
        ]
        try await ScriptedServer.with(answers) { server in
            var client = try await Client.discover(server.url)
            #expect(client.tenant == "acme")
            // The scripted card cannot know the port.
            var interface = try #require(client.interface)
            interface.url = server.url + "/x"
            client = Client(
                service: try HTTPTransportFactory().makeTransport(for: interface, card: A2AAgentCard()), tenant: "acme")
            #expect(try await client.send("hello").message.text == "hi")
            #expect(server.requests[0].hasPrefix("GET /.well-known/agent-card.json "))
            #expect(server.requests[1].hasPrefix("GET /elsewhere "))
            #expect(server.requests[2].contains(#""tenant":"acme""#))
        }
    }

    @Test("nothing at the well-known path is a card that was not found; a page is an invalid one")
    func noCard() async throws {
        try await ScriptedServer.with([
            .response("404 Not Found", ["Content-Type: text/html"], "no"),
            .response("200 OK", ["Content-Type: text/html"], "<html>"),
        ]) { server in
            for failure in [AgentCardFailure.notFound, .invalid] {
                let error = await #expect(throws: A2AError.self) { try await Client.discover(server.url) }
                #expect(error?.cause as? AgentCardFailure == failure)
            }
        }
    }

    @Test("a card is asked for with its validators, and 304 means the one that is known")
    func revalidates() async throws {
        try await ScriptedServer.with([
            .response(
                "200 OK", ["ETag: \"v1\"", "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"], Self.card("http://h")),
            .response("304 Not Modified", ["ETag: \"v1\""], ""),
        ]) { server in
            let resolver = AgentCardResolver(fetcher: HTTPTransportFactory().cardFetcher)
            let reference = try AgentCardReference(parsing: server.url)
            let first = try await resolver.resolve(reference)
            let second = try await resolver.resolve(reference)
            #expect(first.bytes == second.bytes)
            #expect(server.requests[1].contains("If-None-Match: \"v1\""))
            #expect(server.requests[1].contains("If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT"))
        }
    }

    @Test("what is not HTTP is not supported")
    func supports() {
        let factory = HTTPTransportFactory()
        #expect(factory.supports(A2AAgentInterface(url: "HTTPS://h", binding: "jsonrpc")))
        #expect(!factory.supports(A2AAgentInterface(url: "h:1", binding: .jsonRPC)))
        #expect(!factory.supports(A2AAgentInterface(url: "http://h", binding: .grpc)))
    }
}
