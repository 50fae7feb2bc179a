import A2A
import A2AClient
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import TestSupport
import Testing

@Suite("Streams over TCP connections that are cut", .timeLimit(.minutes(1)))
struct ResumptionTests {
    private static let words = (1...25).map { "word\($0) " }

    private let agent = ClosureAgent { turn in
        for word in Self.words {
            try await turn.append(.text(word), toArtifact: "words")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// TCP on a free port, whose connections do not live long.
    private func cutting(after delay: Duration) -> any ServerBinding {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.cutsConnectionsAfter = delay
        return .tcp(configuration)
    }

    private func transports() throws -> [any TransportFactory] {
        [
            try HTTPTransportFactory(options: .init()), try GRPCTransportFactory(options: .init()),
            try TCPTransportFactory(options: .init()),
        ]
    }

    /// Follows the agent's words and checks that each comes once, in order, with consecutive numbers.
    private func follow(_ card: A2AAgentCard, over binding: ProtocolBinding) async throws {
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        let client = try Client(card: card, transports: try self.transports(), configuration: configuration)
        #expect(client.interface?.binding == binding)
        var (words, numbers): ([String], [Int64]) = ([], [])
        for try await event in try await client.stream("go") {
            if let number = event.generation { numbers.append(number) }
            if case .artifactUpdate(let update)? = event.response.payload { words.append(update.artifact.text) }
        }
        #expect(words == Self.words)
        #expect(numbers == Array((numbers.first ?? 0)..<((numbers.first ?? 0) + Int64(numbers.count))))
    }

    @Test("lose nothing and double nothing, straight to the agent")
    func direct() async throws {
        let card = A2AAgentCard.testCard()
        try await withTestAgent(self.agent, card: card, bindings: [self.cutting(after: .milliseconds(120))]) {
            endpoints in
            var card = card
            card.supportedInterfaces = endpoints[0].interfaces
            try await self.follow(card, over: .tcp)
        }
    }

    @Test(
        "lose nothing and double nothing through a gateway, whichever side is cut",
        arguments: [ProtocolBinding.jsonRPC, .httpJSON, .grpc, .tcp])
    func gateway(_ caller: ProtocolBinding) async throws {
        let card = A2AAgentCard.testCard()
        try await withTestAgent(self.agent, card: card, bindings: [self.cutting(after: .milliseconds(150))]) {
            endpoints in
            var card = card
            card.supportedInterfaces = endpoints[0].interfaces
            let gateway = try Gateway(upstream: card, transports: try self.transports(), logger: .silent)
            try await withGateway(
                gateway,
                bindings: [.http(.ephemeral), .grpc(.ephemeral), self.cutting(after: .milliseconds(190))],
                logger: .silent
            ) { _ in
                try await self.follow(try await gateway.getAgentCard(context: CallContext()), over: caller)
            }
        }
    }
}
