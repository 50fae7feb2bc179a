import A2A
import A2AReferenceAgent

enum ReferenceCards {
    static let full = ReferenceAgent.card()

    static func without(_ capability: ReferenceAgent.Capability) -> A2AAgentCard? {
        ReferenceAgent.card(without: [capability])
    }
}
