public import A2A
public import A2AClient

/// How an agent dials a hub, and what it grants there (spec/bindings/tcp.md §8.8.1).
public struct TCPDialConfiguration: Sendable {
    /// The hub's address: `a2a+tls://host[:port]`, or `a2a+tcp://host:port` on this machine.
    public var hub: String

    /// The name that the agent would like: the tenant by which callers reach it. See ``TCPRegistration/isName(_:)``.
    public var name: String

    /// Says who the agent is; asked anew for every connection. `nil` leaves that to a client certificate.
    public var credentials: (any CredentialProvider)?

    /// How the hub is reached: certificates, the time that connecting may take.
    public var connecting = TCPClientOptions()

    /// What is granted to the hub on the connection, and the limits of its calls; what concerns listening is not used.
    ///
    /// Its callers have a credential slot each; the default here is 256 of them.
    public var serving = TCPServerConfiguration()

    /// The waits between connections: full jitter, 0.5 s at first and 30 s at most.
    public var backoff = Backoff(base: .milliseconds(500), limit: .seconds(30))

    /// How long the hub may take to answer Register. Default 15 s.
    public var registrationTimeout: Duration = .seconds(15)

    /// Called each time a hub has taken the agent, before its first call comes or soon after.
    public var onRegistered: @Sendable (TCPRegistration) async -> Void = { _ in }

    /// - Parameters:
    ///   - hub: The hub's address.
    ///   - name: The name that the agent would like there.
    public init(hub: String, name: String, credentials: (any CredentialProvider)? = nil) {
        self.hub = hub
        self.name = name
        self.credentials = credentials
        self.serving.credentialSlots = 256
    }
}
