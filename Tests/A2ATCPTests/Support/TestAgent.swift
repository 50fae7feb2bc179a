import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import TestSupport

/// Starts the reference agent, or another, on a free port; the body gets its address.
func withTCPAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    configuration: TCPServerConfiguration = .ephemeral,
    runtime: RuntimeConfiguration = .init(),
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTestAgent(
        agent, card: card, bindings: [.tcp(configuration)], runtime: runtime, middleware: middleware
    ) { endpoints in try await body(endpoints[0].address) }
}

func withTCPRuntime<Result: Sendable>(
    _ runtime: TaskRuntime, configuration: TCPServerConfiguration = .ephemeral,
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withAgentServer(
        runtime, bindings: [.tcp(configuration)], middleware: middleware, logger: .silent
    ) { endpoints in try await body(endpoints[0].address) }
}

/// A service behind the binding, without a runtime.
func withTCPService<Result: Sendable>(
    _ service: any A2AService, configuration: TCPServerConfiguration = .ephemeral,
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withBindings([.tcp(configuration)], of: service, logger: .silent) { endpoints in
        try await body(endpoints[0].address)
    }
}

/// A client of the agent at an address.
func client(
    _ address: String, options: TCPClientOptions = .init(), configuration: ClientConfiguration = .init()
) throws -> Client {
    var card = ReferenceAgent.card()
    card.supportedInterfaces = [A2AAgentInterface(url: address, binding: .tcp)]
    return try Client(
        card: card, transports: [try TCPTransportFactory(options: options)], configuration: configuration)
}

/// The transport to an address, without what a client adds.
func transport(_ address: String, options: TCPClientOptions = .init()) throws -> any A2AService {
    try TCPTransportFactory(options: options).makeTransport(
        for: A2AAgentInterface(url: address, binding: .tcp), card: ReferenceAgent.card())
}

extension TCPProxy {
    var address: String { "a2a+tcp://\(self.authority)" }
}

extension SilentServer {
    var address: String { "a2a+tcp://\(self.authority)" }
}
