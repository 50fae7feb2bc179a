import A2A
import A2AClient
import Testing

@Suite("When nobody answers at an interface")
struct InterfaceFallbackTests {
    /// Interfaces by their URLs.
    private struct Factory: TransportFactory {
        var services: [String: FakeService]
        func supports(_ interface: A2AAgentInterface) -> Bool { self.services[interface.url] != nil }
        func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
            guard let service = self.services[interface.url] else { throw A2AError(.invalidParams, "no") }
            return service
        }
    }

    /// The URLs of interfaces, each with its tenant and version; what each answers to GetTask.
    private func tried(
        _ interfaces: [(url: String, tenant: String, version: String)], first: A2AError = A2AError.refused,
        preferring: [ProtocolBinding] = []
    ) async throws -> (answered: String?, calls: [String]) {
        var services: [String: FakeService] = [:]
        for (index, interface) in interfaces.enumerated() {
            let service = FakeService()
            if index == 0 {
                // With the attempts that the client makes anyway.
                service.answer(.getTask, .error(first), .error(first), .error(first), .error(first))
            } else {
                service.answer(.getTask, .response(A2ATask(id: interface.url, contextID: "c", status: .init(.working))))
            }
            services[interface.url] = service
        }
        let card = A2AAgentCard(
            name: "n", description: "d", version: "1",
            interfaces: interfaces.map { interface in
                var result = A2AAgentInterface(
                    url: interface.url, binding: interface.url.hasSuffix("rest") ? .httpJSON : .jsonRPC,
                    tenant: interface.tenant)
                result.protocolVersion = interface.version
                return result
            }, skills: [])
        var configuration = ClientConfiguration()
        configuration.preferredBindings = preferring
        configuration.retry = .never
        let client = try Client(
            card: card, transports: [Factory(services: services)], configuration: configuration)
        let task = try? await client.getTask("t")
        return (task?.id, interfaces.map(\.url).filter { !(services[$0]?.calls ?? []).isEmpty })
    }

    @Test("a call that surely was not sent goes to the next interface")
    func next() async throws {
        let result = try await self.tried([("http://a", "", "1.0"), ("http://b", "", "1.0")])
        #expect(result.answered == "http://b")
    }

    @Test("a call that may have been sent stays where it was")
    func sent() async throws {
        let result = try await self.tried(
            [("http://a", "", "1.0"), ("http://b", "", "1.0")], first: A2AError.connectionLost)
        #expect(result.calls == ["http://a"])
        #expect(result.answered == nil)
    }

    @Test("an interface of another tenant or version is none for the same call")
    func others() async throws {
        let result = try await self.tried([
            ("http://a", "x", "1.0"), ("http://b", "y", "1.0"), ("http://c", "x", "2.0"), ("http://d", "x", "1.0"),
        ])
        #expect(result.calls == ["http://a", "http://d"])
    }

    @Test(
        "never from an encrypted interface to one that may not be",
        arguments: ["http://b", "a2a+tcp://b:1", "grpc://b", "b:443"])
    func encrypted(plain: String) async throws {
        for first in ["https://a", "a2a+tls://a:1", "a:443"] {
            let result = try await self.tried([(first, "", "1.0"), (plain, "", "1.0")])
            #expect(result.calls == [first])
        }
    }

    @Test("with preferred bindings, to none of another")
    func preferred() async throws {
        let result = try await self.tried(
            [("http://a", "", "1.0"), ("http://b/rest", "", "1.0")], preferring: [.jsonRPC])
        #expect(result.calls == ["http://a"])
    }
}
