public import A2A
public import HTTPTypes
import Synchronization

/// Credentials as they are now, and when there will be newer ones.
public struct IssuedCredentials: Sendable {
    /// The fields to send.
    public var fields: HTTPFields

    /// The time from now after which to ask again, some while before these end; `nil` for never.
    public var renewAfter: Duration?

    public init(fields: HTTPFields, renewAfter: Duration? = nil) {
        self.fields = fields
        self.renewAfter = renewAfter
    }

    /// Credentials with a lifetime; they are renewed when four fifths of it have passed.
    public init(fields: HTTPFields, validFor: Duration) {
        self.init(fields: fields, renewAfter: max(validFor, .zero) * 4 / 5)
    }
}

/// Whose credentials a provider supplies. Equal only to itself.
public struct CredentialIdentity: Sendable, Hashable {
    package let value: UInt64

    public init() { self.value = .random(in: 1 ... .max) }
}

/// Credentials of one user that are fetched anew before they end, such as access tokens of OAuth 2.
///
/// Calls share what was fetched. Over a binding that can (TCP) the newer ones also take the place of the older under streams
/// that run; over others a stream whose credentials end is taken up again with the newer ones.
public final class RefreshingCredentials: CredentialProvider {
    public let identity: CredentialIdentity? = CredentialIdentity()
    private let clock: any Clock<Duration>
    private let fetch: @Sendable () async throws -> IssuedCredentials
    private let current = Mutex<(fields: HTTPFields, renewal: Moment?)?>(nil)

    /// - Parameters:
    ///   - clock: On which the time of credentials runs.
    ///   - fetch: Gets new credentials. Calls that find none at the same time may each ask.
    public init(
        clock: any Clock<Duration> = ContinuousClock(),
        _ fetch: @escaping @Sendable () async throws -> IssuedCredentials
    ) {
        self.clock = clock
        self.fetch = fetch
    }

    public func fields(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> HTTPFields {
        try await self.issue(for: operation, card: card).fields
    }

    public func issue(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> IssuedCredentials {
        if let current = self.current.withLock({ $0 }) {
            guard let renewal = current.renewal else { return IssuedCredentials(fields: current.fields) }
            let left = renewal.left
            if left > .zero { return IssuedCredentials(fields: current.fields, renewAfter: left) }
        }
        let issued = try await self.fetch()
        let renewal = issued.renewAfter.map { Moment(in: $0, on: self.clock) }
        self.current.withLock { $0 = (issued.fields, renewal) }
        return issued
    }
}
