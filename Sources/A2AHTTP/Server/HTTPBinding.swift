public import A2A
public import A2AServer
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The bindings over HTTP: card, JSON-RPC and HTTP+JSON on one port.
public struct HTTPBinding: ServerBinding {
    public var configuration: HTTPServerConfiguration

    /// How long connections may take to end on shutdown.
    private static let closingGrace: Duration = .seconds(5)

    public init(_ configuration: HTTPServerConfiguration = .init()) {
        self.configuration = configuration
    }

    public func serve(
        _ service: any A2AService,
        logger: Logger,
        onListening: @escaping @Sendable (BindingEndpoint) async -> Void
    ) async throws {
        let routes = A2ARoutes(service: service, configuration: self.configuration)
        let watches = CallerWatches()
        let isListening = Atomic(false)
        let application = Application(
            // Nothing but the agent is here, so no router has to find it.
            responder: CallbackResponder { (request: Request, context: ChannelRequestContext) in
                await routes.respond(to: request, caller: watches[context.channel]) ?? Response(status: .notFound)
            },
            server: try self.serverBuilder(watches),
            configuration: ApplicationConfiguration(
                address: .hostname(self.configuration.host, port: self.configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(self.configuration.maxConnections)
            ),
            onServerRunning: { channel in
                isListening.store(true, ordering: .relaxed)
                await onListening(self.endpoint(channel.localAddress))
            },
            logger: logger
        )
        do {
            try await application.run()
        } catch let error where !(error is CancellationError) && !isListening.load(ordering: .relaxed) {
            throw A2AError(
                .unavailable,
                "The HTTP server cannot listen on \(self.configuration.host):\(self.configuration.port): \(error)",
                cause: error)
        }
    }

    private func endpoint(_ address: SocketAddress?) -> BindingEndpoint {
        let host = self.configuration.host.contains(":") ? "[\(self.configuration.host)]" : self.configuration.host
        let scheme = self.configuration.tls == nil ? "http" : "https"
        let port = address?.port ?? self.configuration.port
        let base = self.configuration.publicURL ?? "\(scheme)://\(host):\(port)"
        return BindingEndpoint(address: base, interfaces: Self.interfaces(base: base, self.configuration))
    }

    /// The interfaces that a server with a configuration serves under a base URL: one for each binding and version, older
    /// versions first (§3.6.2).
    public static func interfaces(base: String, _ configuration: HTTPServerConfiguration) -> [A2AAgentInterface] {
        configuration.versions.sorted().flatMap { version in
            [
                A2AAgentInterface(url: base + configuration.jsonRPCPath, binding: .jsonRPC, version: version),
                A2AAgentInterface(url: base + configuration.httpJSONPath, binding: .httpJSON, version: version),
            ]
        }
    }

    private func serverBuilder(_ watches: CallerWatches) throws -> HTTPServerBuilder {
        let idle = TimeAmount(self.configuration.idleTimeout)
        let stalled = self.configuration.stalledReaderTimeout
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [StalledReaderHandler(timeout: stalled), CallerWatchHandler(watches)],
            idleTimeout: idle)
        let http2 = HTTP2ChannelConfiguration(
            idleTimeout: self.configuration.idleTimeout, gracefulCloseTimeout: Self.closingGrace,
            streamConfiguration: channel)
        if let files = self.configuration.tls {
            return try .http2Upgrade(tlsConfiguration: try files.tlsConfiguration(), configuration: http2)
        }
        return self.configuration.isHTTP2PriorKnowledge
            ? .plaintextHTTP2(configuration: http2) : .http1(configuration: channel)
    }

    public var description: String { "HTTP(\(self.configuration.host):\(self.configuration.port))" }
}

extension ServerBinding where Self == HTTPBinding {
    /// JSON-RPC and HTTP+JSON, with the card.
    public static func http(_ configuration: HTTPServerConfiguration = .init()) -> HTTPBinding {
        HTTPBinding(configuration)
    }
}

extension HTTPServerConfiguration.TLSFiles {
    /// Reads the files.
    ///
    /// - Throws: ``A2AError`` that names a file that is missing or not PEM.
    fileprivate func tlsConfiguration() throws -> TLSConfiguration {
        let chain = try Self.naming(self.certificateChain, "certificate") {
            try NIOSSLCertificate.fromPEMFile($0).map { NIOSSLCertificateSource.certificate($0) }
        }
        let key = try Self.naming(self.privateKey, "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let roots = self.clientTrustRoots {
            configuration.trustRoots = .certificates(
                try Self.naming(roots, "certificate") { try NIOSSLCertificate.fromPEMFile($0) })
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }

    private static func naming<Value>(_ file: String, _ what: String, _ read: (String) throws -> Value) throws -> Value
    {
        do {
            return try read(file)
        } catch {
            throw A2AError(
                .invalidParams, "The file '\(file)' is not there or has no \(what) in PEM that can be read.",
                cause: error)
        }
    }
}
