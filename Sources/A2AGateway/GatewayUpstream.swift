public import A2A
public import A2AClient
public import Logging
import Synchronization

/// An agent behind a ``Gateway``: its card, and a transport to one of its interfaces.
public final class GatewayUpstream: Sendable {
    /// The tenant by which callers choose this agent; empty for the default.
    public let name: String

    private let source: Source?
    private let transports: [any TransportFactory]
    private let preferences: [ProtocolBinding]
    private let logger: Logger
    private let state: Mutex<State>

    /// Where the card comes from, if it is asked for again.
    ///
    /// It gives `nil` if it is too early for another one.
    typealias Source = @Sendable (_ timeout: Duration) async throws -> ResolvedAgentCard?

    private struct State {
        var card: ResolvedAgentCard
        var connection: Connection
        var isRefreshing = false
        /// The card as it was shown last, and the interfaces in it.
        var shown: (card: GatewayCard, interfaces: [A2AAgentInterface])?
    }

    /// How calls reach the agent now.
    final class Connection: Sendable {
        let service: any A2AService
        let interface: A2AAgentInterface
        /// The highest version that both sides speak (§3.6.1).
        let version: ProtocolVersion
        /// What the agent speaks there, as far as this library does.
        let versions: Set<ProtocolVersion>

        init(_ selection: InterfaceSelection, card: A2AAgentCard) throws {
            self.service = try selection.factory.makeTransport(for: selection.interface, card: card)
            self.interface = selection.interface
            self.version = selection.version
            self.versions = Set(selection.declaredVersions).intersection([.v1_0, .v1_1])
        }

        /// The version in which a call goes to the agent: that of the caller, if the agent speaks it.
        ///
        /// - Throws: ``A2AError`` with `.versionNotSupported` if the caller needs more than the agent has: it would ignore what it does
        ///   not know, and the caller would not learn of it.
        func version(for caller: ProtocolVersion) throws -> ProtocolVersion {
            if self.versions.contains(caller) { return caller }
            guard caller <= .v1_0 else {
                throw A2AError(
                    .versionNotSupported,
                    "The agent behind this gateway does not speak A2A \(caller). Send the A2A-Version header with \(self.version).",
                    details: [
                        .errorInfo(
                            reason: A2AError.Code.versionNotSupported.reason,
                            metadata: ["supportedVersions": "\(self.version)"])
                    ])
            }
            return self.version
        }
    }

    /// An agent whose card is at hand and does not change.
    ///
    /// - Parameters:
    ///   - name: The tenant by which callers choose the agent; empty for the default.
    ///   - transports: What this side can reach, such as `HTTPTransportFactory`.
    ///   - preferences: Bindings to use in this order; empty takes the card's (§8.3.2).
    /// - Throws: ``A2AError`` if no interface can be used; see `InterfaceSelection`.
    public convenience init(
        name: String = "",
        card: A2AAgentCard,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding] = [],
        logger: Logger = Logger(label: "a2a.gateway")
    ) throws {
        let bytes = try ModelJSON.encode(card)
        try self.init(
            name: name, card: ResolvedAgentCard(card: card, bytes: bytes, reference: .file("")), source: nil,
            transports: transports, preferences: preferences, logger: logger)
    }

    /// - Parameter source: Asked whenever somebody asks for the card.
    init(
        name: String,
        card: ResolvedAgentCard,
        source: Source?,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding],
        logger: Logger
    ) throws {
        self.name = name
        self.source = source
        self.transports = transports
        self.preferences = preferences
        self.logger = logger
        let selection = try Self.selection(card, transports, preferences)
        self.state = Mutex(State(card: card, connection: try Connection(selection, card: card.card)))
        self.noteSignatures(card.card)
    }

    /// Finds an agent by a reference to its card, which is asked for again as the rules for caches have it (§8.6).
    ///
    /// - Parameters:
    ///   - resolver: Gets cards, without credentials: it is what any caller may see.
    ///   - timeout: How long getting the card may take.
    /// - Throws: ``A2AError``: why there is no card, or that no interface on it can be used.
    public static func connect(
        name: String = "",
        to reference: AgentCardReference,
        resolver: AgentCardResolver,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding] = [],
        timeout: Duration = GatewayConfiguration().cardTimeout,
        logger: Logger = Logger(label: "a2a.gateway")
    ) async throws -> GatewayUpstream {
        let card = try await resolver.resolve(reference, options: CallOptions(timeout: timeout))
        return try GatewayUpstream(
            name: name, card: card,
            source: { try await resolver.resolve(reference, options: CallOptions(timeout: $0)) },
            transports: transports, preferences: preferences, logger: logger)
    }

    /// The last known card, as the agent gave it.
    public var card: A2AAgentCard { self.state.withLock { $0.card.card } }

    /// The interface over which the agent is called.
    public var interface: A2AAgentInterface { self.connection.interface }

    var connection: Connection { self.state.withLock { $0.connection } }

    /// What messages for callers call it.
    var label: String { self.name.isEmpty ? "the upstream agent" : "the upstream agent '\(self.name)'" }

    // MARK: The card

    /// The card as the gateway shows it, asked for anew if it is time.
    ///
    /// - Parameter interfaces: The gateway's, preferred first.
    func card(showing interfaces: [A2AAgentInterface], timeout: Duration) async throws -> GatewayCard {
        await self.refresh(timeout: timeout)
        return try self.state.withLock { state in
            if let shown = state.shown, shown.interfaces == interfaces { return shown.card }
            let card = try GatewayCard(
                rewriting: state.card.card, bytes: state.card.bytes, interfaces: interfaces)
            state.shown = (card, interfaces)
            return card
        }
    }

    /// Asks for the card again, unless somebody is doing so already or the one that is known is still fresh.
    ///
    /// What goes wrong is logged: the last known card then stays.
    private func refresh(timeout: Duration) async {
        guard let source = self.source, self.beginRefreshing() else { return }
        defer { self.state.withLock { $0.isRefreshing = false } }
        do {
            if let card = try await source(timeout) { try self.take(card) }
        } catch {
            self.logger.notice(
                "the card of an upstream cannot be had; the last known one is served",
                metadata: ["upstream": "\(self.name)", "error": "\(error)"])
        }
    }

    private func beginRefreshing() -> Bool {
        self.state.withLock { state in
            defer { state.isRefreshing = true }
            return !state.isRefreshing
        }
    }

    /// Goes over to another card, and to another interface if it declares others.
    func take(_ card: ResolvedAgentCard) throws {
        let (known, connection) = self.state.withLock { ($0.card, $0.connection) }
        guard known.bytes != card.bytes else { return }
        let selection = try Self.selection(card, self.transports, self.preferences)
        // A transport may go by the card's security schemes.
        let isSame =
            selection.interface == connection.interface
            && known.card.supportedInterfaces == card.card.supportedInterfaces
            && known.card.securitySchemes == card.card.securitySchemes
        let next = isSame ? connection : try Connection(selection, card: card.card)
        self.state.withLock { state in
            state.card = card
            state.connection = next
            state.shown = nil
        }
        self.noteSignatures(card.card)
    }

    /// An upstream whose card came over a binding of its own is called over it, unless there are other preferences.
    private static func selection(
        _ card: ResolvedAgentCard, _ transports: [any TransportFactory], _ preferences: [ProtocolBinding]
    ) throws -> InterfaceSelection {
        try InterfaceSelection(
            card: card.card, transports: transports,
            preferences: preferences.isEmpty ? card.preferredBindings : preferences)
    }

    private func noteSignatures(_ card: A2AAgentCard) {
        guard !card.signatures.isEmpty else { return }
        self.logger.notice(
            "the signatures on an upstream's card are left out, since the gateway changes its interfaces",
            metadata: ["upstream": "\(self.name)", "signatures": "\(card.signatures.count)"])
    }
}
