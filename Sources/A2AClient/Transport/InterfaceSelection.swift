public import A2A

/// Which of an agent's interfaces a client uses (§8.3.2).
///
/// The first preferred binding that the card offers and a factory supports wins; without one it is the first such
/// interface in the card's order. Interfaces of another major version are never taken.
public struct InterfaceSelection: Sendable {
    /// The major version of the protocol that this library speaks on the wire.
    public static let supportedMajor = ProtocolVersion.v1_0.major

    /// The chosen interface.
    public let interface: A2AAgentInterface

    /// The highest version that both sides speak; sent with every call (§3.6.1).
    public let version: ProtocolVersion

    /// The factory that supports the interface.
    package let factory: any TransportFactory

    /// - Parameters:
    ///   - card: The agent's card.
    ///   - transports: What this side can reach.
    ///   - preferences: Bindings in the client's order, such as `[.httpJSON]`. One that the card does not offer
    ///     is passed over.
    /// - Throws: ``A2AError`` with `.versionNotSupported` if only the version stands in the way, otherwise
    ///   `.unsupportedOperation`; the message lists what the card offers.
    public init(
        card: A2AAgentCard,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding] = []
    ) throws {
        let reachable = card.supportedInterfaces.compactMap { interface -> (A2AAgentInterface, any TransportFactory)? in
            guard let factory = transports.first(where: { $0.supports(interface) }) else { return nil }
            return (interface, factory)
        }
        let usable = reachable.filter { Self.version(of: $0.0) != nil }
        let preferred = preferences.lazy.compactMap { binding in
            usable.first { $0.0.binding.matches(binding) }
        }.first
        guard let (interface, factory) = preferred ?? usable.first, let version = Self.version(of: interface) else {
            throw Self.nothingUsable(card: card, onlyVersionDiffers: !reachable.isEmpty)
        }
        self.interface = interface
        self.factory = factory
        self.version = version
    }

    /// The version to use with an interface, or `nil` if it is of another major version or unreadable.
    private static func version(of interface: A2AAgentInterface) -> ProtocolVersion? {
        guard let version = ProtocolVersion(interface.protocolVersion), version.major == self.supportedMajor else {
            return nil
        }
        return min(version, .v1_0)
    }

    private static func nothingUsable(card: A2AAgentCard, onlyVersionDiffers: Bool) -> A2AError {
        let offers = card.supportedInterfaces.prefix(8)
            .map { "\($0.protocolBinding) \($0.protocolVersion)" }
            .joined(separator: ", ")
        let offered = offers.isEmpty ? "It declares no interface." : "It offers: \(offers)."
        return onlyVersionDiffers
            ? A2AError(
                .versionNotSupported,
                "The agent speaks no A2A version \(self.supportedMajor).x over a binding that this client has. \(offered)"
            )
            : A2AError(.unsupportedOperation, "The agent has no interface that this client can reach. \(offered)")
    }
}
