public import A2A
public import HTTPTypes

/// Supplies the credentials of calls: header fields that say who calls (§7).
///
/// It is asked anew for every attempt, so a provider may refresh a token that has run out.
public protocol CredentialProvider: Sendable {
    /// The fields to send with a call. They replace fields of the same name.
    ///
    /// - Parameters:
    ///   - operation: The operation, or `nil` for the public card.
    ///   - card: The agent's card, if the client has one; its security schemes say what the agent wants.
    func fields(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> HTTPFields

    /// The fields to send with a call, and when to ask for newer ones. By default ``fields(for:card:)``, for good.
    func issue(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> IssuedCredentials

    /// Whose credentials these are; `nil` if each set of fields stands for itself. By default `nil`.
    ///
    /// Over a binding that keeps credentials beyond a call, newer fields of one identity replace the older, also under streams that
    /// run. So an identity is one user's and stays the same for as long as the provider is used.
    var identity: CredentialIdentity? { get }
}

extension CredentialProvider {
    public func issue(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> IssuedCredentials {
        IssuedCredentials(fields: try await self.fields(for: operation, card: card))
    }

    public var identity: CredentialIdentity? { nil }
}

/// Credentials that never change.
public struct FixedCredentials: CredentialProvider {
    /// The fields that are sent.
    public var fields: HTTPFields

    public init(_ fields: HTTPFields) { self.fields = fields }

    public func fields(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> HTTPFields { self.fields }
}

extension CredentialProvider where Self == FixedCredentials {
    /// A bearer token: `Authorization: Bearer …`.
    public static func bearer(_ token: String) -> FixedCredentials {
        FixedCredentials([.authorization: "Bearer \(token)"])
    }

    /// An API key in a header field.
    ///
    /// A name that is not a legal field name sends nothing.
    public static func apiKey(_ key: String, header: String = "X-API-Key") -> FixedCredentials {
        guard let name = HTTPField.Name(header) else { return FixedCredentials([:]) }
        return FixedCredentials([name: key])
    }

    /// An API key in a cookie.
    public static func apiKey(_ key: String, cookie: String) -> FixedCredentials {
        FixedCredentials([.cookie: "\(cookie)=\(key)"])
    }
}

/// Several credentials at once, such as a token and a key of a gateway.
///
/// Of two fields with one name the later counts.
public struct CombinedCredentials: CredentialProvider {
    private let providers: [any CredentialProvider]
    public let identity: CredentialIdentity?

    public init(_ providers: [any CredentialProvider]) {
        self.providers = providers
        self.identity = providers.contains { $0.identity != nil } ? CredentialIdentity() : nil
    }

    public func fields(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> HTTPFields {
        try await self.issue(for: operation, card: card).fields
    }

    public func issue(for operation: A2AOperation?, card: A2AAgentCard?) async throws -> IssuedCredentials {
        var all = IssuedCredentials(fields: [:])
        for provider in self.providers {
            let issued = try await provider.issue(for: operation, card: card)
            for field in issued.fields { all.fields[field.name] = field.value }
            if let after = issued.renewAfter { all.renewAfter = min(after, all.renewAfter ?? after) }
        }
        return all
    }
}

extension ServiceParameters {
    /// The names of the parameters, without their values, which may be secret.
    package var names: [String] { self.fields.map(\.name.rawName) }
}
