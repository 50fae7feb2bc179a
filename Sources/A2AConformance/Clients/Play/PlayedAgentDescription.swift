/// The agent that is played for a client: `x-agent` of a test (conformance/format.md §7).
struct PlayedAgentDescription: Sendable {
    /// How the agent's certificate is wrong.
    enum Certificate: String, Sendable, CaseIterable {
        case good
        case expired
        case wrongName = "wrong-name"
        case unknownAuthority = "unknown-authority"
        case selfSigned = "self-signed"
    }

    /// An interface of the card.
    struct Interface: Sendable {
        /// For people and for `x-requests`.
        var name: String
        /// The name of the binding; `nil` for that under test.
        var binding: String?
        var version: String?
        var tenant: String?
        /// Where it is, if not here.
        var url: String?
        /// Nobody answers there.
        var isDown = false
    }

    /// What the card has beside or in place of the usual members; `null` takes one away.
    var card: JSONValue = [:]
    var interfaces = [Interface(name: "main")]
    /// `nil` for no TLS.
    var certificate: Certificate?

    init() {}

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'x-agent' of \(what)", file: file, keys: ["card", "interfaces", "tls"])
        if let card = map.node("card") { self.card = card.json }
        let certificate = try map.choice("tls", Certificate.allCases.map(\.rawValue))
        self.certificate = certificate.flatMap(Certificate.init)
        guard let nodes = try map.list("interfaces") else { return }
        self.interfaces = []
        for (index, node) in nodes.enumerated() {
            let one = try MapReader(
                node, "an interface of \(what)", file: file,
                keys: ["name", "binding", "version", "tenant", "url", "down"])
            let name = try one.text("name") ?? (index == 0 ? "main" : "interface\(index)")
            guard !self.interfaces.contains(where: { $0.name == name }) else {
                throw one.refuse("name", "two interfaces of \(what) have the name '\(name)'")
            }
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) })
            else { throw one.refuse("name", "the name of an interface has letters a to z and digits, not '\(name)'") }
            self.interfaces.append(
                Interface(
                    name: name, binding: try one.text("binding"), version: try one.text("version"),
                    tenant: try one.text("tenant"), url: try one.text("url"), isDown: try one.flag("down") ?? false))
        }
    }

    /// The card, with the interfaces where they are.
    ///
    /// - Parameter url: Of an interface by its name.
    func card(binding: TransportBinding, url: (Interface) -> String) -> JSONValue {
        let interfaces = self.interfaces.map { interface -> JSONValue in
            var json: JSONValue = [
                "url": .string(interface.url ?? url(interface)),
                "protocolBinding": .string(interface.binding ?? binding.cardName),
                "protocolVersion": .string(interface.version ?? "1.0"),
            ]
            json["tenant"] = interface.tenant.map(JSONValue.string)
            return json
        }
        let usual: JSONValue = [
            "name": "An agent that is played", "description": "Part of a conformance test of clients.",
            "version": "1.0.0", "supportedInterfaces": .array(interfaces),
            "capabilities": ["streaming": true, "pushNotifications": true, "extendedAgentCard": true],
            "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
            "skills": [["id": "play", "name": "Play", "description": "Plays.", "tags": ["test"]]],
        ]
        return usual.merged(with: self.card)
    }
}

extension TransportBinding {
    /// Its name in cards.
    var cardName: String {
        switch self {
        case .jsonrpc: "JSONRPC"
        case .rest: "HTTP+JSON"
        case .grpc: "GRPC"
        case .tcp: "https://swift-a2a.github.io/bindings/tcp/v1"
        }
    }

    init?(cardName: String) {
        guard let binding = Self.allCases.first(where: { $0.cardName == cardName }) else { return nil }
        self = binding
    }
}

extension JSONValue {
    /// With the members of another object in place of one's own, level by level; `null` takes a member away.
    func merged(with other: JSONValue) -> JSONValue {
        guard case .object(var members) = self, case .object(let changes) = other else { return other }
        for (name, change) in changes {
            if change == .null {
                members[name] = nil
            } else {
                members[name] = members[name]?.merged(with: change) ?? change
            }
        }
        return .object(members)
    }
}
