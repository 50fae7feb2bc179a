import A2A

/// A script of the conformance profile (conformance/profile.md, sections 2 and 3), checked as a whole.
struct ConformanceScript {
    /// The media type of the part that carries a script.
    static let mediaType = "application/vnd.a2a-conformance+json"
    /// The most steps of a script.
    static let maxSteps = 1000
    /// The longest delay, in milliseconds.
    static let maxDelay = 60_000

    enum Step: Equatable {
        case working([A2APart])
        case artifact(A2AArtifact, append: Bool, lastChunk: Bool)
        case delay(milliseconds: Int)
        case requireInput([A2APart])
        case requireAuth([A2APart])
        case waitForMessage
        case reply([A2APart])
        case complete([A2APart])
        case fail([A2APart])
        case reject([A2APart])
        case fault(String)
        case echo

        /// Whether the step makes one event and the script goes on in the same turn.
        var isEvent: Bool {
            switch self {
            case .working, .artifact, .echo: true
            default: false
            }
        }

        private var isDelay: Bool {
            if case .delay = self { true } else { false }
        }

        /// Whether a step that was played before can be left out when the script is played again.
        var isRepeatable: Bool { self.isDelay || self.isEvent }

        /// Whether the script goes on only with the task's next message.
        var pauses: Bool {
            switch self {
            case .requireInput, .requireAuth, .waitForMessage: true
            default: false
            }
        }
    }

    var steps: [Step]

    /// What is wrong with a script, for the status message of the rejected task.
    struct Mistake: Error, Equatable {
        var text: String
    }

    /// The script that a message carries: of its own, or by a behaviour prefix; `nil` if it carries none.
    ///
    /// - Throws: ``Mistake``.
    init?(of message: A2AMessage) throws(Mistake) {
        let part = message.parts.first { part in
            guard case .data = part.content else { return false }
            return MediaType.accepts([Self.mediaType], part.mediaType)
        }
        if case .data(let value)? = part?.content {
            self = try Self(value)
        } else if let steps = BehaviourPrefix.steps(for: message) {
            self.steps = steps
        } else {
            return nil
        }
    }

    init(steps: [Step]) { self.steps = steps }

    private init(_ value: A2AValue) throws(Mistake) {
        guard let object = value.object, object.count == 1, let steps = object["script"]?.array else {
            throw Mistake(text: "script: the data must be an object with one member, \"script\", an array of steps")
        }
        guard steps.count <= Self.maxSteps else {
            throw Mistake(text: "script: \(steps.count) steps are more than \(Self.maxSteps)")
        }
        self.steps = []
        self.steps.reserveCapacity(steps.count)
        for (index, step) in steps.enumerated() {
            do {
                self.steps.append(try Self.step(step))
            } catch {
                throw Mistake(text: "script step \(index + 1): \(error.text)")
            }
        }
    }

    private static func step(_ value: A2AValue) throws(Mistake) -> Step {
        guard let object = value.object, object.count == 1, let (name, value) = object.first else {
            throw Mistake(text: "a step is an object with exactly one member")
        }
        guard let members = value.object else { throw Mistake(text: "the arguments of \"\(name)\" must be an object") }
        var arguments = ScriptArguments(step: name, members: members)
        let step: Step
        switch name {
        case "working": step = .working(try arguments.words())
        case "requireInput": step = .requireInput(try arguments.words())
        case "requireAuth": step = .requireAuth(try arguments.words())
        case "complete": step = .complete(try arguments.words())
        case "fail": step = .fail(try arguments.words())
        case "reject": step = .reject(try arguments.words())
        case "waitForMessage": step = .waitForMessage
        case "echo": step = .echo
        case "throw": step = .fault(try arguments.string("message") ?? "scripted failure")
        case "reply":
            let words = try arguments.words()
            guard !words.isEmpty else { throw Mistake(text: "\"reply\" needs text or parts") }
            step = .reply(words)
        case "delay":
            guard let milliseconds = try arguments.integer("milliseconds") else {
                throw Mistake(text: "\"delay\" needs milliseconds")
            }
            guard (0...self.maxDelay).contains(milliseconds) else {
                throw Mistake(text: "\"delay\" takes 0 to \(self.maxDelay) milliseconds, not \(milliseconds)")
            }
            step = .delay(milliseconds: milliseconds)
        case "artifact":
            guard let parts = try arguments.parts() else { throw Mistake(text: "\"artifact\" needs parts") }
            var artifact = A2AArtifact(parts: parts, artifactID: try arguments.string("id") ?? "artifact")
            artifact.name = try arguments.string("name") ?? ""
            artifact.description_p = try arguments.string("description") ?? ""
            if let metadata = try arguments.object("metadata") { artifact.metadata = A2AMetadata(metadata) }
            step = .artifact(
                artifact, append: try arguments.flag("append"), lastChunk: try arguments.flag("lastChunk"))
        default:
            throw Mistake(text: "unknown step \"\(name.prefix(100))\"")
        }
        try arguments.finish()
        return step
    }
}
