import A2A
import A2AClient
import Testing

@Suite("Agent cards of several transports")
struct AgentCardFetchersTests {
    /// Has a card that says which fetcher it came from.
    private struct Fetcher: AgentCardFetcher {
        var schemes: Set<String>
        var name: String

        func fetch(
            _ url: String, validators: AgentCardValidators?, options: CallOptions
        ) async throws -> AgentCardAnswer {
            .card(Array(#"{"name":"\#(self.name)"}"#.utf8), AgentCardCaching())
        }
    }

    private struct Factory: TransportFactory {
        var agentCardFetcher: (any AgentCardFetcher)?

        func supports(_ interface: A2AAgentInterface) -> Bool { false }
        func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
            throw A2AError(.unsupportedOperation, "none")
        }
    }

    private let resolver = AgentCardResolver(transports: [
        Factory(agentCardFetcher: nil),
        Factory(agentCardFetcher: Fetcher(schemes: ["http", "https"], name: "web")),
        Factory(agentCardFetcher: Fetcher(schemes: ["a2a+x"], name: "own")),
    ])

    @Test(
        "each is asked for by the transport that knows its scheme",
        arguments: [("https://example.com", "web"), ("example.com", "web"), ("a2a+x://example.com", "own")])
    func routes(_ reference: String, _ name: String) async throws {
        let card = try await self.resolver.resolve(AgentCardReference(parsing: reference))
        #expect(card.card.name == name)
    }

    @Test("a scheme that no transport knows is refused with those that are known")
    func unknown() async throws {
        let error = await #expect(throws: A2AError.self) {
            try await self.resolver.resolve(AgentCardReference(parsing: "a2a+y://example.com"))
        }
        #expect(error?.code == .invalidParams)
        #expect(error?.message.contains("a2a+x, http, https") == true, "\(String(describing: error))")
    }

    @Test("a card that came over a binding of its own prefers it")
    func preferences() {
        var card = A2AAgentCard()
        card.supportedInterfaces = [
            A2AAgentInterface(url: "http://example.com", binding: .jsonRPC),
            A2AAgentInterface(url: "A2A+X://example.com", binding: "urn:x"),
        ]
        func preferred(_ url: String) -> [ProtocolBinding] {
            ResolvedAgentCard(card: card, bytes: [], reference: .url(url)).preferredBindings
        }
        #expect(preferred("a2a+x://example.com") == ["urn:x"])
        #expect(preferred("http://example.com") == [])
        #expect(preferred("a2a+y://example.com") == [])
    }
}
