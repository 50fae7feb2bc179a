import A2A
import A2AClient
import Testing

@Suite("Interface selection")
struct InterfaceSelectionTests {
    private struct Factory: TransportFactory {
        var bindings: [ProtocolBinding]
        func supports(_ interface: A2AAgentInterface) -> Bool {
            self.bindings.contains { $0.matches(interface.binding) }
        }
        func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
            FakeService()
        }
    }

    private func card(_ interfaces: (ProtocolBinding, String)...) -> A2AAgentCard {
        A2AAgentCard(
            name: "n", description: "d", version: "1",
            interfaces: interfaces.enumerated().map { index, interface in
                var result = A2AAgentInterface(url: "http://h/\(index)", binding: interface.0, tenant: "t\(index)")
                result.protocolVersion = interface.1
                return result
            },
            skills: [])
    }

    private let both = Factory(bindings: [.jsonRPC, .httpJSON])

    @Test("the first interface of the card that a transport supports")
    func order() throws {
        let card = self.card((.grpc, "1.0"), (.httpJSON, "1.0"), (.jsonRPC, "1.0"))
        #expect(try InterfaceSelection(card: card, transports: [self.both]).interface.url == "http://h/1")
        let client = try Client(card: card, transports: [self.both])
        #expect(client.tenant == "t1")
    }

    @Test("the client's order goes first, and what the card does not offer is passed over")
    func preferences() throws {
        let card = self.card((.httpJSON, "1.0"), (.jsonRPC, "1.0"))
        let selection = try InterfaceSelection(card: card, transports: [self.both], preferences: [.grpc, "jsonrpc"])
        #expect(selection.interface.url == "http://h/1")
        let fallback = try InterfaceSelection(card: card, transports: [self.both], preferences: [.grpc])
        #expect(fallback.interface.url == "http://h/0")
    }

    @Test("other major versions and unreadable ones are not taken; a later minor is spoken as ours")
    func versions() throws {
        let card = self.card((.jsonRPC, "0.3"), (.jsonRPC, "x"), (.jsonRPC, "2.0"), (.jsonRPC, "1.7"))
        let selection = try InterfaceSelection(card: card, transports: [self.both])
        #expect(selection.interface.url == "http://h/3")
        #expect(selection.version == .v1_0)
    }

    @Test("the version that is asked for goes before the card's order; without a word it is the released one")
    func wanted() throws {
        let card = self.card((.jsonRPC, "1.0"), (.httpJSON, "1.0"), (.httpJSON, "1.1"))
        #expect(try InterfaceSelection(card: card, transports: [self.both]).version == .v1_0)
        let draft = try InterfaceSelection(card: card, transports: [self.both], version: .v1_1)
        #expect(draft.interface.url == "http://h/2" && draft.version == .v1_1)
        // Nobody falls back to an older version without being told to: the agent will refuse the calls.
        let old = try InterfaceSelection(
            card: self.card((.jsonRPC, "1.0")), transports: [self.both], version: .v1_1)
        #expect(old.version == .v1_1)
        var configuration = ClientConfiguration()
        configuration.version = .v1_1
        #expect(
            try Client(card: card, transports: [self.both], configuration: configuration).interface?.url == "http://h/2"
        )
    }

    @Test("without a usable interface the error says what the card offers")
    func nothing() {
        let old = #expect(throws: A2AError.self) {
            try InterfaceSelection(card: self.card((.jsonRPC, "0.3")), transports: [self.both])
        }
        #expect(old?.code == .versionNotSupported)
        #expect(old?.message.contains("JSONRPC 0.3") == true)
        let other = #expect(throws: A2AError.self) {
            try InterfaceSelection(card: self.card((.grpc, "1.0")), transports: [self.both])
        }
        #expect(other?.code == .unsupportedOperation)
        #expect(other?.message.contains("GRPC 1.0") == true)
    }
}
