import A2A
import A2AClient
import ArgumentParser

/// Lists tasks: `a2a task list`.
struct TaskListCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists tasks, the newest status first: one page, or all with --all.")

    @Option(name: .customLong("context-id"), help: "Only tasks of this context.")
    var contextID: String?

    @Option(help: "Only tasks in this state, such as working or TASK_STATE_WORKING.")
    var status: String?

    @Option(name: .customLong("page-size"), help: "How many tasks a page has. (default: the agent's choice)")
    var pageSize: Int?

    @Option(name: .customLong("page-token"), help: "The page to show, as the page before it names it.")
    var pageToken: String?

    @Option(help: "How many of the newest messages of each task to include.")
    var history: Int?

    @Flag(name: .customLong("include-artifacts"), help: "Include the tasks' artifacts.")
    var includesArtifacts = false

    @Flag(help: "Go through all pages.")
    var all = false

    @OptionGroup var global: GlobalOptions

    /// The most tasks that --all collects for a single JSON document.
    static let maxCollected = 100_000

    func run(_ tool: Tool) async throws {
        let state = try self.status.map(Self.state) ?? .unspecified
        if let history, history < 0 { throw ToolError.usage("--history is 0 or more.") }
        let client = try await AgentConnection.open(tool).client
        let contextID = tool.settings.lookUp("context-id", flag: self.contextID) ?? ""
        var token = self.pageToken ?? ""
        var collected = A2AListTasksResponse()
        var seen: Set<String> = []
        repeat {
            seen.insert(token)
            var page = try await client.listTasks(
                contextID: contextID, status: state, pageSize: self.pageSize, pageToken: token,
                historyLength: self.history, includeArtifacts: self.includesArtifacts)
            token = page.nextPageToken
            if tool.settings.format == .json, !tool.settings.isStreaming {
                page.tasks = collected.tasks + page.tasks
                collected = page
            } else {
                try self.show(page, tool)
            }
        } while self.all && !token.isEmpty && !seen.contains(token) && collected.tasks.count < Self.maxCollected
        if tool.settings.format == .json, !tool.settings.isStreaming { try tool.output.json(collected) }
    }

    private func show(_ page: A2AListTasksResponse, _ tool: Tool) throws {
        for task in page.tasks {
            switch tool.settings.format {
            case .json: try tool.output.json(task)
            case .text:
                var text = TaskText(isVerbose: tool.settings.isVerbose)
                text.task(task, showsHistory: self.history ?? 0 > 0)
                tool.console.write(text.blocks.text + (text.blocks.text.hasSuffix("\n\n") ? "" : "\n"))
            }
        }
        guard tool.settings.format == .text, !self.all else { return }
        tool.output.text { blocks in
            blocks.field("Total", "\(page.totalSize)")
            blocks.field("Next Page Token", page.nextPageToken)
        }
    }

    static func state(_ text: String) throws -> A2ATaskState {
        let name = text.uppercased().replacing("-", with: "_")
        guard let state = A2ATaskState(name: name) ?? A2ATaskState(name: "TASK_STATE_\(name)") else {
            throw ToolError.usage("--status is a state such as working or input-required, not '\(text)'.")
        }
        return state
    }
}
