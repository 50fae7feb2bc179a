public import A2A

/// How the TCP server listens, and what it allows.
public struct TCPServerConfiguration: Sendable {
    /// The address to listen on: an IP address or a name. Default: loopback only.
    public var host = "127.0.0.1"

    /// The port; 0 takes a free one. Default 9902.
    public var port = 9902

    /// Certificates for TLS 1.3; `nil` for plaintext, which only a loopback address is served with.
    public var tls: TLSFiles?

    /// Serves plaintext on addresses that others reach too: anybody on the way can read and change everything, and credentials
    /// are refused. Default false.
    public var insecurelyAllowPlaintextBeyondLoopback = false

    /// The address under which callers reach the server, as `host:port`; `nil` for the one it listens on. It is what the
    /// card's interface says.
    public var publicAddress: String?

    /// The largest request message, in bytes, 1 MiB to 2 GiB. Default 16 MiB. A larger one is refused with RESET.
    public var maxMessageBytes = 16 << 20

    /// The most connections at a time; one more is closed at once. Default 10 000.
    public var maxConnections = 10_000

    /// The most calls of one connection that are not done with, streams included, at least 8. Default 1000.
    public var maxConcurrentCalls = 1_000

    /// Octets that a caller may send on each stream before they are taken, 64 KiB to 2 GiB. Default 64 KiB.
    public var streamCreditBytes = 65_536

    /// Octets of requests that one connection may have on their way. Default 32 MiB.
    public var maxBufferedBytesPerConnection = 32 << 20

    /// Octets of requests that all connections together may have on their way. Default 512 MiB.
    public var maxBufferedBytes = 512 << 20

    /// Sets of credentials that a connection may have at a time, 4 to 65 535. Default 16.
    public var credentialSlots = 16

    /// How long a connection may be silent before it is closed, 10 s to 1 h. Default 60 s.
    public var idleTimeout: Duration = .seconds(60)

    /// How long the events of a stream may wait for a reader that takes none. Default 30 s.
    public var streamStallTimeout: Duration = .seconds(30)

    /// How long calls may take to end on shutdown; streams of events end at once. Default 5 s.
    public var shutdownGrace: Duration = .seconds(5)

    /// For how long broken streams can be taken up where they were; zero offers no resumption. Default 300 s.
    ///
    /// It is what callers are told. What the agent's log has, they get; else they are told of the gap.
    public var resumeWindow: Duration = .seconds(300)

    /// For how long the agent recognises a message that is sent again; zero for not at all. Default 0: say here what the runtime
    /// is configured to.
    public var deduplicationWindow: Duration = .zero

    /// Names the log that the numbers of events belong to; `nil` takes a random one each time the server starts, which is right
    /// for logs in memory. Whoever keeps the log for longer keeps this number with it. Not 0.
    public var epoch: UInt64?

    /// The A2A versions that are served.
    public var versions: [ProtocolVersion] = [.v1_0]

    /// Cuts every connection after this long, without a word to its peer: fault injection, to see that callers lose nothing.
    ///
    /// Default `nil`: never.
    package var cutsConnectionsAfter: Duration?

    /// Changes what follows from the configuration, for tests that cannot wait for the times of the specification.
    var adjust: (@Sendable (inout TCPConnectionOptions) -> Void)?

    public init() {}

    /// Loopback, a free port.
    public static var ephemeral: TCPServerConfiguration {
        var configuration = TCPServerConfiguration()
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
        /// Whether callers without a certificate are sent away. Default false: those that come are verified, and who has none
        /// may still fetch the card.
        public var requiresClientCertificate: Bool

        public init(
            certificateChain: String, privateKey: String, clientTrustRoots: String? = nil,
            requiresClientCertificate: Bool = false
        ) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
            self.clientTrustRoots = clientTrustRoots
            self.requiresClientCertificate = requiresClientCertificate
        }
    }
}

extension TCPServerConfiguration {
    /// What the connections of a server have in common.
    func connectionOptions(epoch: UInt64, budget: any TCPMemoryBudget) -> TCPConnectionOptions {
        var settings = TCPSettings()
        settings.callCredit = Self.clamp(self.maxConcurrentCalls, 8...0x7FFF_FFFF)
        settings.streamCredit = Self.clamp(self.streamCreditBytes, 65_536...0x7FFF_FFFF)
        settings.maxMessage = Self.clamp(self.maxMessageBytes, (1 << 20)...0x7FFF_FFFF)
        settings.idleTimeoutSeconds = Self.clamp(Self.seconds(self.idleTimeout), 10...3_600)
        settings.resumeSeconds = Self.clamp(Self.seconds(self.resumeWindow), 0...UInt32.max)
        settings.dedupSeconds = Self.clamp(Self.seconds(self.deduplicationWindow), 0...UInt32.max)
        settings.authSlots = Self.clamp(self.credentialSlots, 4...65_535)
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        configuration.reassemblyLimit = max(self.maxBufferedBytesPerConnection, Int(settings.maxMessage))
        configuration.sharedBudget = budget
        configuration.versions = self.versions.map {
            TCPCall.Version(major: UInt8(clamping: $0.major), minor: UInt8(clamping: $0.minor))
        }
        var options = TCPConnectionOptions(
            configuration: configuration, isSecure: self.tls != nil, epoch: epoch,
            streamStallTimeout: self.streamStallTimeout.wholeMilliseconds)
        self.adjust?(&options)
        return options
    }

    private static func clamp(_ value: Int, _ range: ClosedRange<UInt32>) -> UInt32 {
        min(max(UInt32(clamping: value), range.lowerBound), range.upperBound)
    }

    private static func seconds(_ duration: Duration) -> Int { Int(clamping: duration.components.seconds) }
}
