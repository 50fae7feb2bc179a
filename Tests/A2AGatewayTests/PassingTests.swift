import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import HTTPTypes
import Testing

@testable import A2AGateway

@Suite("Through a gateway: what surrounds a call", .timeLimit(.minutes(1)))
struct PassingTests {
    @Test("credentials of any name, cookies and traces pass; what is of the connection or the message does not")
    func parameters() async throws {
        let agent = ScriptedUpstream()
        try await withServed(agent) { card async throws in
            try await withGateways(card, over: [.httpJSON]) { card async throws in
                let passing = [
                    "Authorization": "Bearer secret", "Cookie": "a=b; session=1", "X-Odd-Key": "key",
                    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "Accept-Language": "de", "X-Forwarded-For": "192.0.2.1",
                ]
                let held = [
                    "TE": "trailers", "Connection": "keep-alive, X-Hop", "X-Hop": "here", "Content-Language": "fr",
                    "If-None-Match": "*", "Grpc-Timeout": "1S", "User-Agent": "the-caller", "Expect": "nothing",
                    "Proxy-Authorization": "Basic x",
                ]
                var head = "GET /v1/tasks/t HTTP/1.1\r\nHost: gateway\r\nA2A-Version: 1.0\r\n"
                for (name, value) in passing.merging(held, uniquingKeysWith: { $1 }) { head += "\(name): \(value)\r\n" }
                let answer = try await RawHTTP.exchange(try baseURL(card), head + "\r\n", until: "TASK_STATE_WORKING")
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                let seen = try #require(agent.last)
                for (name, value) in passing { #expect(seen.field(name) == value, "\(name)") }
                for (name, value) in held { #expect(seen.field(name) != value, "\(name)") }
                #expect(seen.field("X-Hop") == nil)
                #expect(seen.field("A2A-Gateway-Hops") == "1")
            }
        }
    }

    @Test("every field that is held back is held back, however it is written")
    func heldBack() throws {
        var caller = ServiceParameters()
        for name in ["CONNECTION", "Content-Type", "grpc-encoding", "Host", "A2A-Version", "Last-Event-ID", "accept"] {
            caller[name] = "x"
        }
        caller["X-A"] = "1"
        caller.fields.append(HTTPField(name: try #require(.init("X-A")), value: "2"))
        let passed = ForwardedParameters(caller)
        #expect(passed.parameters.fields.map(\.name.canonicalName) == ["x-a", "x-a"])
        #expect(passed.hops == nil)
    }

    @Test("extensions are asked for upstream, and those that it activates come back", arguments: testedPairs)
    func extensions(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        let agent = ScriptedUpstream()
        try await withServed(agent) { card async throws in
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(caller, to: card)
                let context = CallContext(requestedExtensions: ["urn:a", "urn:unknown", "urn:b"])
                _ = try await service.getTask(get("t"), context: context)
                #expect(agent.last?.context.requestedExtensions == ["urn:a", "urn:unknown", "urn:b"])
                #expect(agent.last?.context.version == .v1_0)
                #expect(context.response.activatedExtensions == ["urn:a", "urn:b"])

                let streaming = CallContext(requestedExtensions: ["urn:s"])
                _ = try await service.sendStreamingMessage(send("Hello"), context: streaming).collect()
                #expect(streaming.response.activatedExtensions == ["urn:s"])
            }
        }
    }

    @Test("with one agent without a name, the tenant is that agent's business", arguments: testedPairs)
    func tenant(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        let agent = ScriptedUpstream()
        try await withServed(agent) { card async throws in
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(caller, to: card)
                _ = try await service.getTask(get("t", tenant: "acme"), context: CallContext())
                #expect(agent.last?.tenant == "acme")
                _ = try await service.sendMessage(send("Hello"), context: CallContext())
                #expect(agent.last?.tenant == "")
                #expect(agent.last?.context.tenant == "")
            }
        }
    }

    @Test("a tenant in the context alone is sent too, and one that contradicts the request is refused")
    func tenantOfContext() async throws {
        let agent = ScriptedUpstream()
        let gateway = try gateway(to: agent)
        _ = try await gateway.getTask(get("t"), context: CallContext(tenant: "acme"))
        #expect(agent.last?.tenant == "acme")
        #expect(agent.last?.context.tenant == "acme")
        let error = try await #require(throws: A2AError.self) {
            try await gateway.getTask(get("t", tenant: "other"), context: CallContext(tenant: "acme"))
        }
        #expect(error.fieldViolations.map(\.field) == ["tenant"])
    }

    @Test("deadline, generation and version reach the transport")
    func context() async throws {
        let agent = ScriptedUpstream()
        let gateway = try gateway(to: agent)
        let deadline = ContinuousClock.now.advanced(by: .seconds(100))
        let context = CallContext(version: .v0_3, deadline: deadline, resumeAfter: 5)
        _ = try await gateway.subscribeToTask(subscribe("t"), context: context)
        #expect(agent.last?.context.deadline == deadline)
        #expect(agent.last?.context.resumeAfter == 5)
        // Not the caller's, but the highest that the upstream's interface speaks.
        #expect(agent.last?.context.version == .v1_0)
    }

    @Test("challenges, retry delays and foreign details come back", arguments: testedPairs)
    func errors(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        let thrown = [
            A2AError(.unauthenticated, "Who are you?", challenge: "Bearer realm=\"agent\", scope=\"x\""),
            A2AError(.unavailable, "Come back later.", details: [.retryInfo(.seconds(7))]),
            A2AError(
                .permissionDenied, "Not you.",
                details: [.errorInfo(reason: "OTHER", domain: "example.com", metadata: ["a": "b"])]),
        ]
        var script = ScriptedUpstream.Script()
        script.getTask = { request, _ in throw thrown[Int(request.id) ?? 0] }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            let direct = try transport(caller, to: card)
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(caller, to: card)
                for index in thrown.indices {
                    let error = try await #require(throws: A2AError.self) {
                        try await service.getTask(get("\(index)"), context: CallContext())
                    }
                    let expected = try await #require(throws: A2AError.self) {
                        try await direct.getTask(get("\(index)"), context: CallContext())
                    }
                    #expect(error.code == thrown[index].code)
                    #expect(error.message == thrown[index].message)
                    #expect(error.challenge == expected.challenge)
                    #expect(error.retryDelay == thrown[index].retryDelay)
                    #expect(Set(error.details) == Set(expected.details))
                }
            }
        }
    }

    @Test("credentials decide at the agent, not at the gateway")
    func authentication() async throws {
        let authenticator = StaticTokenAuthenticator(["sesame": Principal(id: "ali")])
        try await withReferenceAgent(authenticator: authenticator) { card async throws in
            try await withGateways(card, over: [.httpJSON]) { card async throws in
                let service = try transport(.jsonRPC, to: card)
                let error = try await #require(throws: A2AError.self) {
                    try await service.sendMessage(send("Hello"), context: CallContext())
                }
                #expect(error.code == .unauthenticated)
                #expect(error.challenge?.contains("Bearer") == true)
                var context = CallContext()
                context.parameters["Authorization"] = "Bearer sesame"
                #expect(try await service.sendMessage(send("Hello"), context: context).text == "Hello")
            }
        }
    }

    // MARK: Loops

    @Test("a call that goes round in a circle ends with an error")
    func loop() async throws {
        let circle = Box<Gateway>()
        var script = ScriptedUpstream.Script()
        script.getTask = { request, context in try await circle.value!.getTask(request, context: context) }
        let agent = ScriptedUpstream(script)
        circle.value = try gateway(to: agent)
        defer { circle.value = nil }
        let error = try await #require(throws: A2AError.self) {
            try await circle.value!.getTask(get("t"), context: CallContext())
        }
        #expect(error.code == .internal)
        #expect(error.message.contains("loop"))
        #expect(agent.seen.map { $0.field("a2a-gateway-hops") } == (1...8).map(String.init))
    }

    @Test("the count passes between gateways; one that cannot be read does not pass")
    func hops() async throws {
        let agent = ScriptedUpstream()
        try await withServed(agent) { card async throws in
            var configuration = GatewayConfiguration()
            configuration.maxHops = 2
            for (gateways, isRefused) in [(1, false), (2, false), (3, true)] {
                let hops = Array(repeating: ProtocolBinding.jsonRPC, count: gateways)
                try await withGateways(card, over: hops, configuration: configuration) { card async throws in
                    let service = try transport(.httpJSON, to: card)
                    if isRefused {
                        let error = try await #require(throws: A2AError.self) {
                            try await service.getTask(get("t"), context: CallContext())
                        }
                        #expect(error.code == .internal)
                    } else {
                        _ = try await service.getTask(get("t"), context: CallContext())
                        #expect(agent.last?.field("a2a-gateway-hops") == "\(gateways)")
                    }
                }
            }
        }
        let gateway = try gateway(to: agent)
        for nonsense in ["x", "-1", "99999999999999999999", ""] {
            var context = CallContext()
            context.parameters["a2a-gateway-hops"] = nonsense
            await #expect(throws: A2AError.self) { try await gateway.getTask(get("t"), context: context) }
        }
    }
}
