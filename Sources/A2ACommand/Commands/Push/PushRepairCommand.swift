import A2A
import A2AHTTP
import A2AServer
import ArgumentParser

/// Which agent is administered.
struct AdminOptions: ParsableArguments {
    @Option(
        name: .customLong("admin-socket"),
        help: ArgumentHelp("The agent's admin socket. (default: A2ACLI_ADMIN_SOCKET)", valueName: "file"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The agent's store: sqlite:FILE. (default: A2ACLI_STORE, or \(StoreFile.defaultPath))", valueName: "store"))
    var store: String?

    /// The socket that was named; `nil` for none.
    func adminSocket(_ tool: Tool) -> String? {
        tool.settings.lookUp("admin-socket", flag: self.socket).map { AgentConnection.absolute($0, tool) }
    }

    /// - Throws: ``ToolError`` if it is clear neither where the agent nor where its store is.
    func file(_ tool: Tool) throws -> StoreFile {
        do {
            return try StoreFile(tool.settings.lookUp("store", flag: self.store) ?? StoreFile.defaultPath, tool)
        } catch let error as ToolError where self.store == nil {
            throw ToolError(
                code: .usage, message: "Which agent? \(error.message)",
                hint: "Give its --store or its --admin-socket; a2a-agent takes both.")
        }
    }

    /// The agent on the socket that was named, or on the one beside its store.
    func client(_ tool: Tool) throws -> AdminClient {
        if let socket = self.adminSocket(tool) { return AdminClient(path: socket) }
        let file = try self.file(tool)
        guard let socket = AdminSocket.path(beside: file.path) else {
            throw ToolError.usage("The path of the store is too long for a socket beside it; give --admin-socket.")
        }
        return AdminClient(path: socket)
    }

    /// - Throws: ``ToolError`` if nobody answers.
    static func asking<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch let error as A2AError where error.code == .unavailable {
            throw ToolError(
                code: .unreachable, message: error.message,
                hint: "Is the agent running, with this --admin-socket, and are you its user?")
        }
    }
}

/// Which of the configurations that were given up are meant.
struct DeadLetterOptions: ParsableArguments {
    @Option(name: .customLong("task-id"), help: "Those of this task.")
    var taskID: String?

    @Option(help: "Those with this identifier.")
    var id: String?

    @Option(help: "Those of this destination, as a2a push status shows it.")
    var destination: String?

    @Flag(help: "All of them.")
    var all = false

    func selection() throws -> PushNotificationSelection {
        let selection = PushNotificationSelection(taskID: self.taskID, id: self.id, destination: self.destination)
        guard self.all == (selection == PushNotificationSelection()) else {
            throw ToolError.usage(
                "Which ones? Give --task-id, --id or --destination, or --all.",
                hint: "a2a push status --state dead shows them.")
        }
        return selection
    }

    /// Does something to the chosen ones, and reports to how many.
    func repair(
        _ title: String, _ agent: AdminOptions, _ tool: Tool,
        _ body: (AdminClient, PushNotificationSelection) async throws -> Int
    ) async throws {
        let (selection, client) = (try self.selection(), try agent.client(tool))
        let count = try await AdminOptions.asking { try await body(client, selection) }
        try tool.report([(title, .number(count))])
    }
}

/// Tries notifications again that were given up: `a2a push retry`.
struct PushRetryCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Tries push notifications of an agent again that were given up, from where they stopped.",
        discussion:
            "For those who operate the agent, while it runs: over all callers. See a2a push status --state dead.")

    @OptionGroup var chosen: DeadLetterOptions
    @OptionGroup var agent: AdminOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        try await self.chosen.repair("Tried Again", self.agent, tool) { client, selection in
            try await client.retryPushNotifications(selection, timeout: tool.settings.timeout)
        }
    }
}

/// Removes what was given up: `a2a push drop`.
struct PushDropCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Removes push notification configurations of an agent that were given up, undelivered.",
        discussion:
            "For those who operate the agent, while it runs: over all callers. See a2a push status --state dead.")

    @OptionGroup var chosen: DeadLetterOptions
    @OptionGroup var agent: AdminOptions
    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        try await self.chosen.repair("Dropped", self.agent, tool) { client, selection in
            try await client.dropPushNotifications(selection, timeout: tool.settings.timeout)
        }
    }
}
