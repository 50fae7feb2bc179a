/// The level of a requirement (RFC 2119, ACTS §3.2).
package enum ConformanceLevel: String, Sendable, Hashable, CaseIterable {
    case must, should, may
}

/// What a runner must be able to do (ACTS §3.2).
package enum RunnerRequirement: String, Sendable, Hashable, CaseIterable {
    case webhookEndpoint = "webhook_endpoint"
    case concurrentStreams = "concurrent_streams"
    case streamDisconnect = "stream_disconnect"
    case authCredentials = "auth_credentials"
    case headerInspection = "header_inspection"
}

/// What the agent must have for a test to apply (ACTS §3.3).
struct Preconditions: Sendable {
    var capabilities: [(name: String, assertion: Assertion)] = []
    var skills: [String] = []
    var transports: Set<TransportBinding>?
    var extensions: [String] = []
    /// `x-card`: what the card must be like.
    var card: [NamedAssertion] = []

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(
            node, "'preconditions' of \(what)", file: file,
            keys: ["capabilities", "skills", "transport", "extensions", "description"])
        _ = try map.text("description")
        for entry in try map.entries("capabilities") ?? [] {
            self.capabilities.append((entry.key, try Assertion(entry.value, file: file)))
        }
        for node in try map.list("skills") ?? [] {
            let skill = try MapReader(node, "a skill in 'preconditions' of \(what)", file: file, keys: ["id"])
            self.skills.append(try skill.requiredText("id"))
        }
        self.transports = try Test.transports(map)
        self.extensions = try map.texts("extensions") ?? []
        self.card = try NamedAssertion.list(map, "x-card", file: file)
    }
}

/// One scenario (ACTS §3.2).
package struct Test: Sendable {
    package var id: String
    package var name: String
    package var description: String?
    package var specRef: String?
    package var level: ConformanceLevel
    /// Its own and those of its suite.
    package var tags: [String]
    /// `nil` for every binding.
    package var transports: Set<TransportBinding>?
    var preconditions: Preconditions?
    package var behaviors: [String]
    package var origin: String?
    package var runnerRequirements: [RunnerRequirement]
    package var steps: [Step]
    var assertions: [NamedAssertion]
    /// `x-requirements`: what it shows, by the ids of spec/requirements.yaml.
    package var requirements: [String]
    /// `x-profile: script`: whether it needs the scripted profile.
    package var needsScript: Bool
    /// `x-same_order`: background steps whose streams must have the same events in the same order.
    var sameOrder: [String]
    /// `x-agent`: the agent that is played for a client.
    var agent: PlayedAgentDescription
    /// `x-harness`: what the harness of a client must have.
    package var harnessFeatures: [String]
    package var file: String
    package var line: Int

    package var isClientTest: Bool { self.steps.contains(where: \.isClient) }
    package var isRaw: Bool { self.steps.contains(where: \.isRaw) }

    /// Whether it sends requests that are HTTP; a TLS handshake is not.
    var needsHTTP: Bool {
        self.steps.contains { step in
            guard case .raw(let raw) = step.action else { return false }
            return raw.handshake == nil
        }
    }

    /// What says of itself that it is about versions gets no version header on its raw steps.
    var isAboutVersions: Bool {
        self.id.hasPrefix("VER-") || self.tags.contains { $0 == "version" || $0 == "version-negotiation" }
    }
}

// MARK: - Reading

extension Test {
    private static let keys: Set<String> = [
        "id", "name", "description", "spec_ref", "level", "tags", "transport", "preconditions", "requires_behaviors",
        "origin", "runner_requirements", "steps", "assertions",
    ]

    init(_ node: YAMLNode, suiteTags: [String], file: String) throws(DocumentError) {
        let id = try MapReader(node, "a test", file: file, keys: nil).requiredText("id")
        let what = "test '\(id)'"
        let map = try MapReader(node, what, file: file, keys: Self.keys)
        self.id = id
        self.file = file
        self.line = node.line
        self.name = try map.requiredText("name")
        self.description = try map.text("description")
        self.specRef = try map.text("spec_ref")
        _ = try map.requiredText("level")
        let level = try map.choice("level", ConformanceLevel.allCases.map(\.rawValue))
        self.level = level.flatMap(ConformanceLevel.init) ?? .must
        self.tags = suiteTags + (try map.texts("tags") ?? [])
        self.transports = try Self.transports(map)
        self.preconditions = try map.node("preconditions").map { node throws(DocumentError) in
            try Preconditions(node, what, file: file)
        }
        self.behaviors = try map.texts("requires_behaviors") ?? []
        self.origin = try map.text("origin")
        let requirements = try map.texts("runner_requirements", RunnerRequirement.allCases.map(\.rawValue)) ?? []
        self.runnerRequirements = requirements.compactMap(RunnerRequirement.init)
        self.requirements = try map.texts("x-requirements") ?? []
        self.needsScript = try map.choice("x-profile", ["script"]) != nil
        self.sameOrder = try map.texts("x-same_order") ?? []
        self.agent = PlayedAgentDescription()
        if let node = map.node("x-agent") { self.agent = try PlayedAgentDescription(node, what, file: file) }
        self.harnessFeatures = try map.texts("x-harness", HarnessHello.featureNames) ?? []
        guard map.has("steps") else { throw map.refuse("steps", "\(what) has no 'steps'") }
        self.steps = []
        for node in try map.list("steps") ?? [] { self.steps.append(try Step(node, of: what, file: file)) }
        self.assertions = try NamedAssertion.list(map, "assertions", file: file)
        try self.check(map, what)
    }

    /// The bindings under `transport` and `x-transport`.
    static func transports(_ map: MapReader) throws(DocumentError) -> Set<TransportBinding>? {
        let words = try map.texts("transport", TransportBinding.specified)
        let own = try map.texts("x-transport", TransportBinding.allCases.map(\.rawValue))
        guard words != nil || own != nil else { return nil }
        return Set(((words ?? []) + (own ?? [])).compactMap(TransportBinding.init(rawValue:)))
    }

    private func check(_ map: MapReader, _ what: String) throws(DocumentError) {
        var ids: Set<String> = []
        var background: Set<String> = []
        for step in self.steps {
            guard ids.insert(step.id).inserted else {
                throw DocumentError(file: self.file, line: step.line, "\(what) has two steps '\(step.id)'")
            }
            for awaited in step.awaits where !background.contains(awaited) {
                throw DocumentError(
                    file: self.file, line: step.line,
                    "step '\(step.id)' of \(what) waits for '\(awaited)', which is no background step before it")
            }
            if step.isBackground { background.insert(step.id) }
        }
        if self.isClientTest, !self.steps.allSatisfy({ $0.isClient || $0.isAssertion }) {
            throw map.refuse("steps", "\(what) mixes steps for clients with steps for servers")
        }
        let doing = self.steps.filter { !$0.isAssertion }
        if !doing.isEmpty, doing.allSatisfy(\.isRaw), self.transports == nil {
            throw map.refuse("steps", "\(what) has only raw steps, so it must say its 'transport'")
        }
        if self.steps.contains(where: \.isFrames), self.transports != [.tcp] {
            throw map.refuse("steps", "\(what) has x-tcp steps, so it must say x-transport: [tcp] and no transport")
        }
        if !background.isEmpty, !self.runnerRequirements.contains(.concurrentStreams) {
            throw map.refuse(
                "steps",
                "\(what) has steps in the background, so it must have concurrent_streams in 'runner_requirements'")
        }
        for id in self.sameOrder where !self.steps.contains(where: { $0.id == id && $0.isStream }) {
            throw map.refuse("x-same_order", "'x-same_order' of \(what) names '\(id)', which is no stream of it")
        }
    }
}

extension Step {
    var isAssertion: Bool { if case .assertion = self.action { true } else { false } }
    var isStream: Bool { if case .call(let call) = self.action { call.operation.isStreaming } else { false } }
}
