public import A2A
public import Logging

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

    /// The most connections of one address whose callers have not said who they are, where they must. Default 32.
    ///
    /// One more is closed at once. An IPv6 address counts as its first 64 bits; loopback does not count. Behind a proxy that makes
    /// all connections this is the number for all callers together.
    public var maxUnauthenticatedConnectionsPerAddress = 32

    /// How long a connection may stay without its caller saying who it is, where it must. Default 60 s.
    ///
    /// Until then it has eight calls at a time, and 64 KiB of each request.
    public var authenticationTimeout: Duration = .seconds(60)

    /// The age, give or take a tenth, at which a connection is given up, so that callers spread anew over the servers of one
    /// address; `nil` for never. Default 30 min.
    public var maxConnectionAge: Duration? = .seconds(1_800)

    /// How long calls may then take to end; streams that do not are taken up on the new connection. Default 60 s.
    public var connectionAgeGrace: Duration = .seconds(60)

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

    /// The A2A versions that are served, each declared as an interface of its own. Default 1.0; add ``ProtocolVersion/v1_1`` to serve
    /// the draft too.
    public var versions: [ProtocolVersion] = [.v1_0]

    /// Cuts every connection after this long, without a word to its peer: fault injection, to see that callers lose nothing.
    ///
    /// Default `nil`: never.
    package var cutsConnectionsAfter: Duration?

    /// Where each frame is noted in one line, without anything of its credentials, parameters and messages; nothing is done
    /// unless the logger writes at trace level. Default `nil`.
    public var frameLog: Logger?

    /// Changes what follows from the configuration, for tests that cannot wait for the times of the specification.
    var adjust: (@Sendable (inout TCPConnectionOptions) -> Void)?

    /// Delivers push notifications over connections whose peers take them; the runtime must have the same sender. `nil` offers none.
    public var notifier: TCPPushNotificationSender?

    public init() {}

    /// Loopback, a free port.
    public static var ephemeral: TCPServerConfiguration {
        var configuration = TCPServerConfiguration()
        configuration.port = 0
        return configuration
    }

    /// Certificates for TLS, in PEM files.
    ///
    /// When the files change, connections that come then get what is in them. Write the key first, or both under other names and
    /// rename them: what does not fit together is not taken.
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
        /// The least time between two looks at whether the files have changed. Default 10 s.
        public var checkInterval: Duration = .seconds(10)

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
    func connectionOptions(
        epoch: UInt64, budget: any TCPMemoryBudget, requiresAuthentication: Bool
    ) -> TCPConnectionOptions {
        var settings = TCPSettings()
        settings.callCredit = Self.clamp(self.maxConcurrentCalls, 8...0x7FFF_FFFF)
        settings.streamCredit = Self.clamp(self.streamCreditBytes, 65_536...0x7FFF_FFFF)
        settings.maxMessage = Self.clamp(self.maxMessageBytes, (1 << 20)...0x7FFF_FFFF)
        settings.idleTimeoutSeconds = Self.clamp(Self.seconds(self.idleTimeout), 10...3_600)
        settings.resumeSeconds = Self.clamp(Self.seconds(self.resumeWindow), 0...UInt32.max)
        settings.dedupSeconds = Self.clamp(Self.seconds(self.deduplicationWindow), 0...UInt32.max)
        settings.authSlots = Self.clamp(self.credentialSlots, 4...65_535)
        var unknown: TCPUnknownPeers?
        if requiresAuthentication {
            // What HELLO grants is there for everybody.
            var limits = TCPUnknownPeers()
            limits.timeout = self.authenticationTimeout.wholeMilliseconds
            limits.laterCalls = Int(settings.callCredit) - Self.unknownCalls
            settings.callCredit = UInt32(Self.unknownCalls)
            settings.streamCredit = 65_536
            unknown = limits
        }
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        configuration.unknownPeers = unknown
        configuration.ageGrace = UInt32(clamping: self.connectionAgeGrace.wholeMilliseconds)
        configuration.reassemblyLimit = max(self.maxBufferedBytesPerConnection, Int(settings.maxMessage))
        configuration.sharedBudget = budget
        configuration.versions = self.versions.map {
            TCPCall.Version(major: UInt8(clamping: $0.major), minor: UInt8(clamping: $0.minor))
        }
        var options = TCPConnectionOptions(
            configuration: configuration, isSecure: self.tls != nil,
            requiresAuthentication: requiresAuthentication, epoch: epoch,
            streamStallTimeout: self.streamStallTimeout.wholeMilliseconds)
        options.frameLog = self.frameLog
        self.adjust?(&options)
        return options
    }

    /// Calls at a time of a caller that has not said who it is.
    private static let unknownCalls = 8

    private static func clamp(_ value: Int, _ range: ClosedRange<UInt32>) -> UInt32 {
        min(max(UInt32(clamping: value), range.lowerBound), range.upperBound)
    }

    private static func seconds(_ duration: Duration) -> Int { Int(clamping: duration.components.seconds) }
}
