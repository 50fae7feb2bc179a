/// What an ``AgentHub`` allows.
public struct AgentHubConfiguration: Sendable {
    /// What the gateway in front of the agents allows.
    public var gateway = GatewayConfiguration()

    /// The most agents at a time, those that are away for a while included. Default 1000.
    public var maxAgents = 1_000

    /// The most connections of one agent. Calls go to the newest; one more makes the hub drain the oldest. Default 4.
    public var maxConnectionsPerAgent = 4

    /// How long taking an agent may last, with asking it for its card. Default 10 s.
    public var registrationTimeout: Duration = .seconds(10)

    /// How long the place of an agent that went away is kept: its name is nobody else's, its card is still shown, and calls
    /// are answered with UNAVAILABLE. Default 10 min.
    public var absence: Duration = .seconds(600)

    /// The largest card, in bytes. Default 1 MiB.
    public var maxCardBytes = 1 << 20

    /// For how long a card that was asked for is good. Default 60 s.
    public var cardAge: Duration = .seconds(60)

    /// How long calls of a connection that is one too many may take to end. Default 30 s.
    public var displacementGrace: Duration = .seconds(30)

    /// How long whoever had such a connection is asked to stay away. Default 60 s.
    public var displacementPause: Duration = .seconds(60)

    /// Whether anybody may see the list of agents at `/agents`. Default false: whoever is told a name can use it.
    public var listsAgents = false

    public init() {}
}
