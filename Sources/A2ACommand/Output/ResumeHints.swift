import A2A

/// The commands that go on from a result, to be pasted (command-line specification §8.2).
struct ResumeHints: Sendable {
    private let agent: String

    init(agentCard: String?) {
        self.agent = agentCard.map { " --agent-card \(Self.quoted($0))" } ?? ""
    }

    /// The reference goes in only if it was a flag: from the environment or a file it will come again.
    init(settings: Settings) {
        let isFlag = settings.effective.contains { $0.name == "agent-card" && $0.source == .flag }
        self.init(agentCard: isFlag ? settings.agentCard : nil)
    }

    /// What to do next with a task, if there is anything.
    func next(taskID: String, state: A2ATaskState) -> String? {
        if state == .inputRequired || state == .authRequired { return self.reply(taskID: taskID) }
        return state.isTerminal ? nil : self.poll(taskID: taskID)
    }

    func reply(taskID: String) -> String {
        "a2a send\(self.agent) --task-id \(Self.quoted(taskID)) \"<reply>\""
    }

    func poll(taskID: String) -> String {
        "a2a task get\(self.agent) --wait \(Self.quoted(taskID))"
    }

    /// A word as a shell takes it.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
