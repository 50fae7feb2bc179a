import A2A
import A2AClient
import ArgumentParser

/// `a2a task subscribe`: follows a task.
struct TaskSubscribeCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Follows a task until it has ended or needs you; with --stream, event by event.")

    @Argument(help: "The task's identifier. (default: A2ACLI_TASK_ID)")
    var taskID: String?

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let id = try tool.settings.requiredTaskID(self.taskID)
        let client = try await AgentConnection.open(tool).client
        let stream = try await client.subscribe(id)
        let printer = EventPrinter(output: tool.output)
        guard tool.settings.isStreaming else {
            return try tool.output.task(try await printer.last(of: stream))
        }
        try await printer.print(stream)
    }
}
