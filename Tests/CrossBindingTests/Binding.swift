import A2A
import A2AClient
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

    var testDescription: String { self.rawValue }

    /// Starts an agent and gives a service that reaches it over the binding.
    func withService<Result: Sendable>(
        _ agent: any Agent = ReferenceAgent(),
        card: A2AAgentCard = ReferenceAgent.card(),
        _ body: (any A2AService) async throws -> Result
    ) async throws -> Result {
        let runtime = TaskRuntime(
            agent: agent, card: card, configuration: Self.configuration, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
        switch self {
        case .inProcess:
            return try await A2ATesting.withService(runtime) { try await body(runtime) }
        case .jsonRPC, .httpJSON:
            let binding: ProtocolBinding = self == .jsonRPC ? .jsonRPC : .httpJSON
            return try await withAgentServer(runtime, logger: .silent) { _ in
                let card = runtime.card
                let interface = try #require(card.supportedInterfaces.first { $0.binding == binding })
                // Connections of its own: a later test's server may get the same port.
                let transports = try HTTPTransportFactory(options: HTTPClientOptions())
                return try await body(try transports.makeTransport(for: interface, card: card))
            }
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
