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

/// A way to reach an agent. Every scenario runs over all of them.
enum Binding: String, CaseIterable, CustomTestStringConvertible {
    case inProcess = "in process"
    case jsonRPC = "JSON-RPC"
    case httpJSON = "HTTP+JSON"
    case grpc = "gRPC"
    case tcp = "TCP"
    case tcpJSON = "TCP in JSON"
    case tls = "TCP with TLS"
    /// One hop from each kind of binding to another kind.
    case jsonRPCToGRPC = "JSON-RPC, a gateway, gRPC"
    case grpcToHTTPJSON = "gRPC, a gateway, HTTP+JSON"
    case httpJSONToJSONRPC = "HTTP+JSON, a gateway, JSON-RPC"
    case tcpToJSONRPC = "TCP, a gateway, JSON-RPC"
    case grpcToTCP = "gRPC, a gateway, TCP"
    case tcpToTCP = "TCP, a gateway, TCP"
    /// Two hops.
    case chain = "JSON-RPC, a gateway, gRPC, a gateway, HTTP+JSON"
    case tcpChain = "TCP, a gateway, HTTP+JSON, a gateway, TCP"
    case throughTCP = "HTTP+JSON, a gateway, TCP, a gateway, gRPC"

    var testDescription: String { self.rawValue }

    /// The bindings on the way from the caller to the agent.
    private var hops: [ProtocolBinding] {
        switch self {
        case .inProcess: []
        case .jsonRPC: [.jsonRPC]
        case .httpJSON: [.httpJSON]
        case .grpc: [.grpc]
        case .tcp, .tcpJSON, .tls: [.tcp]
        case .jsonRPCToGRPC: [.jsonRPC, .grpc]
        case .grpcToHTTPJSON: [.grpc, .httpJSON]
        case .httpJSONToJSONRPC: [.httpJSON, .jsonRPC]
        case .tcpToJSONRPC: [.tcp, .jsonRPC]
        case .grpcToTCP: [.grpc, .tcp]
        case .tcpToTCP: [.tcp, .tcp]
        case .chain: [.jsonRPC, .grpc, .httpJSON]
        case .tcpChain: [.tcp, .httpJSON, .tcp]
        case .throughTCP: [.httpJSON, .tcp, .grpc]
        }
    }

    /// The binding over which calls reach the agent; empty in process.
    var last: String { self.hops.last?.rawValue ?? "" }

    private var server: TCPServerConfiguration {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.versions = Gateway.versions
        if self == .tls {
            configuration.tls = .init(
                certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        }
        return configuration
    }

    private static var httpServer: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration.ephemeral
        configuration.versions = Gateway.versions
        return configuration
    }

    private static var grpcServer: GRPCServerConfiguration {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.versions = Gateway.versions
        return configuration
    }

    private static var tcpServer: TCPServerConfiguration {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.versions = Gateway.versions
        return configuration
    }

    /// Ways to reach anything, with connections of their own: a later test's server may get the same port.
    private func transports() throws -> [any TransportFactory] {
        var tcp = TCPClientOptions()
        if self == .tcpJSON { tcp.encoding = .json }
        if self == .tls { tcp.additionalTrustRootsPEM = try pem("ca.pem") }
        return [
            try HTTPTransportFactory(options: HTTPClientOptions()),
            try GRPCTransportFactory(options: GRPCClientOptions()), try TCPTransportFactory(options: tcp),
        ]
    }

    /// Starts an agent and gives a service that reaches it.
    func withService<Result: Sendable>(
        _ agent: any Agent = ReferenceAgent(),
        card: A2AAgentCard = ReferenceAgent.card(),
        push: PushNotifications? = nil,
        _ body: (any A2AService) async throws -> Result
    ) async throws -> Result {
        let runtime = TaskRuntime(
            agent: agent, card: card, push: push, configuration: Self.configuration, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
        guard !self.hops.isEmpty else {
            return try await A2ATesting.withService(runtime) { try await body(runtime) }
        }
        return try await withAgentServer(
            runtime, bindings: [.http(Self.httpServer), .grpc(Self.grpcServer), .tcp(self.server)], logger: .silent
        ) { _ in
            try await self.reach(runtime.card, over: self.hops[...], body)
        }
    }

    /// Reaches the agent with a card: straight over the only binding left, or through a gateway that does so over the rest.
    private func reach<Result: Sendable>(
        _ card: A2AAgentCard, over hops: ArraySlice<ProtocolBinding>, _ body: (any A2AService) async throws -> Result
    ) async throws -> Result {
        let transports = try self.transports()
        guard let last = hops.last, hops.count > 1 else {
            let interface = try #require(card.supportedInterfaces.first { $0.binding == hops.first })
            let factory = try #require(transports.first { $0.supports(interface) })
            return try await body(try factory.makeTransport(for: interface, card: card))
        }
        let gateway = try Gateway(upstream: card, transports: transports, preferences: [last], logger: .silent)
        return try await withBindings(
            [.http(Self.httpServer), .grpc(Self.grpcServer), .tcp(Self.tcpServer)], of: gateway, logger: .silent
        ) { endpoints in
            gateway.interfaces = endpoints.flatMap(\.interfaces)
            let card = try await gateway.getAgentCard(context: CallContext())
            return try await self.reach(card, over: hops.dropLast(), body)
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
