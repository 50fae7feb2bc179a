import A2A

/// An upstream's card as the gateway shows it: with the gateway's own interfaces, and without signatures, which are over
/// what the upstream says (§8.4).
struct GatewayCard: Sendable {
    /// The card, as far as the model knows it.
    var card: A2AAgentCard
    /// The card in JSON, unknown members included.
    var json: [UInt8]

    /// - Parameters:
    ///   - bytes: The card as the upstream sent it.
    ///   - interfaces: The gateway's.
    /// - Throws: ``A2AError`` with `.internal` if the card cannot be written.
    init(rewriting card: A2AAgentCard, bytes: [UInt8], interfaces: [A2AAgentInterface]) throws {
        self.card = Self.rewrite(card, interfaces: interfaces)
        let declared = try Self.json(of: interfaces)
        // What does not scan did not decode either; the model then stands in for the text.
        self.json = try Self.rewrite(bytes, interfaces: declared) ?? ModelJSON.encode(self.card)
    }

    static func rewrite(_ card: A2AAgentCard, interfaces: [A2AAgentInterface]) -> A2AAgentCard {
        var card = card
        card.supportedInterfaces = interfaces
        card.signatures = []
        return card
    }

    /// The text of a card with other interfaces and without signatures; `nil` if it is no object.
    static func rewrite(_ bytes: [UInt8], interfaces: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + interfaces.count)
        output.append(UInt8(ascii: "{"))
        JSONText.append("supportedInterfaces", to: &output)
        output.append(UInt8(ascii: ":"))
        output += interfaces
        var scanner = JSONScanner(bytes[...])
        do {
            try scanner.enter()
            while let member = try scanner.nextMember() {
                let name = JSONText.string(content: bytes[member.name], hasEscapes: member.nameHasEscapes)
                guard let name, !Self.dropped.contains(name) else { continue }
                output.append(UInt8(ascii: ","))
                JSONText.append(name, to: &output)
                output.append(UInt8(ascii: ":"))
                output += bytes[member.value]
            }
            try scanner.finish()
        } catch {
            return nil
        }
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// Members that are replaced or left out, in both spellings that ProtoJSON reads.
    private static let dropped: Set<String> = [
        "supportedInterfaces", "supported_interfaces", "signatures",
        // Where agents of version 0.3 listen. The gateway does not speak it, and these would lead past it.
        "url", "preferredTransport", "additionalInterfaces",
    ]

    private static func json(of interfaces: [A2AAgentInterface]) throws -> [UInt8] {
        var output = [UInt8(ascii: "[")]
        for (index, interface) in interfaces.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            try ModelJSON.append(interface, to: &output)
        }
        output.append(UInt8(ascii: "]"))
        return output
    }
}
