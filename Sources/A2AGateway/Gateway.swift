public import A2A
public import A2AClient
public import A2AHTTP
import HTTPTypes
public import Logging
import Synchronization

/// Agents under another address, over other bindings: a service that passes every call on to the transport of an upstream.
///
/// Serve it over any bindings with ``GatewayServer``. Credentials, tenants, extensions, deadlines, generations, errors and
/// the activated extensions pass unchanged, streams event by event as the reader takes them; nothing is kept here. When a caller
/// leaves, the call to the upstream is cancelled, and the task goes on there.
///
/// Not passed on: the identity of a client certificate, API keys in the query of a URL, and members of JSON messages that
/// the model does not know (those of the public card do pass).
public final class Gateway: A2AService, AgentCardDocuments, AgentDirectory {
    public let configuration: GatewayConfiguration

    /// The versions that a gateway can pass on, for the configurations of its bindings: its cards declare of them what the agent
    /// behind it speaks.
    public static let versions: [ProtocolVersion] = [.v1_0, .v1_1]

    private let routes: Mutex<[String: Route]>
    /// With one upstream that has no name, tenants are that agent's business.
    private let passesTenants: Bool
    private let declared = Mutex<[A2AAgentInterface]?>(nil)
    /// Lists the agents for everybody; `nil` if that is nobody's business.
    private let directory: (@Sendable () -> [UInt8])?

    /// An upstream, and the middleware before it.
    private struct Route: Sendable {
        var upstream: GatewayUpstream
        var middleware: [any ServiceMiddleware]
    }

    /// A gateway to several agents, chosen by the tenant of a call.
    ///
    /// - Parameter upstreams: One of them may have no name; it gets the calls without a tenant. If it is the only one, it
    ///   gets all calls, with the tenant that they name.
    /// - Throws: ``A2AError`` with `.invalidParams` if there is none, or two have the same name.
    public init(upstreams: [GatewayUpstream], configuration: GatewayConfiguration = .init()) throws {
        guard !upstreams.isEmpty else {
            throw A2AError.invalidParams(field: "upstreams", "must have at least one agent")
        }
        var routes: [String: Route] = [:]
        for upstream in upstreams {
            let route = Route(upstream: upstream, middleware: configuration.middleware)
            guard routes.updateValue(route, forKey: upstream.name) == nil else {
                throw A2AError.invalidParams(
                    field: "upstreams",
                    upstream.name.isEmpty ? "has two agents without a name" : "has '\(upstream.name)' twice")
            }
        }
        self.passesTenants = upstreams.count == 1 && routes[""] != nil
        self.routes = Mutex(routes)
        self.configuration = configuration
        self.directory = nil
    }

    /// A gateway to agents that come and go, each chosen by its name as the tenant.
    init(configuration: GatewayConfiguration, directory: (@Sendable () -> [UInt8])?) {
        self.passesTenants = false
        self.routes = Mutex([:])
        self.configuration = configuration
        self.directory = directory
    }

    /// Puts an agent behind the gateway, in the place of one of the same name.
    func add(_ upstream: GatewayUpstream) {
        let route = Route(upstream: upstream, middleware: self.configuration.middleware)
        self.routes.withLock { $0[upstream.name] = route }
    }

    /// Takes an agent away; calls that are under way go on.
    func remove(_ name: String) { _ = self.routes.withLock { $0.removeValue(forKey: name) } }

    private func route(_ name: String) -> Route? { self.routes.withLock { $0[name] } }

    /// A gateway to one agent.
    ///
    /// - Parameters:
    ///   - card: The agent's card.
    ///   - transports: How agents are reached, such as `HTTPTransportFactory`.
    ///   - preferences: Bindings to reach it over, in this order; empty takes the card's (§8.3.2).
    /// - Throws: ``A2AError`` if no interface of the card can be used.
    public convenience init(
        upstream card: A2AAgentCard,
        transports: [any TransportFactory],
        preferences: [ProtocolBinding] = [],
        configuration: GatewayConfiguration = .init(),
        logger: Logger = Logger(label: "a2a.gateway")
    ) throws {
        try self.init(
            upstreams: [
                GatewayUpstream(card: card, transports: transports, preferences: preferences, logger: logger)
            ],
            configuration: configuration)
    }

    /// The interfaces that the cards declare, preferred first: where the gateway itself is reached.
    ///
    /// Set by ``GatewayServer`` when its bindings listen; until then no card is served.
    public var interfaces: [A2AAgentInterface] {
        get { self.declared.withLock { $0 ?? [] } }
        set { self.declared.withLock { $0 = newValue } }
    }

    // MARK: Choosing the upstream

    /// A call on its way to an upstream.
    struct Forwarded {
        var service: any A2AService
        var context: CallContext
        var upstream: GatewayUpstream
        /// The tenant that the caller named.
        var callerTenant: String
    }

    /// Decides where a call goes, and what goes with it.
    ///
    /// - Parameter tenant: The one in the request; the context may name it too.
    /// - Throws: ``A2AError`` with `.invalidParams` if no upstream has that name, `.internal` for a call that goes in circles.
    func forwarded(_ context: CallContext, tenant: String) throws -> Forwarded {
        let tenant = try Self.settle(tenant, context.tenant)
        guard let route = self.route(self.passesTenants ? "" : tenant) else {
            throw A2AError.invalidParams(
                field: "tenant",
                tenant.isEmpty
                    ? "must name one of the agents behind this gateway" : "names no agent behind this gateway")
        }
        let connection = route.upstream.connection
        let passed = ForwardedParameters(context.parameters)
        var context = context
        context.parameters = passed.parameters
        context.parameters.fields[ForwardedParameters.hopsName] = "\(try self.countHop(passed.hops))"
        context.version = try connection.version(for: context.version)
        context.tenant = self.passesTenants ? tenant : connection.interface.tenant
        let service = route.middleware.reversed().reduce(connection.service) { $0.with($1) }
        return Forwarded(service: service, context: context, upstream: route.upstream, callerTenant: tenant)
    }

    private static func settle(_ tenant: String, _ other: String) throws -> String {
        guard !tenant.isEmpty, !other.isEmpty, tenant != other else { return tenant.isEmpty ? other : tenant }
        throw A2AError.invalidParams(
            field: "tenant", "is '\(tenant.prefix(100))', but the address of the call says '\(other.prefix(100))'")
    }

    /// How many gateways the call has passed with this one.
    private func countHop(_ earlier: String?) throws -> Int {
        guard let earlier else { return 1 }
        // A count that cannot be read is one that was tampered with; it does not buy another round.
        let hops = Int(earlier) ?? Int.max
        guard (0..<max(self.configuration.maxHops, 1)).contains(hops) else {
            throw A2AError(
                .internal,
                "The call has passed too many gateways (more than \(self.configuration.maxHops)); "
                    + "probably they form a loop.",
                details: [
                    .errorInfo(
                        reason: "GATEWAY_LOOP", domain: "swift-a2a",
                        metadata: ["maxHops": "\(self.configuration.maxHops)"])
                ])
        }
        return hops + 1
    }

    // MARK: Cards

    /// The card of the tenant's upstream, with the gateway's own interfaces.
    ///
    /// - Throws: ``A2AError`` with `.methodNotFound` (HTTP 404) if there is none, `.unavailable` before the gateway listens.
    public func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.card(of: context.tenant).card
    }

    public func agentCardJSON(context: CallContext) async throws -> [UInt8] {
        try await self.card(of: context.tenant).json
    }

    private func card(of name: String) async throws -> GatewayCard {
        guard let upstream = self.route(name)?.upstream else {
            throw A2AError(
                .methodNotFound,
                name.isEmpty
                    ? "This gateway has no default agent. The card of each is at /{name}\(AgentCardReference.wellKnownPath)."
                    : "There is no agent of this name behind this gateway.")
        }
        return try await upstream.card(
            showing: try self.interfaces(of: upstream), timeout: self.configuration.cardTimeout)
    }

    /// What the card of an upstream declares: the gateway's interfaces, with the tenant that callers must name.
    func interfaces(of upstream: GatewayUpstream) throws -> [A2AAgentInterface] {
        guard let interfaces = self.declared.withLock({ $0 }) else {
            throw A2AError(.unavailable, "The gateway is starting.", details: [.retryInfo(.seconds(1))])
        }
        let tenant = self.passesTenants ? upstream.interface.tenant : upstream.name
        let versions = upstream.connection.versions
        return interfaces.compactMap { interface in
            // What the agent does not speak the gateway cannot either.
            if interface.protocolVersion == "\(ProtocolVersion.v1_1)", !versions.contains(.v1_1) { return nil }
            var interface = interface
            interface.tenant = tenant
            return interface
        }
    }
    public func agentDirectoryJSON() -> [UInt8]? { self.directory?() }
}
