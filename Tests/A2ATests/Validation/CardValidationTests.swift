import A2A
import Testing

@Suite("Validation of cards")
struct CardValidationTests {
    private var card: A2AAgentCard {
        A2AAgentCard(
            name: "n", description: "d", version: "1",
            interfaces: [A2AAgentInterface(url: "https://example.org", binding: .jsonRPC)],
            skills: [A2AAgentSkill(id: "i", name: "n", description: "d", tags: ["t"])])
    }

    @Test("the card of the initializer is valid")
    func valid() { #expect(self.card.violations() == []) }

    @Test("required lists have an element")
    func lists() {
        var card = self.card
        card.skills[0].tags = []
        card.defaultInputModes = []
        card.defaultOutputModes = [""]
        card.supportedInterfaces = []
        #expect(
            card.violations().map(\.field) == [
                "supportedInterfaces", "defaultInputModes", "defaultOutputModes[0]", "skills[0].tags",
            ])
    }

    @Test("skills have identifiers of their own")
    func duplicateSkills() {
        var card = self.card
        card.skills.append(card.skills[0])
        #expect(card.violations().map(\.field) == ["skills[1].id"])
    }

    @Test("requirements name schemes of the card")
    func unknownScheme() {
        var card = self.card
        card.securityRequirements = [["oauth": ["read"]]]
        card.skills[0].securityRequirements = [["key": []]]
        #expect(card.violations().map(\.field) == ["securityRequirements[0]", "skills[0].securityRequirements[0]"])
        card.securitySchemes = ["oauth": .mutualTLS(), "key": .apiKey(name: "X-Key")]
        #expect(card.violations() == [])
    }

    @Test("addresses of HTTP bindings are web addresses, others are their binding's affair")
    func interfaces() {
        var card = self.card
        card.supportedInterfaces = [
            A2AAgentInterface(url: "example.org:50051", binding: .grpc),
            A2AAgentInterface(url: "tcp://example.org:1", binding: "https://example.org/bindings/tcp"),
            A2AAgentInterface(url: "example.org", binding: .httpJSON),
        ]
        #expect(card.violations().map(\.field) == ["supportedInterfaces[2].url"])
        card.supportedInterfaces = [A2AAgentInterface(url: "https://example.org", binding: .jsonRPC)]
        card.supportedInterfaces[0].protocolVersion = "one"
        #expect(card.violations().map(\.field) == ["supportedInterfaces[0].protocolVersion"])
    }

    @Test("an API key is somewhere that the specification knows")
    func keyLocation() {
        var card = self.card
        card.securitySchemes = ["k": .apiKey(name: "X", in: APIKeyLocation(rawValue: "body"))]
        #expect(card.violations().map(\.field) == [#"securitySchemes["k"].apiKeySecurityScheme.location"#])
    }

    @Test("an extension has a URI")
    func extensionURI() {
        var card = self.card
        card.capabilities.extensions = [A2AAgentExtension(uri: "")]
        #expect(card.violations().map(\.field) == ["capabilities.extensions[0].uri"])
    }
}
