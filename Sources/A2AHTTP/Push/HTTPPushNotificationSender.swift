public import A2A
import A2AClient
public import A2AServer
import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Sends push notifications to webhooks (§4.3.3).
///
/// Each is a POST of a `StreamResponse` as `application/a2a+json`. The header has what the configuration's `authentication` says, its
/// token under both names in use, and `A2A-Notification-Id`, the same at every repetition.
public struct HTTPPushNotificationSender: PushNotificationSender {
    /// How webhooks are reached.
    public struct Options: Sendable {
        /// Where requests may go.
        public var egress = EgressPolicy()
        /// Who finds the addresses of names.
        public var resolver: any HostResolver = SystemHostResolver()
        /// How long finding an address may take, and how long making a connection, TLS included. Default 10 s.
        public var connectTimeout: Duration = .seconds(10)
        /// How long one delivery may take, from the name to the head of the answer. Default 30 s. What follows is read for a second at
        /// most, and within the same time.
        public var timeout: Duration = .seconds(30)
        /// How much of an answer is read, so that its connection can be used again, in bytes. Default 64 KiB.
        public var maxResponseBytes = 64 << 10
        /// For how many hosts connections are kept. Default 256.
        public var maxHosts = 256
        /// Certificates to trust beside those of the system, in PEM.
        public var additionalTrustRootsPEM: [UInt8] = []
        /// What the agent calls itself, in `User-Agent`.
        public var userAgent = "swift-a2a"
        /// Vouches for notifications; `nil` for none. Its token goes into `A2A-Notification-JWT`, and into `Authorization`
        /// where the configuration has no `authentication`.
        public var signer: (any PushNotificationSigner)?

        public init() {}
    }

    private let options: Options
    private let connections: PinnedConnections
    private let lookUps = LookUps(limit: 32)

    public init(options: Options = .init()) {
        self.options = options
        var client = HTTPClientOptions()
        client.connectTimeout = options.connectTimeout
        client.additionalTrustRootsPEM = options.additionalTrustRootsPEM
        client.userAgent = options.userAgent
        self.connections = PinnedConnections(options: client, capacity: options.maxHosts)
    }

    public var schemes: Set<String> {
        let egress = self.options.egress
        return egress.insecurelyAllowsLoopback || egress.insecurelyAllowsPlaintext ? ["https", "http"] : ["https"]
    }

    // MARK: Configurations

    public func admit(_ configuration: A2ATaskPushNotificationConfig, for scope: Scope) async throws {
        do throws(EgressPolicy.Refusal) {
            let target = try self.options.egress.check(url: configuration.url)
            // A name that cannot be resolved just now may be later; one that leads astray is refused here already.
            if target.address == nil, self.lookUps.begin() {
                defer { self.lookUps.end() }
                if let addresses = try? await self.addresses(of: target.host) {
                    _ = try self.options.egress.usable(addresses, isSecure: target.isSecure)
                } else if !target.isSecure, !self.options.egress.insecurelyAllowsPlaintext {
                    throw EgressPolicy.Refusal(reason: "must be an https URL")
                }
            }
        } catch {
            throw A2AError.invalidParams(field: "url", error.reason)
        }
        if !Self.isFieldValue(configuration.token) {
            throw A2AError.invalidParams(
                field: "token", "must have visible ASCII characters only: it is sent in a header")
        }
        guard configuration.hasAuthentication else { return }
        try Self.check(configuration.authentication)
    }

    private static func check(_ authentication: A2AAuthenticationInfo) throws {
        let scheme = authentication.scheme
        guard scheme.utf8.allSatisfy(Self.isTokenByte) else {
            throw A2AError.invalidParams(field: "authentication.scheme", "is no name of an HTTP authentication scheme")
        }
        guard !Self.dialogues.contains(scheme.lowercased()) else {
            throw A2AError.invalidParams(
                field: "authentication.scheme",
                "is one that needs a challenge first, which this agent does not do; use Bearer or Basic")
        }
        guard Self.isFieldValue(authentication.credentials) else {
            throw A2AError.invalidParams(
                field: "authentication.credentials", "must have printable ASCII characters only: it is sent in a header"
            )
        }
    }

    /// Schemes in which the server speaks first.
    private static let dialogues: Set<String> = [
        "digest", "negotiate", "ntlm", "mutual", "hoba", "scram-sha-1", "scram-sha-256",
    ]

    private static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && text.first != " " && text.last != " "
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (0x21..<0x7F).contains(byte) && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
    }

    public func destination(of configuration: A2ATaskPushNotificationConfig) -> String {
        guard let parts = URLComponents(string: configuration.url), let host = parts.host?.lowercased() else {
            return ""
        }
        return "\(host):\(parts.port ?? (parts.scheme?.lowercased() == "http" ? 80 : 443))"
    }

    // MARK: Delivery

    public func send(_ notification: PushNotification) async -> PushOutcome {
        let deadline = ContinuousClock.now + self.options.timeout
        do {
            let response = try await withDeadline(deadline) { try await self.attempt(notification) }
            await self.drain(response, until: min(deadline, .now + Self.drainTime))
            return Self.outcome(of: response)
        } catch let refusal as EgressPolicy.Refusal {
            return .failed(reason: "its URL \(refusal.reason)", isDestinationAtFault: false)
        } catch {
            return .failed(reason: Self.reason(error, self.options))
        }
    }

    /// Sends a notification.
    ///
    /// - Returns: The answer, as soon as it begins.
    private func attempt(_ notification: PushNotification) async throws -> HTTPClientResponse {
        let target = try self.options.egress.check(url: notification.configuration.url)
        var addresses = target.address.map { [$0] } ?? []
        if addresses.isEmpty {
            addresses = try self.options.egress.usable(
                try await self.addresses(of: target.host), isSecure: target.isSecure)
        }
        let request = try await self.request(notification, url: target.url)
        var failure: (any Error)?
        // The next address only where nothing of the request can have got out.
        for address in addresses.prefix(Self.maxAddresses) {
            let connections = try self.connections.connections(to: target.host, at: address)
            do {
                return try await connections.execute(request)
            } catch {
                guard HTTPFailure.error(error, url: nil, hasAnswer: false).transportFailure?.mayHaveBeenSent == false
                else { throw error }
                failure = error
            }
        }
        throw failure ?? EgressPolicy.Refusal(reason: "leads to no address")
    }

    /// How many addresses of a host are tried in one delivery.
    private static let maxAddresses = 4

    private func addresses(of host: String) async throws -> [String] {
        do {
            return try await withDeadline(.now + self.options.connectTimeout) {
                try await self.options.resolver.addresses(of: host)
            }
        } catch {
            try Task.checkCancellation()
            throw ResolutionFailure()
        }
    }

    private struct ResolutionFailure: Error {}

    private func request(_ notification: PushNotification, url: String) async throws -> HTTPClientRequest {
        let configuration = notification.configuration
        let body = try ModelJSON.encode(notification.response)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: body))
        request.headers = [
            "Content-Type": "application/a2a+json",
            "User-Agent": self.options.userAgent,
            "\(ServiceParameters.Name.version)": notification.version.description,
            "A2A-Notification-Id": notification.deliveryID,
        ]
        if !configuration.token.isEmpty {
            request.headers.add(name: "X-A2A-Notification-Token", value: configuration.token)
            request.headers.add(name: "A2A-Notification-Token", value: configuration.token)
        }
        let token = try await self.options.signer?.sign(notification, body: body)
        if let token { request.headers.add(name: "A2A-Notification-JWT", value: token) }
        if configuration.hasAuthentication {
            request.headers.add(name: "Authorization", value: Self.authorization(configuration.authentication))
        } else if let token {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        return request
    }

    /// The value of `Authorization`. Basic credentials may be given as they are sent, or as `user:password`.
    static func authorization(_ authentication: A2AAuthenticationInfo) -> String {
        var credentials = authentication.credentials
        if authentication.scheme.lowercased() == "basic", credentials.contains(":") {
            credentials = Data(credentials.utf8).base64EncodedString()
        }
        return credentials.isEmpty ? authentication.scheme : "\(authentication.scheme) \(credentials)"
    }

    private static func outcome(of response: HTTPClientResponse) -> PushOutcome {
        let status = Int(response.status.code)
        let reason = "HTTP status \(status)"
        switch status {
        case 200..<300: return .delivered
        case 300..<400:
            return .failed(reason: reason + "; redirects are not followed", isDestinationAtFault: false)
        case 410: return .refused(reason: reason)
        default:
            let wait = response.headers.first(name: "Retry-After").flatMap { Self.retryAfter($0, now: Date()) }
            return .failed(reason: reason, retryAfter: wait, isDestinationAtFault: status >= 500)
        }
    }

    /// For how long the rest of an answer is waited for.
    private static let drainTime: Duration = .seconds(1)

    /// Reads the rest of an answer, so that its connection can be used again; one that is long or slow costs its connection.
    ///
    /// The status has come by then, and nothing else of the answer matters.
    private func drain(_ response: HTTPClientResponse, until deadline: ContinuousClock.Instant) async {
        try? await withDeadline(deadline) { [limit = self.options.maxResponseBytes] in
            var count = 0
            for try await buffer in response.body {
                count += buffer.readableBytes
                if count > limit { return }
            }
        }
    }

    /// What went wrong, without URL and secrets.
    private static func reason(_ error: any Error, _ options: Options) -> String {
        if error is ResolutionFailure { return "its host name cannot be resolved" }
        let known = HTTPFailure.error(error, url: nil, hasAnswer: false)
        switch known.code {
        case .deadlineExceeded: return "no answer in time (\(options.timeout))"
        case .unavailable:
            let isSent = known.transportFailure?.mayHaveBeenSent ?? true
            return (isSent ? "the connection broke: " : "cannot connect: ") + HTTPFailure.reason(error)
        default: return "could not be sent (\(known.code.name))"
        }
    }
}
