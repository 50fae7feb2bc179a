import A2A
public import A2AClient
import HTTPTypes

/// Gets agents' cards over TCP itself, from `a2a+tcp` and `a2a+tls` addresses (spec/bindings/tcp.md §6.1).
public struct TCPAgentCardFetcher: AgentCardFetcher {
    private let options: TCPClientOptions
    private let connections: TCPClientConnections

    init(_ options: TCPClientOptions, _ connections: TCPClientConnections) {
        self.options = options
        self.connections = connections
    }

    public var schemes: Set<String> { [TCPProtocol.plainScheme, TCPProtocol.secureScheme] }

    /// The card comes in JSON as the agent wrote it, with nothing said about caching.
    public func fetch(
        _ url: String, validators: AgentCardValidators?, options: CallOptions
    ) async throws -> AgentCardAnswer {
        var context = CallContext(requestedExtensions: options.extensions, parameters: options.parameters)
        if let credentials = options.credentials {
            for field in try await credentials.fields(for: nil, card: nil) {
                context.parameters.fields[field.name] = field.value
            }
        }
        context.deadline = options.timeout.map { ContinuousClock.now.advanced(by: $0) }
        let address: TCPAddress
        do {
            address = try TCPAddress(url)
        } catch let error as A2AError {
            throw A2AError(error.code, error.message, cause: AgentCardFailure.notFound)
        }
        let connection = try self.connections.connection(to: address, self.options)
        let transport = TCPTransport(connection: connection, card: A2AAgentCard())
        do {
            return .card(try await transport.cardJSON(context), AgentCardCaching())
        } catch let error as A2AError where error.code == .methodNotFound {
            throw A2AError(
                .methodNotFound, "There is no agent card at \(url): \(error.message)", details: error.details,
                cause: AgentCardFailure.notFound)
        }
    }
}
