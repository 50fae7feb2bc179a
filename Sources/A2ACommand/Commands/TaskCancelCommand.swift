import A2A
import A2AClient
import ArgumentParser

/// Cancels a task: `a2a task cancel`.
struct TaskCancelCommand: ToolCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Cancels a task.")

    @Argument(help: "The task's identifier. (default: A2ACLI_TASK_ID)")
    var taskID: String?

    @Option(help: "Metadata for the agent, a JSON object.")
    var metadata: String?

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let id = try tool.settings.requiredTaskID(self.taskID)
        let metadata = try self.metadata.map { try SendCommand.object($0, of: "--metadata") }
        let client = try await AgentConnection.open(tool).client
        let task = try await client.cancel(id, metadata: metadata)
        // That it is canceled is what was asked for: no warning.
        var output = tool.output
        output.warnsOfCancellation = false
        try output.task(task)
    }
}
