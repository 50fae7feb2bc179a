/// The agent as its card shows it.
package struct AgentUnderTest: Sendable {
    /// One interface that can be tested.
    struct Interface: Sendable {
        var binding: TransportBinding
        var url: String
        var tenant: String
        /// The versions that are declared for it, as `Major.Minor`.
        var versions: Set<String> = []
    }

    /// Where the card was found.
    package var cardURL: String
    package var card: JSONValue
    var interfaces: [Interface] = []
    /// What was found out about the card on the way.
    package var notes: [String] = []

    /// The longest name and version that are shown, in characters, and the most notes.
    private static let maxShown = 200
    private static let maxNotes = 20

    package var name: String { self.card["name"]?.string?.shortened(Self.maxShown) ?? "an agent without a name" }
    package var version: String { self.card["version"]?.string?.shortened(Self.maxShown) ?? "" }
    package var bindings: [TransportBinding] { self.interfaces.map(\.binding) }

    /// Scheme and host of the card.
    var origin: String {
        guard let scheme = self.cardURL.firstRange(of: "://") else { return self.cardURL }
        let host = self.cardURL[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return "\(self.cardURL[..<scheme.upperBound])\(host)"
    }

    /// Whether it is on this machine.
    var isLocal: Bool {
        let host = self.origin.split(separator: "/").last ?? ""
        return ["localhost", "127.0.0.1", "[::1]"].contains { host == $0 || host.hasPrefix("\($0):") }
    }

    /// The URI of our TCP binding (spec/bindings/tcp.md §2.2).
    private static let tcp = "https://swift-a2a.github.io/bindings/tcp/v1"

    /// A client, which stands where the agent would in the report of its run.
    init(client name: String, version: String, command: String) {
        self.cardURL = command
        self.card = ["name": .string(name), "version": .string(version)]
    }

    init(card: JSONValue, url: String) {
        self.cardURL = url
        self.card = card
        let entries = card["supportedInterfaces"]?.elements
        if entries == nil { self.notes.append("the card has no supportedInterfaces; is it one of A2A 0.3?") }
        for (index, entry) in (entries ?? []).enumerated() {
            let place = "supportedInterfaces[\(index)]"
            guard let url = entry["url"]?.string, !url.isEmpty, let name = entry["protocolBinding"]?.string else {
                self.notes.append("\(place) has no url or no protocolBinding")
                continue
            }
            guard let binding = Self.binding(name) else {
                self.notes.append("\(place) has the binding \(name.shortened(Self.maxShown)), which cannot be tested")
                continue
            }
            guard let version = entry["protocolVersion"]?.string, version.hasPrefix("1.") else {
                let version = entry["protocolVersion"]?.textOrJSON.shortened(Self.maxShown) ?? "no version"
                self.notes.append("\(place) speaks \(version), not A2A 1.x")
                continue
            }
            let minor = version.split(separator: ".").prefix(2).joined(separator: ".")
            if let known = self.interfaces.firstIndex(where: { $0.binding == binding }) {
                if self.interfaces[known].url == url { self.interfaces[known].versions.insert(minor) }
                continue
            }
            self.interfaces.append(
                Interface(binding: binding, url: url, tenant: entry["tenant"]?.string ?? "", versions: [minor]))
        }
        if self.notes.count > Self.maxNotes {
            let more = self.notes.count - Self.maxNotes
            self.notes = self.notes.prefix(Self.maxNotes) + ["and \(more) more such notes on its interfaces"]
        }
    }

    private static func binding(_ name: String) -> TransportBinding? {
        switch name.uppercased() {
        case "JSONRPC": .jsonrpc
        case "HTTP+JSON": .rest
        case "GRPC": .grpc
        default: name == Self.tcp ? .tcp : nil
        }
    }

    // MARK: What it offers

    private var conformanceTags: [String] {
        let skill = self.card["skills"]?.elements?.first { $0["id"] == "a2a-conformance" }
        return skill?["tags"]?.elements?.compactMap(\.string) ?? []
    }

    /// Whether it offers the scripted profile (conformance/profile.md §1).
    package var hasScript: Bool { self.conformanceTags.contains("script") }
    /// Whether its card says that it has the behaviours of ACTS.
    var declaresBehaviors: Bool { self.conformanceTags.contains("acts") }

    /// Why documents for a later version than 1.0 do not apply, or `nil`.
    func unmet(version: String, over binding: TransportBinding) -> String? {
        let minor = version.split(separator: ".").prefix(2).joined(separator: ".")
        guard minor != "1.0", let interface = self.interfaces.first(where: { $0.binding == binding }),
            !interface.versions.contains(minor)
        else { return nil }
        return "the card declares no interface of \(binding.title) for A2A \(minor)"
    }

    /// Why the preconditions of a test are not met, or `nil` (ACTS §3.3).
    func unmet(_ preconditions: Preconditions, over binding: TransportBinding) -> String? {
        for (name, assertion) in preconditions.capabilities {
            // A capability that is not named is one that the agent has not.
            let value = self.card["capabilities"]?[name] ?? .bool(false)
            let mismatch = try? assertion.check(value) { .string($0) }
            if let mismatch {
                return "the card has \(mismatch.actual) for the capability \(name), not \(mismatch.expected)"
            }
        }
        let skills = self.card["skills"]?.elements?.compactMap { $0["id"]?.string } ?? []
        for skill in preconditions.skills where !skills.contains(skill) { return "the card has no skill '\(skill)'" }
        if let transports = preconditions.transports, !transports.contains(binding) {
            return "it is for \(transports.map(\.title).sorted().joined(separator: ", "))"
        }
        let extensions = self.card["capabilities"]?["extensions"]?.elements?.compactMap { $0["uri"]?.string } ?? []
        for uri in preconditions.extensions where !extensions.contains(uri) {
            return "the card has no extension \(uri)"
        }
        for assertion in preconditions.card {
            guard let mismatch = try? assertion.check(self.card, { .string($0) }) else { continue }
            let place = mismatch.path.isEmpty ? "" : " at \(mismatch.path)"
            return "the card has \(mismatch.actual)\(place), not \(mismatch.expected)"
        }
        return nil
    }
}
