import A2A
import A2AClient
import ArgumentParser

/// Lists a task's configurations: `a2a push list`.
struct PushListCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the push notification configurations of a task: one page, or all with --all.")

    @Argument(help: "The task's identifier. (default: A2ACLI_TASK_ID)")
    var taskID: String?

    @Option(name: .customLong("page-size"), help: "How many a page has. (default: the agent's choice)")
    var pageSize: Int?

    @Option(name: .customLong("page-token"), help: "The page to show, as the page before it names it.")
    var pageToken: String?

    @Flag(help: "Go through all pages.")
    var all = false

    @OptionGroup var global: GlobalOptions

    /// The most configurations that --all collects.
    static let maxCollected = 10_000

    func run(_ tool: Tool) async throws {
        let taskID = try tool.settings.requiredTaskID(self.taskID)
        let client = try await AgentConnection.open(tool).client
        var collected = A2AListTaskPushNotificationConfigsResponse()
        var token = self.pageToken ?? ""
        var seen: Set<String> = []
        repeat {
            seen.insert(token)
            let page = try await client.listPushConfigs(ofTask: taskID, pageSize: self.pageSize, pageToken: token)
            collected.configs += page.configs
            collected.nextPageToken = page.nextPageToken
            token = page.nextPageToken
        } while self.all && !token.isEmpty && !seen.contains(token) && collected.configs.count < Self.maxCollected
        switch tool.settings.format {
        case .json: try tool.output.json(collected)
        case .text:
            for configuration in collected.configs {
                try tool.output.pushConfig(configuration)
                tool.console.write("\n")
            }
            tool.output.text { $0.field("Next Page Token", collected.nextPageToken) }
        }
    }
}

extension ResultWriter {
    /// A configuration: `TaskPushNotificationConfig` in JSON. In text its secrets are not shown.
    func pushConfig(_ configuration: A2ATaskPushNotificationConfig) throws {
        switch self.format {
        case .json: try self.json(configuration)
        case .text:
            self.text { blocks in
                blocks.field("Config ID", configuration.id)
                blocks.field("Task ID", configuration.taskID)
                blocks.field("URL", configuration.url)
                blocks.field("Token", configuration.token.isEmpty ? nil : "(set)")
                guard configuration.hasAuthentication else { return }
                let authentication = configuration.authentication
                blocks.field(
                    "Authentication", authentication.scheme + (authentication.credentials.isEmpty ? "" : " (set)"))
            }
        }
    }
}
