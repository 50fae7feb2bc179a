/// How agents are reached over gRPC.
public struct GRPCClientOptions: Sendable {
    /// Whether connections are encrypted.
    public enum Security: Sendable, Hashable {
        /// TLS for `https` and `grpcs`, plaintext for `http` and `grpc`; for an address without a scheme TLS, unless its
        /// host is the loopback one.
        case automatic
        /// No encryption, whatever the address says: anybody on the way can read and change everything.
        case plaintext
        /// TLS, whatever the address says.
        case tls
    }

    /// Whether connections are encrypted. Default ``Security/automatic``.
    public var security = Security.automatic

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

    /// The largest message of an answer or stream, in bytes. Default 64 MiB.
    public var maxMessageBytes = 64 << 20

    /// How long making a connection may take, until the peer's first bytes; at most 10 s. Default 10 s.
    public var connectTimeout: Duration = .seconds(10)

    /// After how much silence the client asks whether the agent is still there; `nil` never asks. Default 330 s.
    ///
    /// Many servers send clients away that ask more often than every 300 s.
    public var keepaliveTime: Duration? = .seconds(330)

    /// How long the answer to that may take; then the connection counts as broken. Default 20 s.
    public var keepaliveTimeout: Duration = .seconds(20)

    /// How long an unused connection is kept. Default 5 min.
    public var idleTimeout: Duration = .seconds(300)

    public init() {}
}
