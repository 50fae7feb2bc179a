public import A2A

extension ReferenceAgent {
    /// A capability that can be switched off, to see how callers get along without it.
    public enum Capability: String, CaseIterable, Sendable {
        case streaming
        case push
        case extendedCard = "extended-card"
    }

    /// The public card; the server adds the interfaces.
    ///
    /// - Parameters:
    ///   - without: Capabilities to switch off.
    ///   - requiresToken: Whether callers need a bearer token.
    public static func card(without: Set<Capability> = [], requiresToken: Bool = false) -> A2AAgentCard {
        A2AAgentCard(
            name: "swift-a2a reference agent",
            description: "Shows every part of the A2A protocol, and plays scripts for conformance tests.",
            version: "0.1.0",
            provider: A2AAgentProvider(organization: "swift-a2a", url: "https://swift-a2a.github.io"),
            capabilities: A2AAgentCapabilities(
                streaming: !without.contains(.streaming),
                pushNotifications: !without.contains(.push),
                extendedAgentCard: !without.contains(.extendedCard)
            ),
            skills: [EchoSkill().card, StreamSkill().card, ResearchSkill().card, FormSkill().card, SlowSkill().card]
                + [self.conformanceSkill],
            inputModes: ["text/plain", "application/json", "image/*", "application/octet-stream"],
            outputModes: ["text/plain", "application/json", "text/csv", "application/octet-stream"],
            securitySchemes: requiresToken ? ["bearer": .bearer(description: "The token given to --token.")] : [:],
            securityRequirements: requiresToken ? [["bearer": []]] : []
        )
    }

    /// The card for authenticated callers: the public one and a skill that is not on it.
    public static func extendedCard(of card: A2AAgentCard) -> A2AAgentCard {
        var card = card
        // They are over another card.
        card.signatures = []
        card.description_p += " This is the extended card."
        card.skills.append(
            A2AAgentSkill(
                id: "operations", name: "Operations", description: "What only authenticated callers are told of.",
                tags: ["extended"]))
        return card
    }

    /// Says to the conformance suites that the extended card is declared and not there.
    public static let withheldCardSkill = A2AAgentSkill(
        id: "a2a-conformance-no-extended-card", name: "No extended card",
        description: "Declares an extended card and has none.", tags: ["extended"])

    private static let conformanceSkill = A2AAgentSkill(
        id: "a2a-conformance",
        name: "Conformance profile",
        description: "Plays scripts and the ACTS behaviour prefixes; see conformance/profile.md.",
        tags: ["script", "acts"],
        examples: ["tck-complete-task"],
        inputModes: [ConformanceScript.mediaType, "text/plain"],
        outputModes: ["text/plain", "application/json", "application/octet-stream"]
    )
}
