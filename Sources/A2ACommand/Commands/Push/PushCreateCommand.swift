import A2A
import A2AClient
import ArgumentParser

/// Asks an agent to send a task's updates to a webhook: `a2a push create`.
struct PushCreateCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Asks for a task's updates at a URL; with the --id of an existing configuration, changes that.")

    @Argument(help: "The task's identifier. (default: A2ACLI_TASK_ID)")
    var taskID: String?

    @Option(help: "Where the updates are to be sent.")
    var url: String

    @Option(help: "The configuration's identifier. (default: the agent makes one)")
    var id: String?

    @Option(help: "A token that comes back with every notification. (default: A2ACLI_PUSH_TOKEN)")
    var token: String?

    @Option(
        name: .customLong("auth-scheme"),
        help: "The scheme with which the agent authenticates, such as Bearer or Basic.")
    var scheme: String?

    @Option(
        name: .customLong("auth-credentials"),
        help: "What follows the scheme; for Basic, user:password will do. (default: A2ACLI_PUSH_CREDENTIALS)")
    var credentials: String?

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let taskID = try tool.settings.requiredTaskID(self.taskID)
        var configuration = A2ATaskPushNotificationConfig()
        configuration.url = self.url
        configuration.id = self.id ?? ""
        configuration.token = tool.settings.lookUp("push-token", flag: self.token) ?? ""
        let credentials = tool.settings.lookUp("push-credentials", flag: self.credentials)
        if let scheme = self.scheme ?? credentials.map({ _ in "Bearer" }) {
            configuration.authentication.scheme = scheme
            configuration.authentication.credentials = credentials ?? ""
        }
        let client = try await AgentConnection.open(tool).client
        try tool.output.pushConfig(try await client.createPushConfig(configuration, forTask: taskID))
    }
}

/// Shows a configuration: `a2a push get`.
struct PushGetCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows a push notification configuration of a task.")

    @Argument(help: "The task's identifier.")
    var taskID: String

    @Argument(help: "The configuration's identifier.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let client = try await AgentConnection.open(tool).client
        try tool.output.pushConfig(try await client.getPushConfig(self.id, ofTask: self.taskID))
    }
}

/// Removes a configuration: `a2a push delete`.
struct PushDeleteCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes a push notification configuration; twice is no error.")

    @Argument(help: "The task's identifier.")
    var taskID: String

    @Argument(help: "The configuration's identifier.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let client = try await AgentConnection.open(tool).client
        try await client.deletePushConfig(self.id, ofTask: self.taskID)
        switch tool.settings.format {
        case .json: tool.console.write("{}\n")
        case .text: tool.output.text { $0.field("Deleted", self.id) }
        }
    }
}
