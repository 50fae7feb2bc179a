package import A2A
import A2AReferenceAgent
package import A2AServer
import A2ATesting

/// Runs the reference agent, or another, over some bindings; the body gets their endpoints.
package func withTestAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    bindings: [any ServerBinding],
    runtime: RuntimeConfiguration = .init(),
    middleware: [any ServiceMiddleware] = [],
    _ body: ([BindingEndpoint]) async throws -> Result
) async throws -> Result {
    try await withAgentServer(
        TaskRuntime(
            agent: agent, card: card, configuration: runtime, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) }),
        bindings: bindings, middleware: middleware, logger: .silent, body)
}

/// The port of an address.
package func port(_ address: String) -> Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

extension A2ASendMessageRequest {
    /// A request that sends a text.
    package static func text(_ text: String) -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = A2AMessage(role: .user, parts: [.text(text)])
        return request
    }
}

extension EventStream {
    /// All events, read to the end.
    package func all() async throws -> [StreamEvent] {
        var events: [StreamEvent] = []
        for try await event in self { events.append(event) }
        return events
    }
}
