import A2A
import A2AClient
import ArgumentParser

/// `a2a task get`: the state of a task, its artifacts and, if asked for, its history.
struct TaskGetCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows a task; with --wait, once it has ended or needs you.",
        discussion: """
            With A2A 1.1 (--a2a-version 1.1, a draft) tasks have a generation that grows by one with every change; --wait-after \
            waits for the next one.
            """)

    @Argument(help: "The task's identifier. (default: A2ACLI_TASK_ID)")
    var taskID: String?

    @Option(help: "How many of the newest messages to include.")
    var history: Int?

    @Flag(name: [.customLong("wait"), .customLong("watch")], help: "Ask until the task has ended or needs you.")
    var wait = false

    @Option(
        name: .customLong("wait-after"),
        help: ArgumentHelp(
            "Wait until the task has changed after this generation, or ended. Speaks A2A 1.1.", valueName: "generation")
    )
    var waitAfter: Int64?

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let id = try tool.settings.requiredTaskID(self.taskID)
        if let history, history < 0 { throw ToolError.usage("--history is 0 or more.") }
        if let generation = self.waitAfter { return try await self.run(tool, id, waitingBeyond: generation) }
        guard try tool.settings.isOn("wait", flag: self.wait) else {
            let client = try await AgentConnection.open(tool).client
            let task = try await client.getTask(id, historyLength: self.history)
            return try tool.output.task(task, showsHistory: self.history ?? 0 > 0)
        }
        do {
            let client = try await AgentConnection.open(tool).client
            let task = try await client.waitForTask(
                id, historyLength: self.history, interval: tool.settings.pollInterval,
                timeout: tool.settings.timeout)
            try tool.output.task(task, showsHistory: self.history ?? 0 > 0)
        } catch let error as A2AError where error.code == .deadlineExceeded {
            throw InterruptedTask(taskID: id, error: error)
        }
    }
}

extension TaskGetCommand {
    private func run(_ tool: Tool, _ id: String, waitingBeyond generation: Int64) async throws {
        guard generation >= 0 else { throw ToolError.usage("--wait-after is 0 or more.") }
        guard !self.wait else { throw ToolError.usage("--wait and --wait-after contradict each other.") }
        let client = try await AgentConnection.open(tool, version: .v1_1).client
        do {
            let task = try await client.waitForTask(
                id, beyond: generation, historyLength: self.history, interval: tool.settings.pollInterval,
                timeout: tool.settings.timeout)
            try tool.output.task(task, showsHistory: self.history ?? 0 > 0)
        } catch let error as A2AError where error.code == .deadlineExceeded {
            throw InterruptedTask(taskID: id, error: error)
        }
    }
}

extension Settings {
    func requiredTaskID(_ argument: String?) throws -> String {
        guard let id = self.lookUp("task-id", flag: argument), !id.isEmpty else {
            throw ToolError.usage("Which task? Give its identifier.")
        }
        return id
    }
}
