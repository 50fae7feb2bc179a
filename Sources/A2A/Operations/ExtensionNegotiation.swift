/// Which protocol extensions a call uses (§4.6).
public enum ExtensionNegotiation {
    /// The most extension URIs that are read from one call.
    public static let maxRequested = 64

    /// The URIs in an `A2A-Extensions` value, in order, without repetitions.
    public static func parse(_ value: String?) -> [String] {
        guard let value else { return [] }
        var seen: Set<String> = []
        return value.split(separator: ",").prefix(self.maxRequested)
            .map(\.trimmingSpaces)
            .filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// The extensions that a call activates: those it asks for and the card declares (§4.6.3).
    ///
    /// - Throws: ``A2AError`` with `.extensionSupportRequired` if the card requires an extension that the call
    ///   does not name (§3.3.4).
    public static func activate(requested: [String], card: A2AAgentCard) throws -> [String] {
        let declared = card.capabilities.extensions
        let missing = declared.filter { $0.required && !requested.contains($0.uri) }.map(\.uri)
        guard missing.isEmpty else {
            throw A2AError(
                .extensionSupportRequired,
                "This agent requires extensions that the call does not declare. Name them in A2A-Extensions: "
                    + missing.joined(separator: ", "),
                details: [
                    .errorInfo(
                        reason: A2AError.Code.extensionSupportRequired.reason,
                        metadata: ["extensions": missing.joined(separator: ",")])
                ]
            )
        }
        return requested.filter { uri in declared.contains { $0.uri == uri } }
    }
}
