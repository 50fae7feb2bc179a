import A2A
import A2AClient
import A2AHTTP
import FoundationEssentials
import Logging

/// An agent that was found: its card, and a client for it.
struct AgentConnection: Sendable {
    var card: ResolvedAgentCard
    var client: Client

    /// Finds the agent that `--agent-card` names, and reads its card.
    static func resolve(_ tool: Tool) async throws -> ResolvedAgentCard {
        let settings = tool.settings
        guard let text = settings.agentCard else {
            throw ToolError.usage(
                "Which agent? Give --agent-card <host, URL or path>.", hint: "Or set A2ACLI_AGENT_CARD.")
        }
        let reference: AgentCardReference
        do {
            reference = try AgentCardReference(parsing: text) { path in
                FileManager.default.fileExists(atPath: Self.absolute(path, tool))
            }
        } catch let error as A2AError {
            throw ToolError.usage(error.message)
        }
        let located: AgentCardReference =
            if case .file(let path) = reference { .file(Self.absolute(path, tool)) } else { reference }
        let resolver = AgentCardResolver(
            transports: try ToolTransports(tool).factories(sharesConnections: true))
        var options = CallOptions(timeout: settings.timeout, parameters: settings.serviceParameters)
        Self.debug(tool, "fetching the card from \(located)")
        do {
            return try await Self.checked(resolver.resolve(located, options: options))
        } catch let error as A2AError
            where error.code == .unauthenticated && (settings.bearer ?? settings.apiKey) != nil
        {
            // A card behind a login: only here do credentials go out before the card says which it wants.
            options.credentials = Credentials(settings, card: nil).provider
            return try await Self.checked(resolver.resolve(located, options: options))
        }
    }

    /// Finds the agent and chooses an interface of it.
    ///
    /// - Parameter version: The version that the command needs; `nil` for any. The user's word goes before it.
    static func open(_ tool: Tool, version: ProtocolVersion? = nil) async throws -> AgentConnection {
        let card = try await Self.resolve(tool)
        return try Self.open(card, tool, version: version)
    }

    static func open(
        _ card: ResolvedAgentCard, _ tool: Tool, version: ProtocolVersion? = nil
    ) throws -> AgentConnection {
        let settings = tool.settings
        let credentials = Credentials(settings, card: card.card)
        var configuration = ClientConfiguration()
        configuration.preferredBindings =
            settings.transports.isEmpty ? card.preferredBindings : settings.transports
        configuration.version = settings.version ?? version
        configuration.parameters = settings.serviceParameters
        configuration.credentials = credentials.provider
        configuration.timeout = settings.timeout
        configuration.sendTimeout = settings.timeout
        configuration.logger = Self.logger(tool)
        var transports = try ToolTransports(tool)
        transports.http.queryParameters = credentials.queryParameters
        let factories = try transports.factories(sharesConnections: credentials.queryParameters.isEmpty)
        let client = try Client(card: card.card, transports: factories, configuration: configuration)
        if let interface = client.interface {
            Self.debug(
                tool, "chose \(interface.protocolBinding) at \(interface.url), signalling A2A \(client.version)")
        }
        guard settings.isDebugging else { return AgentConnection(card: card, client: client) }
        var debugging = Client(
            service: client.service.with(DebugMiddleware(console: tool.console)), card: card.card,
            tenant: client.tenant, configuration: configuration)
        debugging.configuration.version = client.version
        return AgentConnection(card: card, client: debugging)
    }

    /// A card that is nothing but empty is none.
    private static func checked(_ card: ResolvedAgentCard) throws -> ResolvedAgentCard {
        guard card.card.hasName || !card.card.supportedInterfaces.isEmpty else {
            throw A2AError(
                .invalidAgentResponse, "What is at \(card.reference) is not an agent card of A2A 1.0.",
                cause: AgentCardFailure.invalid)
        }
        return card
    }

    /// A path from where the tool was started.
    static func absolute(_ path: String, _ tool: Tool) -> String {
        if path.hasPrefix("/") { return path }
        if path.hasPrefix("~/"), let home = tool.invocation.environment["HOME"] {
            return home + path.dropFirst()
        }
        return "\(tool.invocation.workingDirectory)/\(path)"
    }

    private static func debug(_ tool: Tool, _ text: String) {
        if tool.settings.isDebugging { tool.console.note("debug: \(text)\n") }
    }

    private static func logger(_ tool: Tool) -> Logger {
        guard tool.settings.isDebugging else {
            return Logger(label: "a2a", factory: { _ in SwiftLogNoOpLogHandler() })
        }
        return Logger(label: "a2a", factory: { _ in ConsoleLogHandler(console: tool.console) })
    }
}

/// The credentials of a run, attached as the card's security schemes say (§7.3).
struct Credentials: Sendable {
    /// Where an API key goes when the card does not say.
    static let defaultAPIKeyHeader = "X-API-Key"

    private(set) var providers: [any CredentialProvider] = []
    private(set) var queryParameters: [(name: String, value: String)] = []

    init(_ settings: Settings, card: A2AAgentCard?) {
        if let token = settings.bearer { self.providers.append(FixedCredentials.bearer(token)) }
        guard let key = settings.apiKey else { return }
        let scheme = card.flatMap(Self.apiKeyScheme)
        let name = scheme?.name ?? Self.defaultAPIKeyHeader
        switch scheme.map({ APIKeyLocation(rawValue: $0.location.lowercased()) }) {
        case .query?: self.queryParameters = [(name, key)]
        case .cookie?: self.providers.append(FixedCredentials.apiKey(key, cookie: name))
        default: self.providers.append(FixedCredentials.apiKey(key, header: name))
        }
    }

    var provider: (any CredentialProvider)? {
        self.providers.isEmpty ? nil : CombinedCredentials(self.providers)
    }

    /// The card's first API key scheme, by name, so that the choice is the same each time.
    private static func apiKeyScheme(_ card: A2AAgentCard) -> A2AAPIKeySecurityScheme? {
        card.securitySchemes.sorted { $0.key < $1.key }.lazy.compactMap { _, scheme in
            if case .apiKeySecurityScheme(let key) = scheme.scheme { key } else { nil }
        }.first
    }
}
