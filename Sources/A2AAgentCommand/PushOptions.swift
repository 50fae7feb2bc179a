import A2A
import A2AHTTP
import A2ASecurity
import A2AServer
import A2ATCP
import ArgumentParser

/// Where push notifications may go.
struct PushOptions: ParsableArguments {
    @Flag(
        name: .customLong("insecure-push-to-loopback"),
        help: "Sends push notifications to this machine too, also without TLS. For development only.")
    var insecurelyAllowsLoopback = false

    @Option(
        name: .customLong("push-allow-host"), parsing: .singleValue,
        help: ArgumentHelp(
            "Sends push notifications to these hosts only: a name, or *. and a domain. Repeatable.", valueName: "host"))
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("push-deny-host"), parsing: .singleValue,
        help: ArgumentHelp("Never sends push notifications to these hosts. Repeatable.", valueName: "host"))
    var deniedHosts: [String] = []

    @Option(
        name: .customLong("push-allow-network"), parsing: .singleValue,
        help: ArgumentHelp(
            "Sends push notifications to these addresses although they are not public, such as 10.1.0.0/16. Repeatable.",
            valueName: "network"), transform: Self.network)
    var allowedNetworks: [IPNetwork] = []

    @Option(
        name: .customLong("push-deny-network"), parsing: .singleValue,
        help: ArgumentHelp("Never sends push notifications to these addresses. Repeatable.", valueName: "network"),
        transform: Self.network)
    var deniedNetworks: [IPNetwork] = []

    @Flag(
        name: .customLong("sign-push"),
        help: "Signs push notifications, with a key that is made now and served at /.well-known/jwks.json.")
    var signs = false

    @Option(
        name: .customLong("push-signing-key"),
        help: ArgumentHelp("Signs push notifications with this P-256 private key in PEM.", valueName: "file"))
    var signingKey: String?

    @Option(
        name: .customLong("push-retry-limit"),
        help: ArgumentHelp(
            "The longest wait before a notification is tried again, and for which a receiver that fails is left alone. "
                + "(default: 900, and 300 for a receiver that fails)", valueName: "seconds"))
    var retryLimit: Double?

    func validate() throws {
        if let limit = self.retryLimit, !(Self.shortestRetryLimit...Self.longestRetryLimit).contains(limit) {
            throw ValidationError("--push-retry-limit takes 0.01 to 86400 seconds.")
        }
    }

    /// In seconds.
    private static let shortestRetryLimit = 0.01
    private static let longestRetryLimit = 86_400.0

    private static func network(_ text: String) throws -> IPNetwork {
        guard let network = IPNetwork(text) else {
            throw ValidationError("'\(text)' is no network; write 10.1.0.0/16, fd00::/8, or one address.")
        }
        return network
    }

    /// What signs push notifications; `nil` for none.
    func signer(issuer: String) async throws -> JWTPushNotificationSigner? {
        guard self.signs || self.signingKey != nil else { return nil }
        let pem = try self.signingKey.map {
            try String(decoding: OptionFile.read($0, of: "--push-signing-key"), as: UTF8.self)
        }
        return try await JWTPushNotificationSigner(issuer: issuer, privateKeyPEM: pem)
    }

    /// How push notifications are sent.
    ///
    /// - Parameters:
    ///   - peers: Sends them over connections of the TCP binding; `nil` if that is not served with TLS.
    ///   - store: Where configurations are kept; `nil` for the memory.
    func notifications(
        signer: JWTPushNotificationSigner?, peers: TCPPushNotificationSender?, store: (any PushNotificationStore)? = nil
    ) -> PushNotifications {
        var options = HTTPPushNotificationSender.Options()
        options.egress.insecurelyAllowsLoopback = self.insecurelyAllowsLoopback
        options.egress.allowedHosts = self.allowedHosts
        options.egress.deniedHosts = self.deniedHosts
        options.egress.allowedNetworks = self.allowedNetworks
        options.egress.deniedNetworks = self.deniedNetworks
        options.signer = signer
        var senders: [any PushNotificationSender] = [HTTPPushNotificationSender(options: options)]
        if let peers { senders.append(peers) }
        var push = PushNotifications(senders: senders)
        if let store { push.store = store }
        if let limit = self.retryLimit.map({ Duration.seconds($0) }) {
            push.limits.backoff.limit = limit
            push.limits.backoff.base = min(push.limits.backoff.base, limit)
            push.limits.breakerPause.limit = limit
            push.limits.breakerPause.base = min(push.limits.breakerPause.base, limit)
        }
        return push
    }
}
