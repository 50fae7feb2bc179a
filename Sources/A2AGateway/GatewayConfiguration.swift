public import A2A

/// What a ``Gateway`` allows.
public struct GatewayConfiguration: Sendable {
    /// How many gateways a call may have passed, this one included; one more means that they form a loop.
    ///
    /// Default 8.
    public var maxHops = 8

    /// How long asking an upstream for its card may take; then the last known one is served.
    ///
    /// Default 10 s.
    public var cardTimeout: Duration = .seconds(10)

    /// How long calls may go on when the gateway shuts down; then they are cancelled.
    ///
    /// Streams are told to subscribe again and end at once. Default 10 s.
    public var shutdownGrace: Duration = .seconds(10)

    /// What sees every call on its way to an upstream, first in the list first.
    ///
    /// Put it here, not around the gateway: a binding knows how to serve a gateway's cards only if it sees the gateway itself.
    public var middleware: [any ServiceMiddleware] = []

    public init() {}
}
