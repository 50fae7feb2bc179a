import A2A
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// A TLS handshake and nothing else (`x-handshake`): which versions and protocols an agent agrees to.
///
/// The certificate is not looked at; that the runner trusts it shows in every other case.
enum TLSHandshake {
    /// What we offer.
    struct Offer: Sendable {
        /// The oldest and the newest version.
        var least: TLSVersion
        var most: TLSVersion
        /// Protocols for ALPN.
        var protocols: [String]

        private static let versions: [(String, TLSVersion)] = [
            ("1.0", .tlsv1), ("1.1", .tlsv11), ("1.2", .tlsv12), ("1.3", .tlsv13),
        ]

        init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
            let map = try MapReader(node, "'x-handshake' of \(what)", file: file, keys: ["min", "max", "alpn"])
            let names = Self.versions.map(\.0)
            let (least, most) = (try map.choice("min", names), try map.choice("max", names))
            self.least = Self.versions.first { $0.0 == least }?.1 ?? .tlsv1
            self.most = Self.versions.first { $0.0 == most }?.1 ?? .tlsv13
            self.protocols = try map.texts("alpn") ?? []
        }
    }

    /// - Returns: An answer `{outcome: established, version: "1.3", protocol: "h2"}` or `{outcome: refused, reason}`.
    static func run(
        _ offer: Offer, with url: String, over binding: TransportBinding, deadline: ContinuousClock.Instant,
        trace: WireTrace
    ) async -> Exchange {
        guard let address = Self.address(url, binding) else {
            return Exchange(.inexpressible("the interface \(url) has no TLS"))
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = offer.least
        configuration.maximumTLSVersion = offer.most
        configuration.applicationProtocols = offer.protocols
        trace.add(.sent, "TLS handshake with \(address), \(offer.least) to \(offer.most), \(offer.protocols)")
        let outcome = Outcome()
        do {
            let context = try NIOSSLContext(configuration: configuration)
            try await withDeadline(deadline) {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(TimeAmount(HTTPWire.connectTimeout))
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                            try channel.pipeline.syncOperations.addHandlers(handler, HandshakeWatch(outcome))
                        }
                    }
                    .connect(host: address.host, port: address.port).get()
                outcome.note { $0.isConnected = true }
                try await channel.closeFuture.get()
            }
        } catch {
            guard outcome.state.isConnected else {
                return Exchange(.unreachable("cannot connect to \(address): \(error)"))
            }
            outcome.note { if $0.reason == nil { $0.reason = "\(error)" } }
        }
        let answer = outcome.answer
        trace.add(.received, answer.description)
        return Exchange(.answer(answer), status: 200)
    }

    /// Where TLS is spoken; `nil` if the interface does without.
    private static func address(_ url: String, _ binding: TransportBinding) -> HostAndPort? {
        if binding == .grpc {
            guard let (address, isSecure) = try? GRPCTarget.parse(url), isSecure else { return nil }
            return address
        }
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        switch url[..<scheme.lowerBound] {
        case "https": return try? HostAndPort(rest, defaultPort: 443)
        case "a2a+tls": return try? HostAndPort(rest, defaultPort: 41632)
        default: return nil
        }
    }

    /// What became of it.
    fileprivate final class Outcome: Sendable {
        struct State {
            var isConnected = false
            var version: String?
            var negotiated: String?
            var reason: String?
        }

        private let storage = Mutex(State())

        var state: State { self.storage.withLock { $0 } }
        func note(_ change: (inout State) -> Void) { self.storage.withLock { change(&$0) } }

        var answer: JSONValue {
            let state = self.state
            guard let version = state.version else {
                return ["outcome": "refused", "reason": .string(state.reason ?? "the connection was closed")]
            }
            return [
                "outcome": "established", "version": .string(version), "protocol": .string(state.negotiated ?? ""),
            ]
        }
    }
}

/// Waits for the end of the handshake, then closes.
private final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = Any

    private let outcome: TLSHandshake.Outcome
    private var isDone = false

    init(_ outcome: TLSHandshake.Outcome) { self.outcome = outcome }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let negotiated) = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        self.isDone = true
        let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        let version =
            switch handler?.tlsVersion {
            case .tlsv1: "1.0"
            case .tlsv11: "1.1"
            case .tlsv12: "1.2"
            case .tlsv13: "1.3"
            default: "unknown"
            }
        self.outcome.note { state in
            state.version = version
            state.negotiated = negotiated
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isDone = self.isDone
        self.outcome.note { if !isDone, $0.reason == nil { $0.reason = "\(error)" } }
        context.close(promise: nil)
    }
}
