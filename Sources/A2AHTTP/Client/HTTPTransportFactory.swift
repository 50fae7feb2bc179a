public import A2A
public import A2AClient
public import AsyncHTTPClient
import NIOHTTP1

/// Makes transports for the two bindings over HTTP: JSON-RPC (§9) and HTTP+JSON (§11).
///
/// HTTP/2 is used where the server offers it (ALPN).
public struct HTTPTransportFactory: TransportFactory {
    package let exchange: HTTPExchange

    /// - Parameter options: How agents are reached.
    /// - Throws: ``A2AError`` with `.invalidParams` if a trust root cannot be read.
    public init(options: HTTPClientOptions) throws {
        self.exchange = HTTPExchange(connections: try HTTPConnections(options), options: options)
    }

    /// With connections that are shared by the whole process, and default options.
    public init() {
        self.exchange = HTTPExchange(connections: .shared, options: HTTPClientOptions())
    }

    /// With an `HTTPClient` that the caller shuts down.
    ///
    /// Its own configuration decides about TLS, connections and timeouts; of the options those count that concern
    /// requests and answers.
    public init(client: HTTPClient, options: HTTPClientOptions = .init()) {
        self.exchange = HTTPExchange(connections: HTTPConnections(borrowing: client), options: options)
    }

    /// Gets cards over the same connections.
    public var cardFetcher: HTTPAgentCardFetcher { HTTPAgentCardFetcher(exchange: self.exchange) }

    public var agentCardFetcher: (any AgentCardFetcher)? { self.cardFetcher }

    public func supports(_ interface: A2AAgentInterface) -> Bool {
        let url = interface.url.lowercased()
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { return false }
        return interface.binding.matches(.jsonRPC) || interface.binding.matches(.httpJSON)
    }

    public func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
        guard self.supports(interface) else {
            throw A2AError(
                .unsupportedOperation, "\(interface.protocolBinding) at \(interface.url) cannot be reached over HTTP.")
        }
        return interface.binding.matches(.jsonRPC)
            ? TransportService(JSONRPCTransport(interface: interface, exchange: self.exchange))
            : TransportService(HTTPJSONTransport(interface: interface, exchange: self.exchange))
    }
}

extension Client {
    /// Finds an agent by a reference to its card and makes a client of it.
    ///
    /// - Parameters:
    ///   - reference: A host (`example.com`), an origin (`http://127.0.0.1:9900`), the URL of a card, or a path; with TCP
    ///     among the transports the address of an agent too (`a2a+tls://example.com`).
    ///   - transport: How the card is fetched, and the agent reached over HTTP.
    ///   - additionalTransports: Other ways to reach the agent, such as gRPC and TCP. Which one is taken is decided by the card's
    ///     order, or by ``ClientConfiguration/preferredBindings``.
    ///   - resolver: Where cards are remembered; `nil` asks anew.
    /// - Throws: ``A2AError``; see ``AgentCardResolver/resolve(_:options:)`` and ``InterfaceSelection``.
    public static func discover(
        _ reference: String,
        configuration: ClientConfiguration = .init(),
        transport: HTTPTransportFactory = .init(),
        additionalTransports: [any TransportFactory] = [],
        resolver: AgentCardResolver? = nil
    ) async throws -> Client {
        try await Self.discover(
            reference, transports: [transport] + additionalTransports, configuration: configuration, resolver: resolver)
    }
}

// MARK: - Shared by the two transports

extension ResponseParameters {
    /// Notes the extensions that an answer says were activated (§4.6).
    func noteExtensions(_ headers: HTTPHeaders) {
        let values = headers[ServiceParameters.Name.extensions]
        self.activatedExtensions = ExtensionNegotiation.parse(values.isEmpty ? nil : values.joined(separator: ","))
    }
}

extension HTTPClientRequest {
    /// Asks a subscription to go on after the last event seen.
    mutating func setLastEventID(_ operation: A2AOperation, _ context: CallContext) {
        guard operation == .subscribeToTask, let generation = context.resumeAfter else { return }
        self.headers.replaceOrAdd(name: ServiceParameters.Name.lastEventID, value: "\(generation)")
    }
}

extension HTTPExchange {
    static func notAStream(_ answer: Answer) -> A2AError {
        A2AError(
            .invalidAgentResponse,
            "The agent answered a streaming call with '\(answer.contentType ?? "no content type")', not with events.")
    }
}
