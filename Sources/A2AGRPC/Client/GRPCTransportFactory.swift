public import A2A
public import A2AClient
import Synchronization

/// Makes transports over gRPC (§10).
///
/// All transports to one address share a connection, which is closed when the last of them, and the last of their
/// streams, is let go.
public struct GRPCTransportFactory: TransportFactory {
    private let options: GRPCClientOptions
    private let connections: GRPCConnections

    /// - Parameter options: How agents are reached.
    /// - Throws: ``A2AError`` with `.invalidParams` if a certificate cannot be read.
    public init(options: GRPCClientOptions) throws {
        self.options = options
        self.connections = GRPCConnections()
        guard options.clientCertificatePEM.isEmpty == options.clientKeyPEM.isEmpty else {
            throw A2AError(
                .invalidParams, "A client certificate and its private key come together; one of them is missing.")
        }
        guard !options.additionalTrustRootsPEM.isEmpty || !options.clientCertificatePEM.isEmpty else { return }
        // Certificates that cannot be read are told now, not at the first call.
        var probe = options
        probe.security = .tls
        _ = try GRPCConnection(GRPCAddress("localhost:1"), probe)
    }

    /// With default options.
    public init() {
        self.options = GRPCClientOptions()
        self.connections = GRPCConnections()
    }

    /// Whether the interface's binding is gRPC.
    ///
    /// Its address is looked at when a transport is made, so that what is wrong with it can be said.
    public func supports(_ interface: A2AAgentInterface) -> Bool { interface.binding.matches(.grpc) }

    /// - Throws: ``A2AError`` with `.unsupportedOperation` for another binding, `.invalidParams` if the address is of no
    ///   use; the message says what would be right.
    public func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService {
        guard self.supports(interface) else {
            throw A2AError(
                .unsupportedOperation, "\(interface.protocolBinding) at \(interface.url) cannot be reached over gRPC.")
        }
        let connection = try self.connections.connection(to: GRPCAddress(interface.url), self.options)
        return TransportService(GRPCTransport(connection: connection, card: card))
    }
}

/// The connections that are in use.
final class GRPCConnections: Sendable {
    private struct Entry {
        weak var connection: GRPCConnection?
    }

    private let entries = Mutex<[GRPCAddress: Entry]>([:])

    func connection(to address: GRPCAddress, _ options: GRPCClientOptions) throws -> GRPCConnection {
        try self.entries.withLock { entries in
            if let connection = entries[address]?.connection { return connection }
            entries = entries.filter { $0.value.connection != nil }
            let connection = try GRPCConnection(address, options)
            entries[address] = Entry(connection: connection)
            return connection
        }
    }
}
