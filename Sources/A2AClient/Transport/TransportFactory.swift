public import A2A

/// Makes transports for the bindings it knows.
///
/// A binding's module offers one.
public protocol TransportFactory: Sendable {
    /// Whether this factory can reach an interface. It looks at the binding and the address; the version is the
    /// client's business.
    func supports(_ interface: A2AAgentInterface) -> Bool

    /// A transport to an interface that ``supports(_:)`` accepted.
    ///
    /// - Throws: ``A2AError`` if the interface's address is of no use.
    func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService

    /// Gets cards over the same connections; `nil`, the default, where the binding has no way to.
    var agentCardFetcher: (any AgentCardFetcher)? { get }
}

extension TransportFactory {
    public var agentCardFetcher: (any AgentCardFetcher)? { nil }
}

extension ProtocolBinding {
    /// Whether two names mean the same binding.
    ///
    /// Case does not count.
    public func matches(_ other: ProtocolBinding) -> Bool {
        self.rawValue.lowercased() == other.rawValue.lowercased()
    }
}
