public import A2A

/// What one call does differently from the client's configuration.
public struct CallOptions: Sendable {
    /// How long the call may take, retries included; for a stream, from opening it to its end.
    ///
    /// `nil` leaves it to ``ClientConfiguration``.
    public var timeout: Duration?

    /// Extensions to ask for, beside those of the configuration (§4.6).
    public var extensions: [String]

    /// Service parameters to send, in place of those of the same name in the configuration (§3.2.6).
    public var parameters: ServiceParameters

    /// Credentials for this call; `nil` takes those of the configuration.
    public var credentials: (any CredentialProvider)?

    /// For a subscription: the generation after which it begins.
    ///
    /// `nil` begins with the task as it is.
    public var resumeAfter: Int64?

    /// Receives what the agent says beside its answer, such as the extensions that it activated.
    public var response: ResponseParameters?

    public init(
        timeout: Duration? = nil,
        extensions: [String] = [],
        parameters: ServiceParameters = .init(),
        credentials: (any CredentialProvider)? = nil,
        resumeAfter: Int64? = nil,
        response: ResponseParameters? = nil
    ) {
        self.timeout = timeout
        self.extensions = extensions
        self.parameters = parameters
        self.credentials = credentials
        self.resumeAfter = resumeAfter
        self.response = response
    }
}
