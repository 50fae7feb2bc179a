import A2A
import A2AClient
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import TestSupport
import Testing

@Suite("Finding an agent by an address of its own binding", .timeLimit(.minutes(1)))
struct DiscoveryTests {
    private func tcp() throws -> TCPTransportFactory { try TCPTransportFactory(options: TCPClientOptions()) }

    @Test("the card is fetched over TCP, equal to the one over HTTP, and the agent is called over TCP")
    func discover() async throws {
        try await withTestAgent(bindings: [.http(.ephemeral), .tcp(.ephemeral)]) { endpoints in
            let overTCP = try await Client.discover(
                endpoints[1].address, transport: try HTTPTransportFactory(options: .init()),
                additionalTransports: [try self.tcp()])
            #expect(overTCP.interface?.binding == .tcp)
            #expect(try await overTCP.send("Hello").text == "Hello")
            let overHTTP = try await Client.discover(
                endpoints[0].address, transport: try HTTPTransportFactory(options: .init()))
            #expect(overHTTP.interface?.binding == .jsonRPC)
            #expect(overTCP.card == overHTTP.card)
        }
    }

    @Test("no other transport is needed, and preferences of the caller win")
    func alone() async throws {
        try await withTestAgent(bindings: [.http(.ephemeral), .tcp(.ephemeral)]) { endpoints in
            let client = try await Client.discover(endpoints[1].address, transports: [try self.tcp()])
            #expect(try await client.send("Hello").text == "Hello")
            var configuration = ClientConfiguration()
            configuration.preferredBindings = [.httpJSON]
            let other = try await Client.discover(
                endpoints[1].address, transports: [try HTTPTransportFactory(options: .init()), try self.tcp()],
                configuration: configuration)
            #expect(other.interface?.binding == .httpJSON)
        }
    }

    @Test("without a transport for it, the address is refused")
    func unknown() async throws {
        let error = await #expect(throws: A2AError.self) {
            try await Client.discover("a2a+tcp://127.0.0.1:1", transports: [HTTPTransportFactory()])
        }
        #expect(error?.code == .invalidParams)
    }

    @Test("an agent that is not there is unavailable, and surely was sent nothing")
    func away() async throws {
        let address = try await withTestAgent(bindings: [.tcp(.ephemeral)]) { $0[0].address }
        let error = try await #require(throws: A2AError.self) {
            try await Client.discover(address, transports: [try self.tcp()])
        }
        #expect(error.code == .unavailable)
        #expect(error.isSurelyNotSent)
        #expect(error.message.contains(address))
    }
}
