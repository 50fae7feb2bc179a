import ArgumentParser

/// The commands about push notifications: `a2a push …`.
struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Sets up push notifications of tasks, shows how they fare, and receives them.",
        subcommands: PushConfigCommand.verbs + [
            PushStatusCommand.self, PushRetryCommand.self, PushDropCommand.self, PushListenCommand.self,
        ]
    )
}

/// The same under the name that the command-line specification has for them: `a2a task push-config …` (§7.1).
struct PushConfigCommand: ParsableCommand {
    static let verbs: [any ParsableCommand.Type] = [
        PushCreateCommand.self, PushGetCommand.self, PushListCommand.self, PushDeleteCommand.self,
    ]

    static let configuration = CommandConfiguration(
        commandName: "push-config", abstract: "Sets up push notifications of tasks.", subcommands: Self.verbs)
}
