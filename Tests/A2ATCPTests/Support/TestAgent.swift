import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Foundation
import Logging

/// Starts the reference agent, or another, on a free port; the body gets its address.
func withTCPAgent<Result: Sendable>(
    _ agent: any Agent = ReferenceAgent(),
    card: A2AAgentCard = ReferenceAgent.card(),
    configuration: TCPServerConfiguration = .ephemeral,
    runtime: RuntimeConfiguration = .init(),
    middleware: [any ServiceMiddleware] = [],
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTCPRuntime(
        TaskRuntime(
            agent: agent, card: card, configuration: runtime, logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) }),
        configuration: configuration, middleware: middleware, body)
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

/// A file of the test's certificates.
func certificate(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Certificates/\(name)").path
}

func pem(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: certificate(name)))) }

/// The port of an address.
func port(_ address: String) -> Int { Int(address.split(separator: ":").last ?? "") ?? 0 }
