public import A2A
import A2AClient
public import A2ATCP
public import Logging
import Synchronization

/// A place that agents dial in to, to be called over the connections that they made (spec/bindings/tcp.md §8.8).
///
/// ```swift
/// let hub = AgentHub(authorizer: AgentTokens(["billing": token]))
/// try await GatewayServer(hub.gateway, bindings: [.http(), .grpc(), .tcp(configuration, agents: hub)]).runService()
/// ```
///
/// Callers reach each agent over every binding, by its name as the tenant; what ``Gateway`` says about passing calls on holds
/// here too. Agents come to the TCP binding. Nobody is taken whom the authorizer does not let in.
///
/// Of several connections of one agent the newest gets all new calls, so that a connection that is dead and does not know
/// it yet stands in nobody's way; the others stand by. An agent that goes away keeps its place for
/// ``AgentHubConfiguration/absence``: its streams are taken up again where they were when it is back.
public final class AgentHub: TCPAgentRegistrar {
    /// What callers reach.
    public let gateway: Gateway
    public let configuration: AgentHubConfiguration

    private let authorizer: any AgentAuthorizer
    private let logger: Logger
    private let places: HubPlaces
    private let base = Mutex<String?>(nil)

    /// - Parameters:
    ///   - authorizer: Decides who may come, and under which name.
    ///   - logger: Told who comes and goes.
    public init(
        authorizer: any AgentAuthorizer, configuration: AgentHubConfiguration = .init(),
        logger: Logger = Logger(label: "a2a.hub")
    ) {
        self.authorizer = authorizer
        self.configuration = configuration
        self.logger = logger
        let places = HubPlaces(configuration)
        self.places = places
        let list: @Sendable () -> [UInt8] = { HubAgent.list(places.agents) }
        self.gateway = Gateway(
            configuration: configuration.gateway, directory: configuration.listsAgents ? list : nil)
    }

    /// The agents that are connected now, by name.
    public var agents: [HubAgent] { self.places.agents }

    /// The base URL under which the cards are, if the hub serves HTTP; agents are told.
    ///
    /// To be set when the bindings listen.
    public var cardBase: String? {
        get { self.base.withLock { $0 } }
        set { self.base.withLock { $0 = newValue } }
    }

    // MARK: Coming

    public func register(
        _ name: String, over connection: TCPDialledConnection, context: CallContext
    ) async throws -> TCPRegistration {
        let principal = try await self.authorizer.authorize(name: name, context: context)
        try self.places.check(name, principal, connection, of: self.gateway)
        let card = try await self.card(of: TCPDialledAgent(name: name), over: connection)
        let taken = try self.places.take(name, principal, connection, of: self.gateway) {
            try self.upstream($0, card)
        }
        if taken.isKnown { try taken.upstream.take(card) }
        for old in taken.surplus {
            // Not at once: it would displace another in turn.
            old.drain(
                grace: self.configuration.displacementGrace, retryAfter: self.configuration.displacementPause)
        }
        if taken.isNewConnection { connection.whenUnusable { self.left(name, connection) } }
        self.logger.notice("an agent is here", metadata: ["name": "\(name)", "connections": "\(taken.connections)"])
        return TCPRegistration(
            name: name, interfaces: try self.gateway.interfaces(of: taken.upstream),
            cardURL: self.cardBase.map { "\($0)/\(name)\(AgentCardReference.wellKnownPath)" })
    }

    /// The agent's card, as it is before it is shown.
    private func card(
        of agent: TCPDialledAgent, over connection: TCPDialledConnection
    ) async throws -> ResolvedAgentCard {
        do {
            return try Self.resolved(
                agent,
                try await agent.card(
                    over: connection, maxBytes: self.configuration.maxCardBytes,
                    timeout: self.configuration.registrationTimeout))
        } catch let error as A2AError where error.code == .methodNotFound {
            throw A2AError(
                .invalidRequest,
                "The hub cannot call the agent over this connection; a HELLO with CALL_CREDIT above 0 would let it. "
                    + "(\(error.message))")
        } catch let error as A2AError where error.code == .deadlineExceeded {
            // Whichever side noticed first.
            throw A2AError(
                .deadlineExceeded,
                "The agent did not answer GetAgentCard within \(self.configuration.registrationTimeout).")
        } catch let error as A2AError where error.code == .invalidAgentResponse {
            throw A2AError(.invalidRequest, "The agent's answer to GetAgentCard is of no use: \(error.message)")
        }
    }

    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    private static func resolved(_ agent: TCPDialledAgent, _ octets: [UInt8]) throws -> ResolvedAgentCard {
        var card = try ModelJSON.decodeAnswer(A2AAgentCard.self, from: octets[...])
        // Where else it can be reached is not the hub's way to it.
        card.supportedInterfaces = [agent.interface]
        return ResolvedAgentCard(card: card, bytes: octets, reference: .file(""))
    }

    private func upstream(_ agent: TCPDialledAgent, _ card: ResolvedAgentCard) throws -> GatewayUpstream {
        let (age, limit) = (self.configuration.cardAge, self.configuration.maxCardBytes)
        let lastAsked = Mutex(ContinuousClock.now)
        return try GatewayUpstream(
            name: agent.name, card: card,
            source: { timeout in
                guard agent.connectionCount > 0 else { return nil }
                let isDue = lastAsked.withLock { last in
                    guard last.duration(to: .now) >= age else { return false }
                    last = .now
                    return true
                }
                return isDue ? try Self.resolved(agent, await agent.card(maxBytes: limit, timeout: timeout)) : nil
            }, transports: [agent], preferences: [], logger: self.logger)
    }

    // MARK: Going

    private func left(_ name: String, _ connection: TCPDialledConnection) {
        guard let rest = self.places.leave(connection) else { return }
        self.logger.notice(
            rest > 0 ? "a connection of an agent is gone" : "an agent is gone",
            metadata: ["name": "\(name)", "connections": "\(rest)"])
    }
}
