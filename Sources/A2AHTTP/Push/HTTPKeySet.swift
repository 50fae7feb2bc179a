import A2A
import NIOHTTP1

/// A JSON Web Key Set at a URL: the keys with which an agent signs push notifications.
///
/// ```swift
/// let keys = HTTPKeySet(url: "https://agent.example.com/.well-known/jwks.json")
/// let verifier = JWTPushNotificationVerifier(.init(audience: "https://hooks.example.com")) { try await keys.fetch() }
/// ```
public struct HTTPKeySet: Sendable {
    private let url: String
    private let exchange: HTTPExchange

    /// The largest key set, in bytes.
    private static let maxBytes = 256 << 10
    /// How long fetching may take.
    private static let timeout: Duration = .seconds(10)

    /// - Parameter transport: How the URL is reached.
    public init(url: String, transport: HTTPTransportFactory = .init()) {
        self.url = url
        self.exchange = transport.exchange
    }

    /// The key set as it is now.
    ///
    /// - Throws: ``A2AError`` if it cannot be had.
    public func fetch() async throws -> [UInt8] {
        let request = self.exchange.request(
            .GET, self.url, body: nil, contentType: "", accept: "application/jwk-set+json, application/json",
            context: CallContext())
        let answer = try await self.exchange.call(request, deadline: .now + Self.timeout, maxBytes: Self.maxBytes)
        guard answer.isSuccess else {
            throw A2AError(.invalidAgentResponse, "There are no keys at \(self.url): HTTP status \(answer.status).")
        }
        return answer.body
    }
}
