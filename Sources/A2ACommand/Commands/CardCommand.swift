import A2A
import A2AClient
import ArgumentParser

/// The commands about cards: `a2a card …`.
struct CardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card", abstract: "Looks at agents' cards.", subcommands: [CardGetCommand.self])
}

/// Shows a card: `a2a card get`.
struct CardGetCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows who an agent is, where it listens and what it can do.")

    @Flag(help: "Check the card against the specification; fail if something is wrong.")
    var validate = false

    @Flag(help: "Show the extended card, for callers who have authenticated.")
    var extended = false

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let resolved = try await AgentConnection.resolve(tool)
        let card =
            self.extended ? try await AgentConnection.open(resolved, tool).client.extendedCard() : resolved.card
        if self.validate {
            let violations = card.violations()
            guard violations.isEmpty else {
                let list = violations.map { "\($0.field): \($0.description)" }.joined(separator: "; ")
                throw ToolError(code: .cardInvalid, message: "The card is not valid: \(list)")
            }
        }
        switch tool.settings.format {
        case .json: try tool.output.json(card)
        case .text: tool.output.text { $0.card(card, isVerbose: tool.settings.isVerbose) }
        }
        if self.validate, tool.settings.format == .text { tool.output.text { $0.field("Valid", "yes") } }
        // Whether nobody looked at the signatures or there are none is worth knowing (§8.4).
        if !card.signatures.isEmpty {
            tool.console.note("Note: the card is signed; this tool does not verify signatures.\n")
        }
    }
}

extension TextBlocks {
    /// A card in the text form.
    mutating func card(_ card: A2AAgentCard, isVerbose: Bool) {
        self.field("Name", card.name)
        self.field("Description", card.description_p)
        self.field("Version", card.version)
        if card.hasProvider { self.field("Provider", "\(card.provider.organization) (\(card.provider.url))") }
        self.field("Documentation", card.documentationURL)
        self.field("Streaming", card.capabilities.streaming ? "yes" : "no")
        self.field("Push Notifications", card.capabilities.pushNotifications ? "yes" : "no")
        self.field("Extended Card", card.capabilities.extendedAgentCard ? "yes" : "no")
        for item in card.capabilities.extensions {
            self.field("Extension", item.uri + (item.required ? " (required)" : ""))
        }
        for interface in card.supportedInterfaces {
            let tenant = interface.tenant.isEmpty ? "" : " (tenant \(interface.tenant))"
            self.field(
                "Interface", "\(interface.protocolBinding) \(interface.protocolVersion) \(interface.url)\(tenant)")
        }
        self.field("Input Modes", card.defaultInputModes.joined(separator: ", "))
        self.field("Output Modes", card.defaultOutputModes.joined(separator: ", "))
        for (name, scheme) in card.securitySchemes.sorted(by: { $0.key < $1.key }) {
            self.field("Security Scheme", "\(name): \(Self.summary(scheme))")
        }
        for requirement in card.securityRequirements {
            self.field("Security Requirement", requirement.schemes.keys.sorted().joined(separator: " and "))
        }
        self.field("Signature", card.signatures.isEmpty ? "absent" : "not verified")
        for skill in card.skills {
            self.field("Skill", "\(skill.id): \(skill.name)")
            self.field("Skill Description", skill.description_p)
            if isVerbose {
                self.field("Skill Tags", skill.tags.joined(separator: ", "))
                for example in skill.examples { self.field("Skill Example", example) }
            }
        }
    }

    private static func summary(_ scheme: A2ASecurityScheme) -> String {
        switch scheme.scheme {
        case .apiKeySecurityScheme(let key): "API key in \(key.location) '\(key.name)'"
        case .httpAuthSecurityScheme(let http): "HTTP \(http.scheme)"
        case .oauth2SecurityScheme: "OAuth 2.0"
        case .openIDConnectSecurityScheme(let openID): "OpenID Connect \(openID.openIDConnectURL)"
        case .mtlsSecurityScheme: "mutual TLS"
        case nil: "unknown"
        }
    }
}
