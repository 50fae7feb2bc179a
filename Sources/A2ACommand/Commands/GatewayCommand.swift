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

/// `a2a gateway`: serves agents under another address, over bindings that they perhaps do not speak.
struct GatewayCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serves agents over every binding, whichever they speak themselves.",
        discussion: """
            Calls are passed on with their credentials, tenants, extensions and deadlines; answers, errors and streams come back \
            as they are. Cards are shown with the gateway's own interfaces and without their signatures, which are over the \
            agent's. Of several agents callers choose one by its name as the tenant; its card is at \
            /{name}/.well-known/agent-card.json.

            Client certificates and API keys in the query of a URL are not passed on. Once the gateway listens, its last line \
            on standard output is READY and its base URL.
            """
    )

    @OptionGroup(title: "Agents") var agents: UpstreamOptions
    @OptionGroup(title: "Listening") var listening: GatewayListeningOptions
    @OptionGroup(title: "Limits") var limits: GatewayLimitOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        if self.global.bearer != nil || self.global.apiKey != nil {
            tool.console.note("Note: credentials are the callers' business; the gateway has none of its own.\n")
        }
        var logger = Logger(label: "a2a.gateway", factory: { _ in GatewayLogHandler(console: tool.console) })
        logger.logLevel = tool.settings.isDebugging ? .debug : .notice

        var configuration = GatewayConfiguration()
        configuration.maxHops = self.limits.maxHops
        configuration.shutdownGrace = .seconds(self.limits.shutdownGrace)
        if tool.settings.isDebugging { configuration.middleware = [DebugMiddleware(console: tool.console)] }
        let gateway = try Gateway(upstreams: try await self.connect(tool, logger), configuration: configuration)

        let isListening = Atomic(false)
        let server = GatewayServer(gateway, bindings: self.listening.bindings(self.limits), logger: logger) {
            endpoints in
            isListening.store(true, ordering: .relaxed)
            self.announce(endpoints, tool)
        }
        do {
            try await server.runService()
        } catch is CancellationError {
            // Told to end by who started it in this process.
        } catch  where !isListening.load(ordering: .relaxed) {
            throw GatewayServingOptions.cannotListen("The gateway", error)
        }
    }

    /// Finds the agents. One that is not there now is a mistake more often than not, so the gateway does not begin without.
    private func connect(_ tool: Tool, _ logger: Logger) async throws -> [GatewayUpstream] {
        var arguments = self.agents.upstreams
        if arguments.isEmpty, let card = tool.settings.agentCard { arguments = [UpstreamArgument(card: card)] }
        guard !arguments.isEmpty else {
            throw ToolError.usage("Which agent? Give --upstream <host, URL or path>.")
        }
        var options = try ToolTransports(tool)
        options.http.userAgent = "a2a-gateway/\(Invocation.version)"
        options.http.maxConnectionsPerHost = self.limits.maxConnections
        let transports = try options.factories()
        let resolver = AgentCardResolver(transports: transports)
        let preferences = self.agents.transports.isEmpty ? tool.settings.transports : try self.agents.preferences()

        var upstreams: [GatewayUpstream] = []
        for argument in arguments {
            let upstream = try await GatewayUpstream.connect(
                name: argument.name, to: try Self.reference(argument.card, tool), resolver: resolver,
                transports: transports, preferences: preferences, logger: logger)
            upstreams.append(upstream)
            let name = argument.name.isEmpty ? "" : " '\(argument.name)'"
            tool.console.note(
                "Agent\(name): \(upstream.card.name), over \(upstream.interface.binding.label)"
                    + " at \(upstream.interface.url)\n")
        }
        return upstreams
    }

    private static func reference(_ text: String, _ tool: Tool) throws -> AgentCardReference {
        do {
            let reference = try AgentCardReference(parsing: text) {
                FileManager.default.fileExists(atPath: AgentConnection.absolute($0, tool))
            }
            guard case .file(let path) = reference else { return reference }
            return .file(AgentConnection.absolute(path, tool))
        } catch let error as A2AError {
            throw ToolError.usage(error.message)
        }
    }

    /// Says where the gateway listens; the last line is for programs that wait for it.
    private func announce(_ endpoints: [BindingEndpoint], _ tool: Tool) {
        let base = endpoints.first?.address ?? ""
        var lines = ["swift-a2a gateway"]
        if !self.listening.serving.noHTTP {
            let names = self.agents.upstreams.map(\.name)
            for name in names.isEmpty ? [""] : names {
                lines.append(
                    "  Agent card  \(base)\(name.isEmpty ? "" : "/\(name)")\(AgentCardReference.wellKnownPath)")
            }
        }
        for (name, url) in endpoints.flatMap(\.interfaces).places {
            lines.append("  \(name)\(String(repeating: " ", count: max(0, 10 - name.count)))  \(url)")
        }
        lines += ["", "Cards are shown without signatures: the gateway changes their interfaces.", "", "READY \(base)"]
        tool.console.write(lines.joined(separator: "\n") + "\n")
    }
}

/// Writes what the gateway logs to standard error.
struct GatewayLogHandler: LogHandler {
    var console: any Console
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .notice

    init(console: any Console) { self.console = console }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = self.metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = merged.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        self.console.note("\(event.level): \(TextBlocks.clean("\(event.message)\(fields)"))\n")
    }
}
