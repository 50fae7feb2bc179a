import A2A
package import AsyncHTTPClient
package import NIOCore
import NIOSSL

/// The connections of a client: an `HTTPClient`, and who shuts it down.
package final class HTTPConnections: Sendable {
    package let client: HTTPClient
    private let isOwned: Bool

    /// The connections of all clients that do not ask for their own.
    ///
    /// They live as long as the process.
    package static let shared = HTTPConnections(
        borrowing: HTTPClient(
            eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
            configuration: HTTPConnections.configuration(HTTPClientOptions(), tls: nil)))

    /// Uses a client that somebody else shuts down.
    package init(borrowing client: HTTPClient) {
        self.client = client
        self.isOwned = false
    }

    /// Makes a client of its own, which is shut down with this object.
    ///
    /// - Parameter dialling: The addresses to connect to for some hosts, instead of asking the DNS.
    /// - Throws: ``A2AError`` with `.invalidParams` if a certificate cannot be read.
    package init(_ options: HTTPClientOptions, dialling: [String: String] = [:]) throws {
        var configuration = Self.configuration(options, tls: try Self.tls(options))
        configuration.dnsOverride = dialling
        self.client = HTTPClient(
            eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup), configuration: configuration)
        self.isOwned = true
    }

    deinit {
        if self.isOwned { _ = self.client.shutdown() }
    }

    /// Sends a request and returns as soon as the answer begins.
    ///
    /// - Throws: `HTTPClientError.invalidURL` for a port beyond 65535, on which the library would trap; else what the library throws.
    package func execute(
        _ request: HTTPClientRequest, deadline: NIODeadline = .distantFuture
    ) async throws -> HTTPClientResponse {
        guard WebURL.hasUsablePort(request.url) else { throw HTTPClientError.invalidURL }
        return try await self.client.execute(request, deadline: deadline)
    }

    private static func configuration(_ options: HTTPClientOptions, tls: TLSConfiguration?) -> HTTPClient.Configuration
    {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(options.connectTimeout)),
            // The end of a stream is told by its last event, not by TLS.
            ignoreUncleanSSLShutdown: true,
            decompression: .disabled
        )
        configuration.connectionPool = .init(
            idleTimeout: TimeAmount(options.idleTimeout),
            concurrentHTTP1ConnectionsPerHostSoftLimit: max(options.maxConnectionsPerHost, 1))
        // Retries are the client's business, which knows what may be repeated.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private static func tls(_ options: HTTPClientOptions) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if options.insecurelyAcceptAnyCertificate { tls.certificateVerification = .none }
        if !options.additionalTrustRootsPEM.isEmpty {
            do {
                let certificates = try NIOSSLCertificate.fromPEMBytes(options.additionalTrustRootsPEM)
                tls.additionalTrustRoots = [.certificates(certificates)]
            } catch {
                throw A2AError(.invalidParams, "The additional trust roots are no certificates in PEM.", cause: error)
            }
        }
        guard options.clientCertificatePEM.isEmpty == options.clientKeyPEM.isEmpty else {
            throw A2AError(
                .invalidParams, "A client certificate and its private key come together; one of them is missing.")
        }
        guard !options.clientCertificatePEM.isEmpty else { return tls }
        do {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(options.clientCertificatePEM)
                .map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: options.clientKeyPEM, format: .pem))
        } catch {
            throw A2AError(.invalidParams, "The client's certificate or its key is not PEM.", cause: error)
        }
        return tls
    }
}
