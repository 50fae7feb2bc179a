import A2A
import A2AClient
import A2ACommandSupport
import A2AGRPC
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATCP
import ArgumentParser
import FoundationEssentials
import Logging
import Synchronization

/// `a2a hub`: a place that agents dial in to, to be called over the connections that they made.
struct HubCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "Lets others call agents that cannot be reached themselves, such as those behind NAT.",
        discussion: """
            Agents dial the TCP port ('a2a-agent --dial') and are then called over the same connection. Each is reached over \
            every binding, by its name as the tenant; its card is at /{name}/.well-known/agent-card.json, with the hub's own \
            interfaces. Callers' credentials go to the agent, which authenticates its calls like any others.

            No agent is taken that does not show a token or a certificate. Once the hub listens, its last line on standard \
            output is READY and its base URL; who comes and goes is told on standard error.
            """
    )

    @OptionGroup(title: "Agents") var agents: HubAgentOptions
    @OptionGroup(title: "Listening") var listening: HubListeningOptions
    @OptionGroup(title: "Limits") var limits: GatewayLimitOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard !self.agents.isOpen || self.listening.isLoopback else {
            throw ValidationError(
                "--insecure-any-agent is for loopback only, not for '\(self.listening.serving.common.host)'.")
        }
        if self.agents.certificateAuthority != nil {
            guard self.listening.serving.common.tls.isOn else {
                throw ValidationError("--agent-ca needs --tls-certificate and --tls-key.")
            }
            guard self.listening.serving.common.tls.clientCA == nil else {
                throw ValidationError("--agent-ca and --tls-client-ca: one file says who signs certificates over TCP.")
            }
        }
    }

    func run(_ tool: Tool) async throws {
        var logger = Logger(label: "a2a.hub", factory: { _ in GatewayLogHandler(console: tool.console) })
        logger.logLevel = tool.settings.isDebugging ? .debug : .notice
        var configuration = AgentHubConfiguration()
        configuration.maxAgents = self.agents.maxAgents
        configuration.listsAgents = self.agents.isListed
        configuration.gateway.maxHops = self.limits.maxHops
        configuration.gateway.shutdownGrace = .seconds(self.limits.shutdownGrace)
        if tool.settings.isDebugging { configuration.gateway.middleware = [DebugMiddleware(console: tool.console)] }
        let hub = AgentHub(
            authorizer: try self.authorizer(tool), configuration: configuration, logger: logger)

        let isListening = Atomic(false)
        let bindings = self.listening.bindings(
            self.limits, agents: hub, agentCA: self.agents.certificateAuthority)
        let server = GatewayServer(hub.gateway, bindings: bindings, logger: logger) { endpoints in
            isListening.store(true, ordering: .relaxed)
            if !self.listening.serving.noHTTP { hub.cardBase = endpoints.first?.address }
            self.announce(endpoints, tool)
        }
        do {
            try await server.runService()
        } catch is CancellationError {
            // Told to end by who started it in this process.
        } catch  where !isListening.load(ordering: .relaxed) {
            throw GatewayServingOptions.cannotListen("The hub", error)
        }
    }

    private func authorizer(_ tool: Tool) throws -> any AgentAuthorizer {
        do {
            return try self.agents.authorizer { path in
                guard let data = FileManager.default.contents(atPath: AgentConnection.absolute(path, tool)) else {
                    throw ToolError.usage("--agent-token-file: the file '\(path)' cannot be read.")
                }
                return String(decoding: data, as: UTF8.self)
            }
        } catch let error as ValidationError {
            throw ToolError.usage(error.message)
        }
    }

    /// Says where the hub listens; the last line is for programs that wait for it.
    private func announce(_ endpoints: [BindingEndpoint], _ tool: Tool) {
        let base = endpoints.first?.address ?? ""
        var places: [(String, String)] = [("Agents dial", endpoints.last?.address ?? "")]
        if !self.listening.serving.noHTTP {
            places.append(("Agent cards", "\(base)/{name}\(AgentCardReference.wellKnownPath)"))
            if self.agents.isListed { places.append(("Agents", base + A2ARoutes.directoryPath)) }
        }
        places += endpoints.flatMap(\.interfaces).places.map { ($0.name, $0.url) }
        let width = places.map(\.0.count).max() ?? 0
        let lines = places.map { "  \($0)\(String(repeating: " ", count: width - $0.count))  \($1)" }
        tool.console.write(
            """
            swift-a2a hub
            \(lines.joined(separator: "\n"))

            Try it:
              swift run a2a-agent --dial \(places[0].1) --dial-name NAME --no-listen

            READY \(base)

            """)
    }
}
