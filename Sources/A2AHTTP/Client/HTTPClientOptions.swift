/// How the HTTP bindings reach an agent.
public struct HTTPClientOptions: Sendable {
    /// The largest answer that is not a stream, in bytes.
    ///
    /// Default 64 MiB.
    public var maxResponseBytes = 64 << 20

    /// The largest event of a stream, in bytes.
    ///
    /// Default 16 MiB.
    public var maxEventBytes = 16 << 20

    /// The largest card, in bytes.
    ///
    /// Default 4 MiB.
    public var maxCardBytes = 4 << 20

    /// How long a stream may be silent; then its connection counts as broken.
    ///
    /// Agents that have nothing to say send comments meanwhile. Default 60 s.
    public var silenceLimit: Duration = .seconds(60)

    /// How long making a connection may take, TLS included.
    ///
    /// Default 10 s.
    public var connectTimeout: Duration = .seconds(10)

    /// How many HTTP/1.1 connections to one host are open at a time; each stream takes one.
    ///
    /// Default 1024.
    public var maxConnectionsPerHost = 1024

    /// How long an unused connection is kept.
    ///
    /// Default 15 s.
    public var idleTimeout: Duration = .seconds(15)

    /// How many redirects are followed to a card; calls follow none.
    ///
    /// Default 5.
    public var maxCardRedirects = 5

    /// Query parameters that go with every call, such as an API key that the card wants there (§4.5.2).
    public var queryParameters: [(name: String, value: String)] = []

    /// Certificates to trust beside those of the system, in PEM.
    public var additionalTrustRootsPEM: [UInt8] = []

    /// The certificate chain that this client shows, leaf first, in PEM (mTLS); empty for none.
    public var clientCertificatePEM: [UInt8] = []

    /// The private key of the client's certificate, in PEM.
    public var clientKeyPEM: [UInt8] = []

    /// Accepts any certificate of any host.
    ///
    /// For development only: anybody on the way can read and change everything.
    public var insecurelyAcceptAnyCertificate = false

    /// What the client calls itself, in `User-Agent`.
    public var userAgent = "swift-a2a"

    public init() {}
}
