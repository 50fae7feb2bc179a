public import Logging

/// How agents are reached over TCP.
public struct TCPClientOptions: Sendable {
    /// How messages are written.
    public enum Encoding: Sendable, Hashable {
        /// Protocol Buffers.
        case protobuf
        /// JSON.
        case json
    }

    /// How messages are written. Default ``Encoding/protobuf``.
    public var encoding = Encoding.protobuf

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

    /// Reaches agents that are not on this machine without TLS too: anybody on the way can read and change everything.
    public var insecurelyAllowPlaintextBeyondLoopback = false

    /// The largest message of an answer or stream, in bytes, 1 MiB to 2 GiB. Default 64 MiB.
    public var maxMessageBytes = 64 << 20

    /// Octets that an agent may send on each stream before they are taken, 64 KiB to 2 GiB. Default 256 KiB.
    public var streamCreditBytes = 256 << 10

    /// How long making a connection may take, with TLS and greeting. Default 10 s.
    public var connectTimeout: Duration = .seconds(10)

    /// How long a connection may be silent, answers to PING included, before it counts as broken, 10 s to 1 h. Default 60 s.
    public var idleTimeout: Duration = .seconds(60)

    /// Where each frame is noted in one line, without anything of its credentials, parameters and messages; nothing is done
    /// unless the logger writes at trace level. Default `nil`.
    public var frameLog: Logger?

    public init() {}
}
