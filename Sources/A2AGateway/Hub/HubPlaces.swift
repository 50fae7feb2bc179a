import A2A
import A2ATCP
import Synchronization

/// Who is at a hub, and whose each name is.
final class HubPlaces: Sendable {
    private let configuration: AgentHubConfiguration
    private let state = Mutex(State())

    private struct State {
        var places: [String: Place] = [:]
        /// The name of each connection.
        var names: [TCPDialledConnection: String] = [:]
    }

    private struct Place {
        let agent: TCPDialledAgent
        let principal: Principal
        let upstream: GatewayUpstream
        /// When its first connection came, or the first after it was away.
        var since: A2ATimestamp
        /// Since when there is no connection.
        var absentSince: ContinuousClock.Instant?
    }

    /// What became of a connection.
    struct Taken {
        var upstream: GatewayUpstream
        /// Whether the agent was there before, with an older card.
        var isKnown: Bool
        var isNewConnection: Bool
        /// How many connections the agent has now.
        var connections: Int
        /// Connections that are too many.
        var surplus: [TCPDialledConnection]
    }

    init(_ configuration: AgentHubConfiguration) { self.configuration = configuration }

    // MARK: Coming

    /// Whether a principal may have a name.
    ///
    /// - Throws: ``A2AError``: `.invalidRequest` if the connection has another name, `.permissionDenied` if the name is
    ///   somebody else's, `.resourceExhausted` if there is no room.
    func check(
        _ name: String, _ principal: Principal, _ connection: TCPDialledConnection, of gateway: Gateway
    ) throws {
        try self.state.withLock { state in
            self.expire(&state, gateway)
            try self.check(state, name, principal, connection)
        }
    }

    private func check(
        _ state: State, _ name: String, _ principal: Principal, _ connection: TCPDialledConnection
    ) throws {
        if let other = state.names[connection], other != name {
            throw A2AError(
                .invalidRequest, "The connection is that of the agent '\(other)'; a second name needs another.")
        }
        guard let place = state.places[name] else {
            guard state.places.count < self.configuration.maxAgents else {
                throw A2AError(
                    .resourceExhausted, "The hub has no room for more than \(self.configuration.maxAgents) agents.",
                    details: [.retryInfo(.seconds(30))])
            }
            return
        }
        guard place.principal == principal else {
            throw A2AError(.permissionDenied, "Another agent has this name.")
        }
    }

    /// Gives a name to a connection.
    ///
    /// - Parameter make: Makes the upstream of an agent that is new.
    /// - Throws: As ``check(_:_:_:of:)``, and what `make` throws.
    func take(
        _ name: String, _ principal: Principal, _ connection: TCPDialledConnection, of gateway: Gateway,
        make: (TCPDialledAgent) throws -> GatewayUpstream
    ) throws -> Taken {
        try self.state.withLock { state in
            try self.check(state, name, principal, connection)
            let known = state.places[name]
            let agent = known?.agent ?? TCPDialledAgent(name: name)
            let upstream = try known?.upstream ?? make(agent)
            let isBack = known.map { $0.absentSince != nil } ?? true
            let surplus = agent.add(connection, limit: self.configuration.maxConnectionsPerAgent)
            for old in surplus { state.names[old] = nil }
            state.places[name] = Place(
                agent: agent, principal: principal, upstream: upstream, since: isBack ? .now : known?.since ?? .now)
            if known == nil { gateway.add(upstream) }
            return Taken(
                upstream: upstream, isKnown: known != nil,
                isNewConnection: state.names.updateValue(name, forKey: connection) == nil,
                connections: agent.connectionCount, surplus: surplus)
        }
    }

    // MARK: Going

    /// Takes out a connection that is over.
    ///
    /// - Returns: How many the agent has left; `nil` if it was none of an agent's.
    func leave(_ connection: TCPDialledConnection) -> Int? {
        self.state.withLock { state in
            guard let name = state.names.removeValue(forKey: connection), let agent = state.places[name]?.agent else {
                return nil
            }
            agent.remove(connection)
            let rest = agent.connectionCount
            if rest == 0 { state.places[name]?.absentSince = .now }
            return rest
        }
    }

    /// Gives up the places of agents that have been away for too long.
    private func expire(_ state: inout State, _ gateway: Gateway) {
        for (name, place) in state.places {
            guard let since = place.absentSince, since.duration(to: .now) >= self.configuration.absence else {
                continue
            }
            state.places[name] = nil
            gateway.remove(name)
        }
    }

    // MARK: The list

    /// The agents that are connected now, by name.
    var agents: [HubAgent] {
        let places = self.state.withLock { Array($0.places.values) }
        return places.filter { $0.absentSince == nil }
            .map { place in
                HubAgent(
                    name: place.agent.name, card: place.upstream.card, since: place.since,
                    connections: place.agent.connectionCount)
            }
            .sorted { $0.name < $1.name }
    }
}
