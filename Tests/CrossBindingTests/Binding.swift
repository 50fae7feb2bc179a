import A2A
import A2AClient
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Testing

/// A way to reach an agent. Every scenario runs over all of them.
enum Binding: String, CaseIterable, CustomTestStringConvertible {
    case inProcess = "in process"
    case jsonRPC = "JSON-RPC"
    case httpJSON = "HTTP+JSON"
    case grpc = "gRPC"
    /// One hop from each kind of binding to another kind.
    case jsonRPCToGRPC = "JSON-RPC, a gateway, gRPC"
    case grpcToHTTPJSON = "gRPC, a gateway, HTTP+JSON"
    case httpJSONToJSONRPC = "HTTP+JSON, a gateway, JSON-RPC"
    /// Two hops.
    case chain = "JSON-RPC, a gateway, gRPC, a gateway, HTTP+JSON"

    var testDescription: String { self.rawValue }

    /// The bindings on the way from the caller to the agent.
    private var hops: [ProtocolBinding] {
        switch self {
        case .inProcess: []
        case .jsonRPC: [.jsonRPC]
        case .httpJSON: [.httpJSON]
        case .grpc: [.grpc]
        case .jsonRPCToGRPC: [.jsonRPC, .grpc]
        case .grpcToHTTPJSON: [.grpc, .httpJSON]
        case .httpJSONToJSONRPC: [.httpJSON, .jsonRPC]
        case .chain: [.jsonRPC, .grpc, .httpJSON]
        }
    }

    /// The binding over which calls reach the agent; empty in process.
    var last: String { self.hops.last?.rawValue ?? "" }

    /// Starts an agent and gives a service that reaches it.
    func withService<Result: Sendable>(
        _ agent: any Agent = ReferenceAgent(),
        card: A2AAgentCard = ReferenceAgent.card(),
        _ body: (any A2AService) async throws -> Result
    ) async throws -> Result {
        let runtime = TaskRuntime(
            agent: agent, card: card, configuration: Self.configuration, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
        guard !self.hops.isEmpty else {
            return try await A2ATesting.withService(runtime) { try await body(runtime) }
        }
        return try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), .grpc(.ephemeral)], logger: .silent
        ) { _ in
            try await Self.reach(runtime.card, over: self.hops[...], body)
        }
    }

    /// Reaches the agent with a card: straight over the only binding left, or through a gateway that does so over the rest.
    private static func reach<Result: Sendable>(
        _ card: A2AAgentCard, over hops: ArraySlice<ProtocolBinding>, _ body: (any A2AService) async throws -> Result
    ) async throws -> Result {
        // Connections of its own: a later test's server may get the same port.
        let transports: [any TransportFactory] = [
            try HTTPTransportFactory(options: HTTPClientOptions()),
            try GRPCTransportFactory(options: GRPCClientOptions()),
        ]
        guard let last = hops.last, hops.count > 1 else {
            let interface = try #require(card.supportedInterfaces.first { $0.binding == hops.first })
            let factory = try #require(transports.first { $0.supports(interface) })
            return try await body(try factory.makeTransport(for: interface, card: card))
        }
        let gateway = try Gateway(upstream: card, transports: transports, preferences: [last], logger: .silent)
        return try await withBindings(
            [.http(.ephemeral), .grpc(.ephemeral)], of: gateway, logger: .silent
        ) { endpoints in
            gateway.interfaces = endpoints.flatMap(\.interfaces)
            let card = try await gateway.getAgentCard(context: CallContext())
            return try await Self.reach(card, over: hops.dropLast(), body)
        }
    }

    private static var configuration: RuntimeConfiguration {
        var configuration = RuntimeConfiguration()
        configuration.shutdownGrace = .milliseconds(10)
        // However slow the machine is, what an agent answers shall decide, not the time that it takes.
        configuration.decisionGrace = .seconds(30)
        return configuration
    }
}

/// A request that sends a text.
func send(
    _ text: String, to taskID: String = "", contextID: String = "",
    configuration: A2ASendMessageConfiguration? = nil
) -> A2ASendMessageRequest {
    var request = A2ASendMessageRequest()
    request.message = .user(text, contextID: contextID, taskID: taskID)
    if let configuration { request.configuration = configuration }
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
