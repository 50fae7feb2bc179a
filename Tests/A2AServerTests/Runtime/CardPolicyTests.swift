import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("What the card promises")
struct CardPolicyTests {
    private func policy(_ adjust: (inout A2AAgentCard) -> Void = { _ in }) -> CardPolicy {
        var card = A2AAgentCard.testCard(capabilities: A2AAgentCapabilities())
        adjust(&card)
        return CardPolicy(card)
    }

    private func request(_ parts: [A2APart], accepts: [String] = []) -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .user, parts: parts)
        request.configuration.acceptedOutputModes = accepts
        return request
    }

    @Test(
        "a part of a type that the card names is taken, wildcards and the skills' types included",
        arguments: [
            (A2APart.text("x"), true), (.text("x", mediaType: "text/html"), false),
            (.text("x", mediaType: "TEXT/PLAIN; charset=utf-8"), true), (.data(["a": 1]), true),
            (.data(nil, mediaType: "application/vnd.x+json"), false), (.raw([1]), false),
            (.raw([1], mediaType: "image/png"), true),
            (.url("https://example.org/x", mediaType: "image/svg+xml"), true),
            (.url("https://example.org/x"), false), (.raw([1], mediaType: "audio/wav"), true),
        ])
    func inputModes(part: A2APart, isTaken: Bool) async throws {
        let policy = self.policy {
            $0.defaultInputModes = ["text/plain", "application/json", "image/*"]
            $0.skills[0].inputModes = ["audio/wav"]
        }
        if isTaken {
            try policy.checkMediaTypes(self.request(["x", part]))
        } else {
            let error = await expectError(.contentTypeNotSupported) {
                try policy.checkMediaTypes(self.request(["x", part]))
            }
            #expect(error?.message.contains("message.parts[1]") == true)
        }
    }

    @Test(
        "of the types that the caller accepts, one must be the agent's",
        arguments: [
            ([], true), (["text/plain"], true), (["image/png", "application/json"], true), (["text/*"], true),
            (["*/*"], true), (["image/png"], false),
        ] as [([String], Bool)])
    func outputModes(accepts: [String], isTaken: Bool) async throws {
        let policy = self.policy()
        if isTaken {
            try policy.checkMediaTypes(self.request(["x"], accepts: accepts))
        } else {
            await expectError(.contentTypeNotSupported) {
                try policy.checkMediaTypes(self.request(["x"], accepts: accepts))
            }
        }
    }

    @Test("a tenant must be one of the card's, if the card names any")
    func tenants() async throws {
        try self.policy().admit(.by("", tenant: "any"))
        let policy = self.policy {
            $0.supportedInterfaces = [
                A2AAgentInterface(url: "https://example.org", binding: .jsonRPC, tenant: "red"),
                A2AAgentInterface(url: "https://example.org", binding: .httpJSON),
            ]
        }
        try policy.admit(.by("", tenant: "red"))
        try policy.admit(.by(""))
        await expectError(.invalidParams) { try policy.admit(.by("", tenant: "blue")) }
    }

    @Test("required extensions must be asked for; those that are known are activated")
    func extensions() async throws {
        let policy = self.policy {
            $0.capabilities.extensions = [
                A2AAgentExtension(uri: "urn:needed", required: true), A2AAgentExtension(uri: "urn:other"),
            ]
        }
        await expectError(.extensionSupportRequired) { try policy.admit(CallContext()) }
        let context = CallContext(requestedExtensions: ["urn:unknown", "urn:other", "urn:needed"])
        try policy.admit(context)
        #expect(context.response.activatedExtensions == ["urn:other", "urn:needed"])
    }

    @Test("capabilities that the card does not declare are refused")
    func gates() async throws {
        let closed = self.policy()
        await expectError(.unsupportedOperation) { try closed.requireStreaming() }
        await expectError(.unsupportedOperation) { try closed.requireExtendedCard() }
        await expectError(.pushNotificationNotSupported) { try closed.requirePushNotifications() }
        let open = self.policy {
            $0.capabilities = A2AAgentCapabilities(streaming: true, pushNotifications: true, extendedAgentCard: true)
        }
        try open.requireStreaming()
        try open.requireExtendedCard()
        try open.requirePushNotifications()
    }
}
