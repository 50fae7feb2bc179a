import A2A
import Testing

@Suite("Extension negotiation")
struct ExtensionNegotiationTests {
    private static func card(_ extensions: (uri: String, required: Bool)...) -> A2AAgentCard {
        var card = A2AAgentCard()
        card.capabilities.extensions = extensions.map { A2AAgentExtension(uri: $0.uri, required: $0.required) }
        return card
    }

    @Test(
        "the header is read in order and without repetitions",
        arguments: [
            (nil, []), ("", []), (" , ,", []), ("urn:a", ["urn:a"]), ("urn:a, urn:b", ["urn:a", "urn:b"]),
            ("urn:b,urn:a ,\turn:b", ["urn:b", "urn:a"]),
        ] as [(String?, [String])])
    func parsing(_ value: String?, uris: [String]) {
        #expect(ExtensionNegotiation.parse(value) == uris)
    }

    @Test("a hostile header is read up to the limit")
    func bounded() {
        let value = (0..<10_000).map { "urn:\($0)" }.joined(separator: ",")
        #expect(ExtensionNegotiation.parse(value).count == ExtensionNegotiation.maxRequested)
    }

    @Test("what the call asks for and the card declares is activated")
    func activation() throws {
        let card = Self.card(("urn:a", false), ("urn:b", false))
        #expect(try ExtensionNegotiation.activate(requested: [], card: card) == [])
        #expect(try ExtensionNegotiation.activate(requested: ["urn:b", "urn:x"], card: card) == ["urn:b"])
        #expect(try ExtensionNegotiation.activate(requested: ["urn:x"], card: A2AAgentCard()) == [])
    }

    @Test("a required extension must be asked for")
    func required() throws {
        let card = Self.card(("urn:a", true), ("urn:b", false), ("urn:c", true))
        #expect(try ExtensionNegotiation.activate(requested: ["urn:c", "urn:a"], card: card) == ["urn:c", "urn:a"])
        let error = try #require(throws: A2AError.self) {
            try ExtensionNegotiation.activate(requested: ["urn:b"], card: card)
        }
        #expect(error.code == .extensionSupportRequired)
        #expect(error.message.contains("urn:a, urn:c"))
        #expect(
            error.wireDetails == [
                .errorInfo(reason: "EXTENSION_SUPPORT_REQUIRED", metadata: ["extensions": "urn:a,urn:c"])
            ])
    }

    @Test("URIs are compared exactly")
    func exact() throws {
        let card = Self.card(("urn:a", true))
        #expect(throws: A2AError.self) { try ExtensionNegotiation.activate(requested: ["urn:A"], card: card) }
    }
}
