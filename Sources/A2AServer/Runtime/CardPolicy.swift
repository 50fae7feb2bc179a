import A2A

/// What the card promises, in the form in which calls are checked against it (§3.3.4).
///
/// A class, so that every call takes it at the price of one reference.
final class CardPolicy: Sendable {
    let card: A2AAgentCard
    private let inputModes: [String]
    private let outputModes: [String]
    /// The same without patterns: most calls name a type as the card does.
    private let plainInputModes: Set<String>
    private let plainOutputModes: Set<String>
    private let tenants: Set<String>
    private let hasExtensions: Bool

    init(_ card: A2AAgentCard) {
        self.card = card
        self.inputModes = card.defaultInputModes + card.skills.flatMap(\.inputModes)
        self.outputModes = card.defaultOutputModes + card.skills.flatMap(\.outputModes)
        self.plainInputModes = Set(self.inputModes)
        self.plainOutputModes = Set(self.outputModes)
        self.tenants = Set(card.supportedInterfaces.map(\.tenant).filter { !$0.isEmpty })
        self.hasExtensions = !card.capabilities.extensions.isEmpty
    }

    /// Checks what holds for every operation: the tenant exists, required extensions are declared. Notes the extensions
    /// that the call activates.
    func admit(_ context: CallContext) throws {
        if !self.tenants.isEmpty, !context.tenant.isEmpty, !self.tenants.contains(context.tenant) {
            throw A2AError.invalidParams(
                field: "tenant", "is not a tenant of this agent; use the one of the interface in the agent card")
        }
        guard self.hasExtensions else { return }
        context.response.activatedExtensions = try ExtensionNegotiation.activate(
            requested: context.requestedExtensions, card: self.card)
    }

    func requireStreaming() throws {
        guard self.card.capabilities.streaming else {
            throw A2AError(
                .unsupportedOperation,
                "This agent does not stream (capabilities.streaming). Use SendMessage and GetTask.")
        }
    }

    func requirePushNotifications() throws {
        guard self.card.capabilities.pushNotifications else {
            throw A2AError(
                .pushNotificationNotSupported,
                "This agent does not send push notifications (capabilities.pushNotifications).")
        }
    }

    func requireExtendedCard() throws {
        guard self.card.capabilities.extendedAgentCard else {
            throw A2AError(
                .unsupportedOperation, "This agent has no extended card (capabilities.extendedAgentCard).")
        }
    }

    /// Checks the media types of a message and of the answer that is asked for (§3.1.1).
    func checkMediaTypes(_ request: A2ASendMessageRequest) throws {
        for (index, part) in request.message.parts.enumerated() {
            let type = part.effectiveMediaType
            guard !self.plainInputModes.contains(type), !MediaType.accepts(self.inputModes, type) else { continue }
            throw A2AError(
                .contentTypeNotSupported,
                "message.parts[\(index)] is '\(type.prefix(100))'; this agent accepts "
                    + self.inputModes.uniqued.joined(separator: ", ") + "."
            )
        }
        let accepted = request.configuration.acceptedOutputModes
        guard
            accepted.isEmpty || self.outputModes.isEmpty || accepted.contains(where: self.plainOutputModes.contains)
                || MediaType.overlap(self.outputModes, accepted)
        else {
            throw A2AError(
                .contentTypeNotSupported,
                "configuration.acceptedOutputModes has none of the types that this agent produces: "
                    + self.outputModes.uniqued.joined(separator: ", ") + "."
            )
        }
    }
}

extension [String] {
    /// The elements without repetitions, in order.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return self.filter { seen.insert($0).inserted }
    }
}
