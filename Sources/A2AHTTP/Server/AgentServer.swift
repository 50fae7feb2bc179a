public import A2A
public import A2AServer
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
public import ServiceLifecycle
import UnixSignals

/// An agent on HTTP: card, JSON-RPC and HTTP+JSON on one port, with the runtime behind them.
///
/// ```swift
/// try await AgentServer(agent: Hello(), card: card).runService()
/// ```
///
/// As a `Service` it ends on graceful shutdown: turns at work may end, then streams and connections are closed.
public struct AgentServer: Service {
    /// The runtime that answers calls.
    public let runtime: TaskRuntime

    private let service: any A2AService
    private let configuration: HTTPServerConfiguration
    private let logger: Logger
    private let onRunning: @Sendable (String) async -> Void

    /// How long connections may take to end on shutdown, beyond the grace of the turns.
    private static let closingGrace: Duration = .seconds(5)

    /// - Parameters:
    ///   - runtime: The agent's runtime. A card without interfaces gets those that the server serves.
    ///   - middleware: What sees every call before the runtime, first in the list first.
    ///   - onRunning: Called with the base URL once the server listens.
    public init(
        runtime: TaskRuntime,
        configuration: HTTPServerConfiguration = .init(),
        middleware: [any ServiceMiddleware] = [],
        logger: Logger = Logger(label: "a2a.http"),
        onRunning: @escaping @Sendable (_ baseURL: String) async -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.service = middleware.reversed().reduce(runtime as any A2AService) { $0.with($1) }
        self.configuration = configuration
        self.logger = logger
        self.onRunning = onRunning
    }

    /// An agent with a runtime of its own.
    public init(
        agent: any Agent,
        card: A2AAgentCard,
        configuration: HTTPServerConfiguration = .init(),
        authenticator: (any Authenticator)? = nil,
        logger: Logger = Logger(label: "a2a.http"),
        onRunning: @escaping @Sendable (_ baseURL: String) async -> Void = { _ in }
    ) {
        self.init(
            runtime: TaskRuntime(agent: agent, card: card, logger: logger),
            configuration: configuration,
            middleware: authenticator.map { [AuthenticationMiddleware($0)] } ?? [],
            logger: logger,
            onRunning: onRunning
        )
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT); for programs that run nothing else.
    ///
    /// - Throws: As ``run()``.
    public func runService() async throws {
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: self.logger)
        ).run()
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: An error if the address cannot be bound or a certificate cannot be read.
    public func run() async throws {
        let routes = A2ARoutes(service: self.service, configuration: self.configuration)
        let application = Application(
            // Nothing but the agent is here, so no router has to find it.
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                await routes.respond(to: request) ?? Response(status: .notFound)
            },
            server: try self.serverBuilder(),
            configuration: ApplicationConfiguration(
                address: .hostname(self.configuration.host, port: self.configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(self.configuration.maxConnections)
            ),
            onServerRunning: { channel in await self.announce(channel.localAddress) },
            logger: self.logger
        )
        // Services end in reverse order: first the runtime, which ends the streams, then HTTP, which waits for them.
        var group = ServiceGroupConfiguration(services: [application, self.runtime], logger: self.logger)
        group.maximumGracefulShutdownDuration = self.runtime.shutdownGrace + Self.closingGrace
        try await ServiceGroup(configuration: group).run()
    }

    private func announce(_ address: SocketAddress?) async {
        let host = self.configuration.host.contains(":") ? "[\(self.configuration.host)]" : self.configuration.host
        let scheme = self.configuration.tls == nil ? "http" : "https"
        let port = address?.port ?? self.configuration.port
        let base = self.configuration.publicURL ?? "\(scheme)://\(host):\(port)"
        if self.runtime.card.supportedInterfaces.isEmpty {
            self.runtime.card.supportedInterfaces = Self.interfaces(base: base, self.configuration)
        }
        await self.onRunning(base)
    }

    /// The interfaces that a server with this configuration serves under a base URL.
    public static func interfaces(base: String, _ configuration: HTTPServerConfiguration) -> [A2AAgentInterface] {
        let version = configuration.versions.max() ?? .v1_0
        let rpcPath = configuration.jsonRPCPath == "/" ? "/" : configuration.jsonRPCPath
        return [
            A2AAgentInterface(url: base + rpcPath, binding: .jsonRPC, version: version),
            A2AAgentInterface(url: base + configuration.httpJSONPath, binding: .httpJSON, version: version),
        ]
    }

    private func serverBuilder() throws -> HTTPServerBuilder {
        let idle = TimeAmount(self.configuration.idleTimeout)
        let stalled = self.configuration.stalledReaderTimeout
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [StalledReaderHandler(timeout: stalled)], idleTimeout: idle)
        let http2 = HTTP2ChannelConfiguration(
            idleTimeout: self.configuration.idleTimeout, gracefulCloseTimeout: Self.closingGrace,
            streamConfiguration: channel)
        if let files = self.configuration.tls {
            return try .http2Upgrade(tlsConfiguration: try files.tlsConfiguration(), configuration: http2)
        }
        return self.configuration.isHTTP2PriorKnowledge
            ? .plaintextHTTP2(configuration: http2) : .http1(configuration: channel)
    }
}

extension AgentServer: CustomStringConvertible {
    /// What service groups print in their logs.
    public var description: String { "AgentServer(\(self.configuration.host):\(self.configuration.port))" }
}

extension HTTPServerConfiguration.TLSFiles {
    /// Reads the files.
    ///
    /// - Throws: An error of NIOSSL if a file is missing or not PEM.
    fileprivate func tlsConfiguration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(self.certificateChain).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(file: self.privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let roots = self.clientTrustRoots {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(roots))
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }
}
