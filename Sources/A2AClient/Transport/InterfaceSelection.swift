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

    /// The version to send with every call (§3.6.1): the wanted one, or else the highest released one that both sides speak.
    public let version: ProtocolVersion

    /// The versions in which the agent declares the binding at the address of the interface.
    package let declaredVersions: [ProtocolVersion]

    /// The factory that supports the interface.
    package let factory: any TransportFactory

    /// An interface that could be used too.
    struct Candidate: Sendable {
        var interface: A2AAgentInterface
        var factory: any TransportFactory
    }

    /// What else could be used in the same version, in the card's order; with preferences, of the preferred bindings only.
    let others: [Candidate]

    /// - Parameters:
    ///   - card: The agent's card.
    ///   - transports: What this side can reach.
    ///   - preferences: Bindings in the client's order, such as `[.httpJSON]`. One that the card does not offer
    ///     is passed over.
    ///   - version: The version that the caller wants to speak. Interfaces that are declared in it, or in a later one, go before
    ///     all others. `nil` takes what is released: the draft of 1.1 is spoken only on request.
    /// - Throws: ``A2AError`` with `.versionNotSupported` if only the version stands in the way, otherwise
    ///   `.unsupportedOperation`; the message lists what the card offers.
    public init(
        card: A2AAgentCard,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding] = [],
        version wanted: ProtocolVersion? = nil
    ) throws {
        let reachable = card.supportedInterfaces.compactMap { interface -> (A2AAgentInterface, any TransportFactory)? in
            guard let factory = transports.first(where: { $0.supports(interface) }) else { return nil }
            return (interface, factory)
        }
        var usable = reachable.filter { Self.version(of: $0.0) != nil }
        if let wanted {
            let fitting = usable.filter { (ProtocolVersion($0.0.protocolVersion) ?? .v1_0) >= wanted }
            if !fitting.isEmpty { usable = fitting }
        }
        let preferred = preferences.lazy.compactMap { binding in
            usable.first { $0.0.binding.matches(binding) }
        }.first
        guard let (interface, factory) = preferred ?? usable.first, let version = Self.version(of: interface) else {
            throw Self.nothingUsable(card: card, onlyVersionDiffers: !reachable.isEmpty)
        }
        self.interface = interface
        self.factory = factory
        self.version = wanted ?? version
        self.others = usable.compactMap { other, factory in
            guard other != interface, Self.version(of: other) == version else { return nil }
            guard preferences.isEmpty || preferences.contains(where: other.binding.matches) else { return nil }
            return Candidate(interface: other, factory: factory)
        }
        self.declaredVersions = card.supportedInterfaces.compactMap {
            $0.url == interface.url && $0.binding.matches(interface.binding) && $0.tenant == interface.tenant
                ? ProtocolVersion($0.protocolVersion) : nil
        }
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
