import A2A
import A2AClient
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Logging
import Synchronization
import Testing

/// A hub with everything that it serves, while a test runs.
struct RunningHub: Sendable {
    let hub: AgentHub
    let interfaces: [A2AAgentInterface]
    /// Where agents dial.
    let address: String
    /// The base URL for HTTP.
    let base: String

    static func with<Result: Sendable>(
        _ authorizer: any AgentAuthorizer = InsecurelyOpenHub(),
        configuration: AgentHubConfiguration = .init(),
        tcp: TCPServerConfiguration = .ephemeral,
        _ body: (RunningHub) async throws -> Result
    ) async throws -> Result {
        let hub = AgentHub(authorizer: authorizer, configuration: configuration, logger: .silent)
        return try await withGateway(
            hub.gateway, bindings: [.http(.ephemeral), .grpc(.ephemeral), .tcp(tcp, agents: hub)], logger: .silent
        ) { endpoints in
            try await body(
                RunningHub(
                    hub: hub, interfaces: endpoints.flatMap(\.interfaces), address: endpoints[2].address,
                    base: endpoints[0].address))
        }
    }

    /// A service that dials the hub and is there while `body` runs.
    func with<Result: Sendable>(
        _ name: String, _ service: any A2AService, token: String? = nil, at address: String? = nil,
        _ body: (Comings) async throws -> Result
    ) async throws -> Result {
        let comings = Comings()
        var configuration = TCPDialConfiguration(
            hub: address ?? self.address, name: name, credentials: token.map { .bearer($0) })
        configuration.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(20))
        configuration.onRegistered = { comings.note($0) }
        return try await withBindings([.tcp(dialing: configuration)], of: service, logger: .silent) { _ async throws in
            await comings.next()
            return try await body(comings)
        }
    }

    /// What calls an agent over a binding.
    func transport(_ binding: ProtocolBinding) throws -> any A2AService {
        var card = A2AAgentCard.testCard()
        card.supportedInterfaces = self.interfaces
        let selection = try InterfaceSelection(card: card, transports: allTransports(), preferences: [binding])
        try #require(selection.interface.binding == binding)
        let factory = try #require(try allTransports().first { $0.supports(selection.interface) })
        return try factory.makeTransport(for: selection.interface, card: card)
    }

    func client(_ name: String, over binding: ProtocolBinding) throws -> Client {
        var card = A2AAgentCard.testCard()
        card.supportedInterfaces = self.interfaces.map {
            var interface = $0
            interface.tenant = name
            return interface
        }
        var configuration = ClientConfiguration()
        configuration.preferredBindings = [binding]
        return try Client(card: card, transports: allTransports(), configuration: configuration)
    }
}

/// Registrations as they come.
final class Comings: Sendable {
    private let (events, input) = AsyncStream<TCPRegistration>.makeStream()

    func note(_ registration: TCPRegistration) { self.input.yield(registration) }

    /// Waits for the next one. For one reader.
    @discardableResult
    func next() async -> TCPRegistration? {
        for await registration in self.events { return registration }
        return nil
    }
}

/// Tries to register, and says how that ended.
func tryToRegister(
    _ hub: String, _ name: String, _ service: any A2AService = ScriptedUpstream(), token: String? = nil
) async throws -> String {
    let log = FirstWarning()
    var configuration = TCPDialConfiguration(hub: hub, name: name, credentials: token.map { .bearer($0) })
    configuration.onRegistered = { _ in log.end("registered") }
    return try await withBindings(
        [.tcp(dialing: configuration)], of: service, logger: Logger(label: "test", factory: { _ in log })
    ) { _ in await log.wait() }
}

private struct FirstWarning: LogHandler {
    private final class Lines: Sendable {
        let (all, input) = AsyncStream<String>.makeStream()
    }

    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level >= .warning { self.end("\(event.metadata?["error"] ?? "")") }
    }

    func end(_ text: String) {
        self.lines.input.yield(text)
        self.lines.input.finish()
    }

    func wait() async -> String {
        for await text in self.lines.all { return text }
        return ""
    }
}
