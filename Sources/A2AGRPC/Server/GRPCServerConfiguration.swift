public import A2A

/// How the gRPC server listens, and what it allows.
public struct GRPCServerConfiguration: Sendable {
    /// The address to listen on: an IP address or a name. Default: loopback only.
    public var host = "127.0.0.1"

    /// The port; 0 takes a free one. Default 9901.
    public var port = 9901

    /// Certificates for TLS; `nil` for plaintext, which only a loopback address or a network of one's own should use (§10.1).
    public var tls: TLSFiles?

    /// The address under which callers reach the server, as `host:port`; `nil` for the one it listens on. It is what the
    /// card's interface says.
    public var publicAddress: String?

    /// The largest request message, in bytes. Default 16 MiB.
    ///
    /// A larger one is refused with RESOURCE_EXHAUSTED; the stream of one that is more than twice as large is reset.
    public var maxMessageBytes = 16 << 20

    /// The most connections at a time; one more is closed at once. Default 10 000.
    public var maxConnections = 10_000

    /// The most calls at a time on one connection, streams included. Default 1000.
    public var maxConcurrentStreams = 1000

    /// After how much silence the server asks whether a connection is still there. Default 60 s.
    public var keepaliveTime: Duration = .seconds(60)

    /// How long the answer to that may take; then the connection is closed. Default 20 s.
    public var keepaliveTimeout: Duration = .seconds(20)

    /// How often a caller may ask the same while it has no calls; one that does so more often is sent away. Default 10 s.
    public var minClientPingInterval: Duration = .seconds(10)

    /// How long a connection without calls is kept. Default 5 min.
    public var idleTimeout: Duration = .seconds(300)

    /// How long a caller may take nothing of its answer before its call is closed. Default 60 s.
    ///
    /// It is also how long a caller may take to send its request.
    public var streamStallTimeout: Duration = .seconds(60)

    /// The A2A versions that are served, each declared as an interface of its own. Default 1.0; add ``ProtocolVersion/v1_1`` to serve
    /// the draft too.
    public var versions: [ProtocolVersion] = [.v1_0]

    /// What a call without `a2a-version` means. The specification says 0.3, which is not served; set 1.0 to be lenient with
    /// hand-made requests in local play.
    public var assumedVersion: ProtocolVersion = .v0_3

    /// Whether tools may ask the server what it serves (`grpc.reflection.v1` and `v1alpha`). Default true.
    public var reflection = true

    public init() {}

    /// Loopback, a free port.
    public static var ephemeral: GRPCServerConfiguration {
        var configuration = GRPCServerConfiguration()
        configuration.port = 0
        return configuration
    }

    /// Certificates for TLS, in PEM files.
    public struct TLSFiles: Sendable {
        /// The certificate chain, leaf first.
        public var certificateChain: String
        /// The private key of the leaf.
        public var privateKey: String
        /// Trust roots for client certificates (mTLS); `nil` asks for none.
        public var clientTrustRoots: String?

        public init(certificateChain: String, privateKey: String, clientTrustRoots: String? = nil) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
            self.clientTrustRoots = clientTrustRoots
        }
    }
}
