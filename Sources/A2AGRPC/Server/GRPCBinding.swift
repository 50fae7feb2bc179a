public import A2A
public import A2AServer
import GRPCCore
import GRPCNIOTransportHTTP2Posix
public import Logging
import NIOCore
import ServiceLifecycle

/// The binding over gRPC (§10): one port, with health and reflection beside the agent.
public struct GRPCBinding: ServerBinding {
    public var configuration: GRPCServerConfiguration

    /// How long calls may take to end on shutdown.
    private static let closingGrace: Duration = .seconds(5)

    public init(_ configuration: GRPCServerConfiguration = .init()) {
        self.configuration = configuration
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// On shutdown no new calls are taken, streams end with UNAVAILABLE, and other calls have 5 s to end.
    ///
    /// - Throws: ``A2AError`` if the address cannot be bound or a certificate cannot be read.
    public func serve(
        _ service: any A2AService,
        logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let transport = try self.transport()
        let status = ServingStatus(services: [A2AA2AService.descriptor.fullyQualifiedService])
        let handler = GRPCServerHandler(service: service, configuration: self.configuration, status: status)
        var context = GRPCServerContext()
        context.methods = handler.methods
        transport.configure(context: context)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await transport.listen { stream, context in await handler.handle(stream, context) }
                }
                group.addTask {
                    guard let address = try? await transport.listeningAddress else { return }
                    await onListening(self.endpoint(port: address.port))
                }
                group.addTask {
                    // Cancelled when the server has ended.
                    guard (try? await gracefulShutdown()) != nil else { return }
                    status.beginShutdown()
                    transport.beginGracefulShutdown()
                    try await Task.sleep(for: Self.closingGrace, clock: .continuous)
                    throw GraceIsOver()
                }
                // The first task to end is not always the server's: the second only waits for its address.
                defer { group.cancelAll() }
                try await group.next()
                try await group.next()
            }
        } catch is GraceIsOver {
            logger.info("closed the calls over gRPC that were left", metadata: ["grace": "\(Self.closingGrace)"])
        } catch let error as A2AError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw A2AError(
                .unavailable,
                "The gRPC server cannot listen on \(self.configuration.host):\(self.configuration.port): \(error)",
                cause: error)
        }
    }

    private struct GraceIsOver: Error {}

    private func endpoint(port: Int?) -> BindingEndpoint {
        let host = self.configuration.host.contains(":") ? "[\(self.configuration.host)]" : self.configuration.host
        let address = self.configuration.publicAddress ?? "\(host):\(port ?? self.configuration.port)"
        // Without a scheme a loopback address means plaintext; with TLS there it must be said.
        let isLocal = (try? HostAndPort(address[...]))?.isLoopback ?? false
        let url = self.configuration.tls != nil && isLocal ? "https://\(address)" : address
        return BindingEndpoint(address: address, interfaces: Self.interfaces(address: url, self.configuration))
    }

    /// The interfaces that a server with a configuration serves at an address: one for each version, older ones first.
    public static func interfaces(address: String, _ configuration: GRPCServerConfiguration) -> [A2AAgentInterface] {
        configuration.versions.sorted().map { A2AAgentInterface(url: address, binding: .grpc, version: $0) }
    }

    public var description: String { "gRPC(\(self.configuration.host):\(self.configuration.port))" }
}

extension ServerBinding where Self == GRPCBinding {
    /// gRPC, with health and reflection.
    public static func grpc(_ configuration: GRPCServerConfiguration = .init()) -> GRPCBinding {
        GRPCBinding(configuration)
    }
}

// MARK: - The transport

extension GRPCBinding {
    private func transport() throws -> HTTP2ServerTransport.Posix {
        let configuration = self.configuration
        guard (0...65535).contains(configuration.port) else {
            throw A2AError(.invalidParams, "The port \(configuration.port) is none; it is a number from 0 to 65535.")
        }
        let limit = ConnectionLimit(configuration.maxConnections)
        let stall = TimeAmount(configuration.streamStallTimeout)
        return HTTP2ServerTransport.Posix(
            address: try Self.address(host: configuration.host, port: configuration.port),
            transportSecurity: try Self.security(configuration.tls),
            config: .defaults { config in
                // The handler refuses what is too large with an error that says so; the transport can only reset.
                config.rpc.maxRequestPayloadSize = MessageLimit.ofTransport(configuration.maxMessageBytes)
                config.http2.maxConcurrentStreams = max(configuration.maxConcurrentStreams, 1)
                config.connection.maxIdleTime = configuration.idleTimeout
                config.connection.maxGraceTime = Self.closingGrace
                config.connection.keepalive = .init(
                    time: configuration.keepaliveTime, timeout: configuration.keepaliveTimeout,
                    clientBehavior: .init(
                        minPingIntervalWithoutCalls: configuration.minClientPingInterval, allowWithoutCalls: true))
                config.channelDebuggingCallbacks = .init(
                    onBindTCPListener: nil,
                    onAcceptTCPConnection: { limit.admit($0) },
                    onAcceptHTTP2Stream: { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(StalledStreamHandler(timeout: stall))
                        }
                    })
            })
    }

    /// The address to bind; names are resolved.
    private static func address(host: String, port: Int) throws -> GRPCNIOTransportCore.SocketAddress {
        let resolved: NIOCore.SocketAddress
        do {
            resolved = try NIOCore.SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw A2AError(.invalidParams, "The gRPC server cannot listen on '\(host)': \(error)", cause: error)
        }
        switch resolved {
        case .v6: return .ipv6(host: resolved.ipAddress ?? host, port: port)
        default: return .ipv4(host: resolved.ipAddress ?? host, port: port)
        }
    }

    private static func security(
        _ files: GRPCServerConfiguration.TLSFiles?
    ) throws -> HTTP2ServerTransport.Posix.TransportSecurity {
        guard let files else { return .plaintext }
        for file in [files.certificateChain, files.privateKey] + [files.clientTrustRoots].compactMap(\.self)
        where !PEMFiles.isReadable(file) {
            throw A2AError(.invalidParams, "The PEM file '\(file)' cannot be read.")
        }
        return .tls(
            certificateChain: [.file(path: files.certificateChain, format: .pem)],
            privateKey: .file(path: files.privateKey, format: .pem)
        ) { tls in
            tls.requireALPN = false
            if let roots = files.clientTrustRoots {
                tls.trustRoots = .certificates([.file(path: roots, format: .pem)])
                tls.clientCertificateVerification = .noHostnameVerification
            } else {
                tls.clientCertificateVerification = .noVerification
            }
        }
    }
}

extension GRPCNIOTransportCore.SocketAddress {
    fileprivate var port: Int? { self.ipv4?.port ?? self.ipv6?.port }
}
