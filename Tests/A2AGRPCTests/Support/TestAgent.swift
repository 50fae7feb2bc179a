import A2A
import A2AClient
import A2AGRPC
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Logging

/// Starts the reference agent, or another, on a free port; the body gets its address.
func withGRPCAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    configuration: GRPCServerConfiguration = .ephemeral,
    runtime: RuntimeConfiguration = .init(),
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withGRPCRuntime(
        TaskRuntime(
            agent: agent, card: card, configuration: runtime, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) }),
        configuration: configuration, middleware: middleware, body)
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

extension A2ASendMessageRequest {
    static func text(_ text: String) -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .user, parts: [.text(text)])
        return request
    }
}

extension EventStream {
    /// All events, read to the end.
    func all() async throws -> [StreamEvent] {
        var events: [StreamEvent] = []
        for try await event in self { events.append(event) }
        return events
    }
}
