public import A2A
public import A2AClient
import Synchronization

/// Makes transports over TCP (spec/bindings/tcp.md).
///
/// All transports to one address share a connection, which is closed when the last of them, and the last of their
/// streams, is let go.
public struct TCPTransportFactory: TransportFactory {
    private let options: TCPClientOptions
    private let connections: TCPClientConnections

    /// - Parameter options: How agents are reached.
    /// - Throws: ``A2AError`` with `.invalidParams` if a certificate is of no use.
    public init(options: TCPClientOptions) throws {
        self.options = options
        self.connections = TCPClientConnections()
        guard options.clientCertificatePEM.isEmpty == options.clientKeyPEM.isEmpty else {
            throw A2AError(
                .invalidParams, "A client certificate and its private key come together; one of them is missing.")
        }
        // Certificates that cannot be read are told now, not at the first call.
        guard !options.additionalTrustRootsPEM.isEmpty || !options.clientCertificatePEM.isEmpty else { return }
        _ = try TCPSecurity.client(options)
    }

    /// With default options.
    public init() {
        self.options = TCPClientOptions()
        self.connections = TCPClientConnections()
    }

    /// Gets cards over the same connections.
    public var agentCardFetcher: (any AgentCardFetcher)? { TCPAgentCardFetcher(self.options, self.connections) }

    /// Whether the interface's binding is A2A over TCP.
    ///
    /// Its address is looked at when a transport is made, so that what is wrong with it can be said.
    public func supports(_ interface: A2AAgentInterface) -> Bool { interface.binding.matches(.tcp) }

    /// - Throws: ``A2AError`` with `.unsupportedOperation` for another binding, `.invalidParams` if the address is of no
    ///   use; the message says what would be right.
    public func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
        guard self.supports(interface) else {
            throw A2AError(
                .unsupportedOperation, "\(interface.protocolBinding) at \(interface.url) cannot be reached over TCP.")
        }
        let connection = try self.connections.connection(to: TCPAddress(interface.url), self.options)
        return TransportService(TCPTransport(connection: connection, card: card))
    }
}

/// The connections that are in use.
final class TCPClientConnections: Sendable {
    private struct Entry {
        weak var connection: TCPClientConnection?
    }

    private let entries = Mutex<[TCPAddress: Entry]>([:])

    func connection(to address: TCPAddress, _ options: TCPClientOptions) throws -> TCPClientConnection {
        try self.entries.withLock { entries in
            if let connection = entries[address]?.connection { return connection }
            entries = entries.filter { $0.value.connection != nil }
            let connection = try TCPClientConnection(address, options)
            entries[address] = Entry(connection: connection)
            return connection
        }
    }
}
