import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import Testing

@testable import A2AGateway

@Suite("Versions through a gateway", .timeLimit(.minutes(1)))
struct VersionTests {
    private func http(_ versions: [ProtocolVersion]) -> any ServerBinding {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.versions = versions
        return .http(configuration)
    }

    /// A gateway that can pass on both versions, before an agent that serves some.
    private func serving<Result: Sendable>(
        agent versions: [ProtocolVersion], _ body: (ScriptedUpstream, A2AAgentCard) async throws -> Result
    ) async throws -> Result {
        let agent = ScriptedUpstream()
        return try await withBindings([self.http(versions)], of: agent, logger: .silent) { endpoints in
            var card = try await agent.getAgentCard(context: CallContext())
            card.supportedInterfaces = endpoints.flatMap(\.interfaces)
            let gateway = try Gateway(upstream: card, transports: try allTransports(), logger: .silent)
            return try await withGateway(
                gateway, bindings: [self.http(Gateway.versions)], logger: .silent
            ) { _ in
                try await body(agent, try await gateway.getAgentCard(context: CallContext()))
            }
        }
    }

    @Test("a call goes on in the version in which it came, if the agent declares it")
    func passing() async throws {
        try await self.serving(agent: [.v1_0, .v1_1]) { agent, card in
            #expect(card.supportedInterfaces.map(\.protocolVersion) == ["1.0", "1.0", "1.1", "1.1"])
            let service = try transport(.jsonRPC, to: card)
            for version in Gateway.versions {
                _ = try await service.getTask(get("t"), context: CallContext(version: version))
                #expect(agent.last?.context.version == version)
            }
        }
    }

    @Test("an agent without 1.1 has no such interface, and calls in it are refused instead of losing what they ask for")
    func refusing() async throws {
        try await self.serving(agent: [.v1_0]) { agent, card in
            #expect(card.supportedInterfaces.map(\.protocolVersion) == ["1.0", "1.0"])
            let service = try transport(.httpJSON, to: card)
            let error = await #expect(throws: A2AError.self) {
                try await service.getTask(get("t"), context: CallContext(version: .v1_1))
            }
            #expect(error?.code == .versionNotSupported)
            #expect(agent.last == nil)
        }
    }
}
