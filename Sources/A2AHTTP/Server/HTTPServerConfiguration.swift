public import A2A

/// How the HTTP server listens, and what it allows.
public struct HTTPServerConfiguration: Sendable {
    /// The address to listen on. Default: loopback only.
    public var host = "127.0.0.1"

    /// The port; 0 takes a free one.
    public var port = 9900

    /// Certificates for TLS; `nil` for plain HTTP. With TLS, clients choose HTTP/1.1 or HTTP/2 by ALPN.
    public var tls: TLSFiles?

    /// Without TLS, speak HTTP/2 only (prior knowledge) instead of HTTP/1.1.
    public var isHTTP2PriorKnowledge = false

    /// The base URL under which callers reach the server, such as `https://agent.example.com`, without a slash at the end;
    /// `nil` for the address it listens on. It is what the card's interfaces say.
    public var publicURL: String?

    /// Where JSON-RPC is served. Default `/`.
    public var jsonRPCPath = "/"

    /// Below what HTTP+JSON is served. Default `/v1`.
    public var httpJSONPath = "/v1"

    /// The largest request body, in bytes. Default 16 MiB; more is refused with 413.
    public var maxBodyBytes = 16 << 20

    /// The most connections at a time; more wait in the backlog. Default 10 000.
    public var maxConnections = 10_000

    /// How long a connection may be idle between requests, or silent in the middle of one. Default 60 s.
    public var idleTimeout: Duration = .seconds(60)

    /// How long a caller may read nothing of its answer before its connection is closed. Default 60 s.
    public var stalledReaderTimeout: Duration = .seconds(60)

    /// After how much silence a stream sends a comment, so that nobody in between takes it for dead. Default 15 s.
    public var keepAliveInterval: Duration = .seconds(15)

    /// How much of a stream is encoded ahead of its reader, in bytes. Default 64 KiB.
    public var streamBufferBytes = 64 << 10

    /// How long clients may keep the card (`Cache-Control: max-age`). Default 300 s.
    public var cardMaxAge: Duration = .seconds(300)

    /// The A2A versions that are served, each declared as an interface of its own. Default 1.0; add ``ProtocolVersion/v1_1`` to serve
    /// the draft too.
    public var versions: [ProtocolVersion] = [.v1_0]

    /// What a call without `A2A-Version` means. The specification says 0.3, which is not served; set 1.0 to be lenient with
    /// hand-made requests in local play.
    public var assumedVersion: ProtocolVersion = .v0_3

    /// A JSON Web Key Set to serve at ``A2ARoutes/jwksPath``: the keys with which the agent signs push notifications. `nil` for none.
    public var jwks: [UInt8]?

    public init() {}

    /// Certificates for TLS, in PEM files.
    public struct TLSFiles: Sendable {
        /// The certificate chain, leaf first.
        public var certificateChain: String
        /// The private key of the leaf.
        public var privateKey: String
        /// Trust roots for client certificates; `nil` asks for none.
        public var clientTrustRoots: String?

        public init(certificateChain: String, privateKey: String, clientTrustRoots: String? = nil) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
            self.clientTrustRoots = clientTrustRoots
        }
    }
}
