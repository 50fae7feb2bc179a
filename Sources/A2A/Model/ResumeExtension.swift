/// The extension "lossless resume" (spec/extensions/resume.md), as a card declares it.
public struct ResumeExtension: Sendable, Hashable {
    /// Names the extension.
    public static let uri = "https://swift-a2a.github.io/extensions/resume/v1"

    /// For how long the agent recognises a message that is sent again; `nil` if it does not.
    public var recognition: Duration?

    /// Whether the events outlive the agent's process.
    public var isDurable: Bool

    /// The number of an event as callers and agents write it, in decimal digits; `nil` for everything else, such as a sign.
    package static func number(_ text: some StringProtocol) -> Int64? {
        guard let first = text.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        return Int64(text)
    }

    private enum Key {
        static let recognition = "recognitionSeconds"
        static let isDurable = "durable"
    }

    public init(recognition: Duration? = nil, isDurable: Bool = false) {
        self.recognition = recognition
        self.isDurable = isDurable
    }

    /// What a card declares; `nil` if it does not declare the extension.
    public init?(_ card: A2AAgentCard) {
        guard let declared = card.capabilities.extensions.first(where: { $0.uri == Self.uri }) else { return nil }
        let parameters = declared.params.fields
        // An hour is more than enough, and a card can say anything.
        let seconds = parameters[Key.recognition]?.int.map { min($0, 3600) } ?? 0
        self.recognition = seconds > 0 ? .seconds(seconds) : nil
        self.isDurable = parameters[Key.isDurable]?.bool ?? false
    }

    /// How it is declared in a card.
    public var declaration: A2AAgentExtension {
        var declaration = A2AAgentExtension()
        declaration.uri = Self.uri
        declaration.description_p = "Broken streams go on after the last event that the caller has."
        declaration.params.fields[Key.isDurable] = A2AValue(self.isDurable)
        if let recognition, recognition >= .seconds(1) {
            declaration.params.fields[Key.recognition] = A2AValue(recognition.components.seconds)
        }
        return declaration
    }
}
