extension A2AAgentCard {
    /// A card: who the agent is, where it listens and what it can do (§4.4.1).
    ///
    /// - Parameters:
    ///   - name: The agent's name, for a person.
    ///   - description: What the agent does, for a person or another agent.
    ///   - version: The version of the agent itself.
    ///   - interfaces: Where it listens, the preferred interface first. May be left to the server that serves the card.
    ///   - provider: Who runs the agent.
    ///   - documentationURL: Where to read more.
    ///   - iconURL: A picture of the agent.
    ///   - capabilities: Which optional parts of the protocol it serves. Default: streaming.
    ///   - skills: What it can do, at least one skill.
    ///   - inputModes: The media types that it reads. Default: `text/plain`.
    ///   - outputModes: The media types that it writes. Default: `text/plain`.
    ///   - securitySchemes: How callers may authenticate, by names of the card's own.
    ///   - securityRequirements: Which of the schemes are needed; one of the list suffices.
    public init(
        name: String,
        description: String,
        version: String,
        interfaces: [A2AAgentInterface] = [],
        provider: A2AAgentProvider? = nil,
        documentationURL: String? = nil,
        iconURL: String? = nil,
        capabilities: A2AAgentCapabilities = A2AAgentCapabilities(streaming: true),
        skills: [A2AAgentSkill],
        inputModes: [String] = [MediaType.plainText],
        outputModes: [String] = [MediaType.plainText],
        securitySchemes: [String: A2ASecurityScheme] = [:],
        securityRequirements: [A2ASecurityRequirement] = []
    ) {
        self.init()
        self.name = name
        self.description_p = description
        self.version = version
        self.supportedInterfaces = interfaces
        if let provider { self.provider = provider }
        if let documentationURL { self.documentationURL = documentationURL }
        if let iconURL { self.iconURL = iconURL }
        self.capabilities = capabilities
        self.skills = skills
        self.defaultInputModes = inputModes
        self.defaultOutputModes = outputModes
        self.securitySchemes = securitySchemes
        self.securityRequirements = securityRequirements
    }
}

/// How A2A is spoken at an interface (§4.4.6).
///
/// The set is open: a custom binding is named by its URI (§5.8).
public struct ProtocolBinding: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { self.rawValue = value }

    /// JSON-RPC 2.0 over HTTP (§9).
    public static let jsonRPC: ProtocolBinding = "JSONRPC"
    /// gRPC (§10).
    public static let grpc: ProtocolBinding = "GRPC"
    /// HTTP with paths and JSON bodies (§11).
    public static let httpJSON: ProtocolBinding = "HTTP+JSON"
    /// A2A over TCP, version 1 (spec/bindings/tcp.md §2.2).
    public static let tcp: ProtocolBinding = "https://swift-a2a.github.io/bindings/tcp/v1"

    public var description: String { self.rawValue }
}

extension A2AAgentInterface {
    /// A place where the agent listens.
    public init(url: String, binding: ProtocolBinding, version: ProtocolVersion = .v1_0, tenant: String = "") {
        self.init()
        self.url = url
        self.protocolBinding = binding.rawValue
        self.protocolVersion = version.description
        self.tenant = tenant
    }

    /// How A2A is spoken there.
    public var binding: ProtocolBinding {
        get { ProtocolBinding(rawValue: self.protocolBinding) }
        set { self.protocolBinding = newValue.rawValue }
    }
}

extension A2AAgentCapabilities {
    /// Which optional parts of the protocol an agent serves (§3.3.4).
    public init(
        streaming: Bool = false,
        pushNotifications: Bool = false,
        extendedAgentCard: Bool = false,
        extensions: [A2AAgentExtension] = []
    ) {
        self.init()
        self.streaming = streaming
        self.pushNotifications = pushNotifications
        self.extendedAgentCard = extendedAgentCard
        self.extensions = extensions
    }
}

extension A2AAgentExtension {
    /// An extension of the protocol that the agent serves (§4.6).
    public init(uri: String, description: String = "", required: Bool = false, params: A2AMetadata? = nil) {
        self.init()
        self.uri = uri
        self.description_p = description
        self.required = required
        if let params { self.params = params }
    }
}

extension A2AAgentProvider {
    /// Who runs an agent.
    public init(organization: String, url: String) {
        self.init()
        self.organization = organization
        self.url = url
    }
}

extension A2AAgentSkill {
    /// Something that the agent can do (§4.4.5).
    ///
    /// - Parameters:
    ///   - id: The identifier of the skill, unique in the card.
    ///   - name: Its name, for a person.
    ///   - description: What it does, for a person or another agent.
    ///   - tags: Keywords to find it by, at least one.
    ///   - examples: What one might say to make use of it.
    ///   - inputModes: The media types that it reads; empty for those of the card.
    ///   - outputModes: The media types that it writes; empty for those of the card.
    ///   - securityRequirements: What it needs beyond the card's requirements.
    public init(
        id: String,
        name: String,
        description: String,
        tags: [String],
        examples: [String] = [],
        inputModes: [String] = [],
        outputModes: [String] = [],
        securityRequirements: [A2ASecurityRequirement] = []
    ) {
        self.init()
        self.id = id
        self.name = name
        self.description_p = description
        self.tags = tags
        self.examples = examples
        self.inputModes = inputModes
        self.outputModes = outputModes
        self.securityRequirements = securityRequirements
    }
}
