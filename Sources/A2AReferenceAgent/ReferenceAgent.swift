import A2A
public import A2AServer

/// The reference agent: skills that show the protocol, and the scripted profile with which a test makes it behave.
///
/// The first word of the message chooses the skill; what no skill answers to is echoed. A message with a conformance script,
/// or with one of the behaviour prefixes, is played instead.
///
/// It keeps nothing beside the task, so it goes on with any task where an earlier process stopped.
public struct ReferenceAgent: Agent {
    private let skills: [any Skill]

    public init() {
        self.skills = [StreamSkill(), ResearchSkill(), FormSkill(), SlowSkill()]
    }

    public var recovery: RecoveryPolicy { .resume }

    public func run(_ turn: Turn) async throws {
        if let player = ScriptPlayer(turn) { return try await player.play() }
        let word = Self.opening(of: turn).text.split(separator: " ").first?.lowercased() ?? ""
        let skill = self.skills.first { $0.keyword == word } ?? EchoSkill()
        try await skill.run(turn)
    }

    /// The message that began the task: its first word goes on choosing the skill in later turns.
    private static func opening(of turn: Turn) -> A2AMessage {
        turn.task?.history.first { $0.role == .user } ?? turn.message
    }
}

/// Something that the reference agent can do.
protocol Skill: Sendable {
    /// The first word of a message that is for this skill, in lower case.
    var keyword: String { get }
    /// How the card describes it.
    var card: A2AAgentSkill { get }

    func run(_ turn: Turn) async throws
}

extension Turn {
    /// How many of the turn's events are out already, from before its process was restarted.
    var eventsOut: Int { self.resumption?.events ?? 0 }

    /// The artifact with an id, if it is out already.
    func artifactOut(_ id: String) -> A2AArtifact? {
        self.eventsOut > 0 ? self.task?.artifacts.first { $0.artifactID == id } : nil
    }
}

extension A2AMessage {
    /// The text without its first word, which chose the skill.
    var request: String {
        let words = self.text.split(separator: " ", maxSplits: 1)
        return words.count == 2 ? String(words[1]) : ""
    }
}
