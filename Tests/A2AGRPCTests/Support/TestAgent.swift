import A2A
import A2AClient
import A2AGRPC
import A2AReferenceAgent
import A2AServer
import A2ATesting
import TestSupport

/// Starts the reference agent, or another, on a free port; the body gets its address.
func withGRPCAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    configuration: GRPCServerConfiguration = .ephemeral,
    runtime: RuntimeConfiguration = .init(),
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTestAgent(
        agent, card: card, bindings: [.grpc(configuration)], runtime: runtime, middleware: middleware
    ) { endpoints in try await body(endpoints[0].address) }
}

func withGRPCRuntime<Result: Sendable>(
    _ runtime: TaskRuntime, configuration: GRPCServerConfiguration = .ephemeral,
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withAgentServer(
        runtime, bindings: [.grpc(configuration)], middleware: middleware, logger: .silent
    ) { endpoints in try await body(endpoints[0].address) }
}

/// A service behind the binding, without a runtime.
func withGRPCService<Result: Sendable>(
    _ service: any A2AService, configuration: GRPCServerConfiguration = .ephemeral,
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withBindings([.grpc(configuration)], of: service, logger: .silent) { endpoints in
        try await body(endpoints[0].address)
    }
}

/// A client of the agent at an address.
func client(
    _ address: String, options: GRPCClientOptions = .init(), configuration: ClientConfiguration = .init()
) throws -> Client {
    var card = ReferenceAgent.card()
    card.supportedInterfaces = [A2AAgentInterface(url: address, binding: .grpc)]
    return try Client(
        card: card, transports: [try GRPCTransportFactory(options: options)], configuration: configuration)
}

/// The transport to an address, without what a client adds.
func transport(_ address: String, options: GRPCClientOptions = .init()) throws -> any A2AService {
    try GRPCTransportFactory(options: options).makeTransport(
        for: A2AAgentInterface(url: address, binding: .grpc), card: ReferenceAgent.card())
}

extension TCPProxy {
    var address: String { self.authority }
}

extension SilentServer {
    var address: String { self.authority }
}
