import ArgumentParser

/// The commands about tasks: `a2a task …`.
struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Looks at tasks, follows them and cancels them.",
        subcommands: [
            TaskGetCommand.self, TaskCancelCommand.self, TaskListCommand.self, TaskSubscribeCommand.self,
            PushConfigCommand.self,
        ]
    )
}
