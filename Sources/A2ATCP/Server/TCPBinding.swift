public import A2A
public import A2AServer
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// The binding over TCP (spec/bindings/tcp.md): one port, many calls on each connection.
public struct TCPBinding: ServerBinding {
    public var configuration: TCPServerConfiguration

    /// Decides about agents that dial in and want to be called over their connection; `nil` makes no calls on a connection
    /// that it accepted.
    public var agents: (any TCPAgentRegistrar)?

    public init(_ configuration: TCPServerConfiguration = .init(), agents: (any TCPAgentRegistrar)? = nil) {
        self.configuration = configuration
        self.agents = agents
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// On shutdown callers are told to go elsewhere, streams end with UNAVAILABLE, and other calls have
    /// ``TCPServerConfiguration/shutdownGrace`` to end.
    ///
    /// - Throws: ``A2AError`` if the address cannot be bound or a certificate cannot be read.
    public func serve(
        _ service: any A2AService,
        logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let address = try self.address()
        let tls = try self.configuration.tls.map { try TCPCertificates($0, logger: logger) }
        let connections = TCPServerConnections(
            self.configuration, requiresAuthentication: service.requiresAuthentication)
        let listener = try await self.listen(on: address, tls: tls, connections, logger)
        let handler = TCPCallHandler(
            service: service, registrar: self.agents, notesCallers: self.configuration.notifier != nil)
        let endpoint = self.endpoint(port: listener.channel.localAddress?.port)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await listener.executeThenClose { inbound in
                        try await withThrowingDiscardingTaskGroup { tasks in
                            for try await connection in inbound {
                                guard let connection else { continue }
                                tasks.addTask { await Self.serve(connection, handler) }
                            }
                        }
                    }
                }
                group.addTask {
                    // Cancelled when the server has ended.
                    guard (try? await gracefulShutdown()) != nil else { return }
                    connections.drain(grace: self.configuration.shutdownGrace)
                    listener.channel.close(promise: nil)
                    try await Task.sleep(for: self.configuration.shutdownGrace + Self.closingGrace, clock: .continuous)
                    throw GraceIsOver()
                }
                await onListening(endpoint)
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is GraceIsOver {
            logger.info("closed the connections over TCP that were left")
        }
    }

    /// How long connections may take to close after their calls have ended.
    private static let closingGrace: Duration = .seconds(1)

    private struct GraceIsOver: Error {}

    /// Answers the calls of one connection, as many at a time as come, until the connection is over.
    static func serve(_ connection: TCPChannelHandler, _ handler: TCPCallHandler) async {
        guard let inbox = connection.inbox else { return }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { workers in
                while let calls = await inbox.next() {
                    for call in calls { workers.addTask { await inbox.work(first: call, handler) } }
                }
                // Nobody waits for an answer any more.
                workers.cancelAll()
            }
        } onCancel: {
            connection.submit(.close)
        }
    }

    private func endpoint(port: Int?) -> BindingEndpoint {
        let host = self.configuration.host.contains(":") ? "[\(self.configuration.host)]" : self.configuration.host
        let place = self.configuration.publicAddress ?? "\(host):\(port ?? self.configuration.port)"
        let scheme = self.configuration.tls == nil ? TCPProtocol.plainScheme : TCPProtocol.secureScheme
        let address = "\(scheme)://\(place)"
        return BindingEndpoint(address: address, interfaces: Self.interfaces(address: address, self.configuration))
    }

    /// The interfaces that a server with a configuration serves at an address: one for each version, older ones first.
    public static func interfaces(address: String, _ configuration: TCPServerConfiguration) -> [A2AAgentInterface] {
        configuration.versions.sorted().map { A2AAgentInterface(url: address, binding: .tcp, version: $0) }
    }

    public var description: String { "TCP(\(self.configuration.host):\(self.configuration.port))" }
}

extension ServerBinding where Self == TCPBinding {
    /// A2A over TCP.
    ///
    /// - Parameter agents: Makes it a hub: decides about agents that dial in, see ``TCPAgentRegistrar``.
    public static func tcp(
        _ configuration: TCPServerConfiguration = .init(), agents: (any TCPAgentRegistrar)? = nil
    ) -> TCPBinding {
        TCPBinding(configuration, agents: agents)
    }
}

// MARK: - Listening

extension TCPBinding {
    /// The address to bind; names are resolved.
    private func address() throws -> SocketAddress {
        let configuration = self.configuration
        guard (0...65535).contains(configuration.port) else {
            throw A2AError(.invalidParams, "The port \(configuration.port) is none; it is a number from 0 to 65535.")
        }
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(configuration.host, port: configuration.port)
        } catch {
            throw A2AError(
                .invalidParams, "The TCP server cannot listen on '\(configuration.host)': \(error)", cause: error)
        }
        guard configuration.tls != nil || configuration.insecurelyAllowPlaintextBeyondLoopback || address.isLoopback
        else {
            throw A2AError(
                .invalidParams,
                "The TCP server does not listen on '\(configuration.host)' without TLS. Give it certificates, or set "
                    + "insecurelyAllowPlaintextBeyondLoopback.")
        }
        return address
    }

    private func listen(
        on address: SocketAddress, tls: TCPCertificates?, _ connections: TCPServerConnections, _ logger: Logger
    ) async throws -> NIOAsyncChannel<TCPChannelHandler?, Never> {
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(to: address) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let handler = connections.admit(channel) else {
                            channel.close(promise: nil)
                            return nil
                        }
                        if let limit = self.configuration.cutsConnectionsAfter {
                            try channel.pipeline.syncOperations.addHandler(TCPConnectionCut(after: limit, logger))
                        }
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context()))
                        }
                        try channel.pipeline.syncOperations.addHandler(handler)
                        return handler
                    }
                }
        } catch {
            try Task.checkCancellation()
            throw A2AError(
                .unavailable,
                "The TCP server cannot listen on \(self.configuration.host):\(self.configuration.port): \(error)",
                cause: error)
        }
    }
}
