import A2A
import A2AClient
import A2AGateway
import A2ATesting
import Testing

@Suite("Several agents behind a gateway", .timeLimit(.minutes(1)))
struct TenantTests {
    private let one = ScriptedUpstream()
    private let two = ScriptedUpstream()
    private let standard = ScriptedUpstream()

    private func upstream(_ name: String, _ service: ScriptedUpstream, tenant: String = "") throws -> GatewayUpstream {
        var card = A2AAgentCard.testCard()
        card.supportedInterfaces = [A2AAgentInterface(url: "http://x", binding: .jsonRPC, tenant: tenant)]
        return try GatewayUpstream(
            name: name, card: card, transports: [DirectTransports(service: service)], logger: .silent)
    }

    private func makeGateway(hasDefault: Bool = true) throws -> Gateway {
        var upstreams = [try self.upstream("one", self.one), try self.upstream("two", self.two, tenant: "inner")]
        if hasDefault { upstreams.append(try self.upstream("", self.standard, tenant: "house")) }
        return try Gateway(upstreams: upstreams)
    }

    @Test("the tenant of a call chooses the agent, which is sent its own tenant", arguments: testedBindings)
    func choice(_ binding: ProtocolBinding) async throws {
        try await withServed(try self.makeGateway(), card: .testCard()) { card async throws in
            let service = try transport(binding, to: card)
            _ = try await service.getTask(get("t", tenant: "one"), context: CallContext())
            #expect(self.one.seen.map(\.tenant) == [""])
            _ = try await service.sendMessage(send("Hello", tenant: "two"), context: CallContext())
            #expect(self.two.seen.map(\.tenant) == ["inner"])
            _ = try await service.sendStreamingMessage(send("Hello"), context: CallContext()).collect()
            #expect(self.standard.seen.map(\.tenant) == ["house"])
            #expect(self.one.seen.count == 1)
        }
    }

    @Test("an unknown tenant, or none without a default, is refused and tells nothing", arguments: testedBindings)
    func unknown(_ binding: ProtocolBinding) async throws {
        for (hasDefault, tenant) in [(true, "three"), (false, "three"), (false, "")] {
            try await withServed(try self.makeGateway(hasDefault: hasDefault), card: .testCard()) { card async throws in
                let service = try transport(binding, to: card)
                let error = try await #require(throws: A2AError.self) {
                    try await service.getTask(get("t", tenant: tenant), context: CallContext())
                }
                #expect(error.code == .invalidParams)
                #expect(error.fieldViolations.map(\.field) == ["tenant"])
                #expect(!error.message.contains("two"))
            }
        }
        #expect(self.one.seen.isEmpty)
    }

    @Test("push notification configurations name the tenant that the caller knows")
    func pushConfigurations() async throws {
        let gateway = try self.makeGateway()
        var config = A2ATaskPushNotificationConfig()
        config.taskID = "t"
        config.url = "https://example.com/hook"
        config.tenant = "two"
        let made = try await gateway.createTaskPushNotificationConfig(config, context: CallContext())
        #expect(self.two.last?.tenant == "inner")
        #expect(made == config)
        var list = A2AListTaskPushNotificationConfigsRequest()
        list.taskID = "t"
        list.tenant = "two"
        let listed = try await gateway.listTaskPushNotificationConfigs(list, context: CallContext())
        #expect(listed.configs.map(\.tenant) == ["two"])

        var request = send("Hello", tenant: "two")
        request.configuration.taskPushNotificationConfig = config
        _ = try await gateway.sendMessage(request, context: CallContext())
        let seen = try #require(self.two.last?.request as? A2ASendMessageRequest)
        #expect(seen.configuration.taskPushNotificationConfig.tenant == "inner")
    }

    @Test("two agents of the same name, or none at all, are refused")
    func names() throws {
        let upstream = try self.upstream("one", self.one)
        #expect(throws: A2AError.self) { try Gateway(upstreams: [upstream, upstream]) }
        #expect(throws: A2AError.self) { try Gateway(upstreams: []) }
    }
}
