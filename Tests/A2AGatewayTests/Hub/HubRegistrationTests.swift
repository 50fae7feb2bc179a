import A2A
import A2AClient
import A2AServer
import A2ATesting
import AsyncHTTPClient
import NIOCore
import Synchronization
import Testing

@testable import A2AGateway
@testable import A2ATCP

@Suite("Who may come to a hub, and what it shows", .timeLimit(.minutes(2)))
struct HubRegistrationTests {
    @Test("a token is for its name only, and a name without one is not told apart")
    func tokens() async throws {
        try await RunningHub.with(AgentTokens(["one": "secret-1", "two": "secret-2", "three": ""])) {
            hub async throws in
            #expect(try await tryToRegister(hub.address, "one", token: "secret-1") == "registered")
            var refusals: Set<String> = []
            for (name, token) in [("one", "secret-2"), ("one", "x"), ("unknown", "secret-1"), ("three", "x")] {
                refusals.insert(try await tryToRegister(hub.address, name, token: token))
            }
            #expect(refusals.count == 1)
            #expect(refusals.first?.contains("not that of the agent of this name") == true)
            #expect(try await tryToRegister(hub.address, "one").contains("needs the agent's bearer token"))
        }
    }

    @Test("without an authorizer that says yes nobody comes")
    func nobody() async throws {
        try await RunningHub.with(AnyAgentAuthorizer([])) { hub async throws in
            #expect(try await tryToRegister(hub.address, "one", token: "x").contains("takes no agents"))
        }
    }

    @Test("a certificate is for the names that it says")
    func certificates() async throws {
        #expect(AgentCertificates.names(of: "billing.example.com") == ["billing.example.com", "billing"])
        #expect(AgentCertificates.names(of: "spiffe://example.com/ns/a/billing") == ["billing"])
        #expect(AgentCertificates.names(of: "spiffe://example.com") == [])
        #expect(AgentCertificates.names(of: "spiffe://example.com/") == [])
        let authorizer = AgentCertificates()
        let known = CallContext(principal: Principal(id: "spiffe://example.com/billing"))
        #expect(try await authorizer.authorize(name: "billing", context: known).id == "spiffe://example.com/billing")
        let other = await #expect(throws: A2AError.self) {
            try await authorizer.authorize(name: "example.com", context: known)
        }
        #expect(other?.code == .permissionDenied)
        let none = await #expect(throws: A2AError.self) {
            try await authorizer.authorize(name: "billing", context: CallContext())
        }
        #expect(none?.code == .unauthenticated)
    }

    /// Everybody is who their token says.
    private struct Tokens: AgentAuthorizer {
        func authorize(name: String, context: CallContext) async throws -> Principal {
            Principal(id: context.parameters["authorization"] ?? "")
        }
    }

    @Test("a name is one principal's, also for a while after it has gone")
    func duplicates() async throws {
        let agent = ScriptedUpstream()
        try await RunningHub.with(Tokens()) { hub async throws in
            try await hub.with("one", agent, token: "a") { _ async throws in
                #expect(try await tryToRegister(hub.address, "one", token: "b").contains("Another agent has this name"))
                #expect(try await tryToRegister(hub.address, "one", token: "a") == "registered")
                _ = try await hub.transport(.tcp).sendMessage(send("hi", tenant: "one"), context: CallContext())
            }
            #expect(try await tryToRegister(hub.address, "one", token: "b").contains("Another agent has this name"))
        }
        var configuration = AgentHubConfiguration()
        configuration.absence = .zero
        try await RunningHub.with(Tokens(), configuration: configuration) { hub async throws in
            #expect(try await tryToRegister(hub.address, "one", token: "a") == "registered")
            while !hub.hub.agents.isEmpty { await Task.yield() }
            #expect(try await tryToRegister(hub.address, "one", token: "b") == "registered")
        }
    }

    @Test("one agent too many is refused, and comes in when there is room")
    func limit() async throws {
        var configuration = AgentHubConfiguration()
        configuration.maxAgents = 1
        configuration.absence = .zero
        try await RunningHub.with(configuration: configuration) { hub async throws in
            try await hub.with("one", ScriptedUpstream()) { _ async throws in
                #expect(try await tryToRegister(hub.address, "two").contains("no room for more than 1 agents"))
            }
            while !hub.hub.agents.isEmpty { await Task.yield() }
            #expect(try await tryToRegister(hub.address, "two") == "registered")
        }
    }

    @Test("a card that is too large, or does not come, keeps the agent out")
    func cards() async throws {
        var configuration = AgentHubConfiguration()
        configuration.maxCardBytes = 10
        try await RunningHub.with(configuration: configuration) { hub async throws in
            #expect(try await tryToRegister(hub.address, "one").contains("at most 10 are taken"))
            #expect(hub.hub.agents.isEmpty)
        }
        configuration.maxCardBytes = 1 << 20
        configuration.registrationTimeout = .milliseconds(100)
        try await RunningHub.with(configuration: configuration) { hub async throws in
            let silent = ScriptedUpstream().with(NoCard())
            #expect(try await tryToRegister(hub.address, "one", silent).contains("did not answer GetAgentCard"))
            #expect(hub.hub.agents.isEmpty)
        }
    }

    @Test("an initiator that grants no calls is refused, and is not called")
    func noCredit() async throws {
        try await RunningHub.with { hub async throws in
            let link = try await TCPClientConnection.dial(
                TCPAddress(hub.address), tls: nil,
                options: TCPConnectionOptions(configuration: TCPConfiguration(), isSecure: false),
                timeout: .seconds(10)
            ).get()
            var frame = TCPCall(.named, encoding: .json)
            frame.parameters["method"] = TCPRegister.method
            let call = TCPClientCall(encoding: .json, link: link)
            let request = Array(#"{"name":"one"}"#.utf8)
            link.submit(
                .open(
                    TCPOpening(
                        call: call, frame: frame, credentials: [], identity: nil, request: request, deadline: nil)))
            let error = await #expect(throws: A2AError.self) {
                try await TCPTransport.answer(call, await call.next(), CallContext())
            }
            #expect(error?.code == .invalidRequest)
            #expect(error?.message.contains("CALL_CREDIT") == true)
            #expect(hub.hub.agents.isEmpty)
            link.submit(.close)
        }
    }

    @Test("of several connections the newest is called; one too many is sent away")
    func connections() async throws {
        var configuration = AgentHubConfiguration()
        configuration.maxConnectionsPerAgent = 2
        let agents = (0..<3).map { _ in ScriptedUpstream() }
        try await RunningHub.with(configuration: configuration) { hub async throws in
            let service = try hub.transport(.tcp)
            try await hub.with("one", agents[0]) { _ async throws in
                try await hub.with("one", agents[1]) { _ async throws in
                    try await hub.with("one", agents[2]) { _ async throws in
                        _ = try await service.sendMessage(send("hi", tenant: "one"), context: CallContext())
                        #expect(hub.hub.agents.map(\.connections) == [2])
                    }
                    while hub.hub.agents.map(\.connections) != [1] { await Task.yield() }
                    _ = try await service.sendMessage(send("hi", tenant: "one"), context: CallContext())
                }
            }
        }
        #expect(agents.map(\.seen.count) == [0, 1, 1])
    }

    @Test("the card has the hub's interfaces with the name, over HTTP and TCP, and stays while the agent is away")
    func card() async throws {
        let agent = ScriptedUpstream()
        try await RunningHub.with { hub async throws in
            let registration = Mutex<TCPRegistration?>(nil)
            var dialled = TCPDialConfiguration(hub: hub.address, name: "one")
            let comings = Comings()
            dialled.onRegistered = {
                let told = $0
                registration.withLock { $0 = told }
                comings.note(told)
            }
            let path = "/one/.well-known/agent-card.json"
            #expect(try await Self.get(hub.base + path).status == 404)
            try await withBindings([.tcp(dialing: dialled)], of: agent, logger: .silent) { _ async throws in
                await comings.next()
                let answer = try await Self.get(hub.base + path)
                #expect(answer.status == 200)
                let card = try ModelJSON.decodeAnswer(A2AAgentCard.self, from: answer.body[...])
                #expect(card.name == A2AAgentCard.testCard().name)
                #expect(card.supportedInterfaces.map(\.url) == hub.interfaces.map(\.url))
                #expect(card.supportedInterfaces.allSatisfy { $0.tenant == "one" })
                #expect(registration.withLock { $0 }?.interfaces == card.supportedInterfaces)
                var context = CallContext()
                context.tenant = "one"
                #expect(try await hub.transport(.tcp).getAgentCard(context: context) == card)
            }
            #expect(try await Self.get(hub.base + path).status == 200)
        }
    }

    @Test("the list of agents is for everybody, or for nobody")
    func list() async throws {
        try await RunningHub.with { hub async throws in
            try await hub.with("one", ScriptedUpstream()) { _ async throws in
                #expect(try await Self.get(hub.base + "/agents").status == 404)
            }
        }
        var configuration = AgentHubConfiguration()
        configuration.listsAgents = true
        try await RunningHub.with(configuration: configuration) { hub async throws in
            #expect(try await Self.get(hub.base + "/agents").text == #"{"agents":[]}"#)
            try await hub.with("two", ScriptedUpstream()) { _ async throws in
                try await hub.with("one", ScriptedUpstream()) { _ async throws in
                    let text = try await Self.get(hub.base + "/agents").text
                    let names = text.matches(of: /"name":"(\w+)"/).map { String($0.1) }
                    #expect(names == ["one", "two"])
                    #expect(text.contains(#""card":"/one/.well-known/agent-card.json""#))
                    #expect(text.contains(#""connections":1"#))
                }
            }
        }
    }

    private static func get(_ url: String) async throws -> (status: Int?, body: [UInt8], text: String) {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
        let body = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        return (Int("\(response.status)".prefix(3)), body, String(decoding: body, as: UTF8.self))
    }
}

/// The card never comes.
private struct NoCard: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        if call.operation == nil { try await Task.sleep(for: .seconds(3600)) }
        return try await next(call)
    }
}
