import A2A
import A2AClient
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Testing

/// The bindings that gateways are tested with on either side.
let testedBindings: [ProtocolBinding] = [.jsonRPC, .httpJSON, .grpc, .tcp]

/// A caller's binding and the one towards the agent, all pairs.
let testedPairs: [(ProtocolBinding, ProtocolBinding)] = testedBindings.flatMap { caller in
    testedBindings.map { (caller, $0) }
}

/// Every binding on a free port.
let allBindings: [any ServerBinding] = {
    var http = HTTPServerConfiguration.ephemeral
    // So that a reader who stalls on purpose does not hold the end of a test for a minute.
    http.stalledReaderTimeout = .seconds(15)
    return [.http(http), .grpc(.ephemeral), .tcp(.ephemeral)]
}()

/// Ways to reach anything, with connections of their own: a later test's server may get the same port.
func allTransports() throws -> [any TransportFactory] {
    [
        try HTTPTransportFactory(options: HTTPClientOptions()), try GRPCTransportFactory(options: GRPCClientOptions()),
        try TCPTransportFactory(options: TCPClientOptions()),
    ]
}

/// A service on every binding, while `body` runs.
///
/// - Parameter body: Is given the card that the service would have, with its interfaces.
func withServed<Result: Sendable>(
    _ service: any A2AService, _ body: (A2AAgentCard) async throws -> Result
) async throws -> Result {
    try await withBindings(allBindings, of: service, logger: .silent) { endpoints in
        var card = try await service.getAgentCard(context: CallContext())
        card.supportedInterfaces = endpoints.flatMap(\.interfaces)
        return try await body(card)
    }
}

/// The reference agent on every binding, while `body` runs.
func withReferenceAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    authenticator: (any Authenticator)? = nil,
    _ body: (A2AAgentCard) async throws -> Result
) async throws -> Result {
    var configuration = RuntimeConfiguration()
    configuration.shutdownGrace = .milliseconds(10)
    configuration.decisionGrace = .seconds(30)
    let runtime = TaskRuntime(
        agent: agent, card: card, configuration: configuration, logger: .silent,
        extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
    return try await withAgentServer(
        runtime, bindings: allBindings, middleware: authenticator.map { [AuthenticationMiddleware($0)] } ?? [],
        logger: .silent
    ) { _ in try await body(runtime.card) }
}

/// Gateways in front of an agent, each with its own way to the next, while `body` runs.
///
/// - Parameters:
///   - hops: The binding over which each gateway reaches the next; the last one that to the agent.
///   - body: Is given the card of the first gateway.
func withGateways<Result: Sendable>(
    _ card: A2AAgentCard, over hops: [ProtocolBinding],
    configuration: GatewayConfiguration = .init(),
    _ body: (A2AAgentCard) async throws -> Result
) async throws -> Result {
    guard let hop = hops.last else { return try await body(card) }
    let gateway = try Gateway(
        upstream: card, transports: try allTransports(), preferences: [hop], configuration: configuration,
        logger: .silent)
    return try await withGateway(gateway, bindings: allBindings, logger: .silent) { _ in
        let card = try await gateway.getAgentCard(context: CallContext())
        return try await withGateways(card, over: hops.dropLast(), configuration: configuration, body)
    }
}

/// A transport to what a card describes.
func transport(_ binding: ProtocolBinding, to card: A2AAgentCard) throws -> any A2AService {
    let selection = try InterfaceSelection(card: card, transports: try allTransports(), preferences: [binding])
    try #require(selection.interface.binding == binding)
    let factory = try #require(try allTransports().first { $0.supports(selection.interface) })
    return try factory.makeTransport(for: selection.interface, card: card)
}

/// The base URL of a card's HTTP interfaces.
func baseURL(_ card: A2AAgentCard) throws -> String {
    var url = try #require(card.supportedInterfaces.first { $0.binding == .jsonRPC }).url
    while url.hasSuffix("/") { url.removeLast() }
    return url
}

/// A request that sends a text.
func send(_ text: String, to taskID: String = "", tenant: String = "") -> A2ASendMessageRequest {
    var request = A2ASendMessageRequest()
    request.message = .user(text, taskID: taskID)
    request.tenant = tenant
    return request
}

func get(_ id: String, tenant: String = "") -> A2AGetTaskRequest {
    var request = A2AGetTaskRequest()
    request.id = id
    request.tenant = tenant
    return request
}

func subscribe(_ id: String) -> A2ASubscribeToTaskRequest {
    var request = A2ASubscribeToTaskRequest()
    request.id = id
    return request
}

func cancel(_ id: String) -> A2ACancelTaskRequest {
    var request = A2ACancelTaskRequest()
    request.id = id
    return request
}

extension A2ASendMessageResponse {
    /// The task, or a failure of the test.
    func requireTask() throws -> A2ATask {
        guard case .task(let task)? = self.payload else {
            throw A2AError(.invalidAgentResponse, "expected a task, got \(self)")
        }
        return task
    }
}

extension EventStream {
    /// All events.
    func collect() async throws -> [StreamEvent] {
        var events: [StreamEvent] = []
        for try await event in self { events.append(event) }
        return events
    }
}

/// A gateway to a service in this process.
func gateway(to service: any A2AService, configuration: GatewayConfiguration = .init()) throws -> Gateway {
    var card = A2AAgentCard.testCard()
    card.supportedInterfaces = [A2AAgentInterface(url: "http://in.process", binding: .jsonRPC)]
    let gateway = try Gateway(
        upstream: card, transports: [DirectTransports(service: service)], configuration: configuration,
        logger: .silent)
    gateway.interfaces = [A2AAgentInterface(url: "http://gateway", binding: .jsonRPC)]
    return gateway
}

/// Like ``withServed(_:_:)``, for a service whose own card is not wanted.
func withServed<Result: Sendable>(
    _ service: any A2AService, card: A2AAgentCard, _ body: (A2AAgentCard) async throws -> Result
) async throws -> Result {
    try await withBindings(allBindings, of: service, logger: .silent) { endpoints in
        var card = card
        card.supportedInterfaces = endpoints.flatMap(\.interfaces)
        return try await body(card)
    }
}
