import A2A
import A2AClient
import ArgumentParser
import SwiftProtobuf

/// `a2a send`: starts an interaction or goes on with one.
struct SendCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends a message and waits for the task to end or to need you.",
        discussion: """
            The text comes first; then the parts of --text, --file and --data in the order in which they are given.
            """
    )

    @Argument(help: "What to say.")
    var message: String?

    @Option(parsing: .unconditionalSingleValue, help: "A text part. Repeatable.")
    var text: [String] = []

    @Option(
        parsing: .singleValue, help: "A file part: a path (sent inline) or a URL (sent as a reference). Repeatable.")
    var file: [String] = []

    @Option(parsing: .unconditionalSingleValue, help: "A data part: a JSON file, or - for standard input. Repeatable.")
    var data: [String] = []

    @Option(
        name: .customLong("media-type"), parsing: .singleValue,
        help: "The media type of the part before it. (default: guessed from a file's name)")
    var mediaType: [String] = []

    @Option(name: .customLong("task-id"), help: "Go on with this task.")
    var taskID: String?

    @Option(
        name: .customLong("if-generation"),
        help: ArgumentHelp(
            "Only if the task still stands at this generation. Speaks A2A 1.1, a draft.", valueName: "generation"))
    var ifGeneration: Int64?

    @Option(name: .customLong("context-id"), help: "Start a new task in this context.")
    var contextID: String?

    @Option(help: "Metadata for the agent, a JSON object.")
    var metadata: String?

    @Option(help: "How many messages of the task's history to include. (default: the agent's choice)")
    var history: Int?

    @Flag(
        name: [.customLong("async"), .customLong("return-immediately"), .customLong("no-wait")],
        help: "Do not wait: return the identifiers at once.")
    var isAsync = false

    @Flag(name: [.customLong("wait"), .customLong("watch")], help: "Wait for the task. This is the default.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        let settings = tool.settings
        let message = try self.message(tool)
        guard !(self.isAsync && self.wait) else {
            throw ToolError.usage("--async and --wait contradict each other.")
        }
        if self.isAsync && settings.isStreaming {
            throw ToolError.usage("--async and --stream contradict each other.")
        }
        let isAsync = try self.wait || settings.isStreaming ? false : settings.isOn("async", flag: self.isAsync)
        var configuration = A2ASendMessageConfiguration()
        if isAsync { configuration.returnImmediately = true }
        if let history = self.history {
            guard history >= 0 else { throw ToolError.usage("--history is 0 or more.") }
            configuration.historyLength = Int32(clamping: history)
        }
        if let generation = self.ifGeneration {
            guard generation >= 0 else { throw ToolError.usage("--if-generation is 0 or more.") }
            guard !message.taskID.isEmpty else { throw ToolError.usage("--if-generation goes with --task-id.") }
            configuration.ifGenerationMatch = generation
        }
        var request = A2ASendMessageRequest()
        request.message = message
        if configuration != A2ASendMessageConfiguration() { request.configuration = configuration }
        if let text = settings.lookUp("metadata", flag: self.metadata) {
            request.metadata = try Self.object(text, of: "--metadata")
        }

        let connection = try await AgentConnection.open(tool, version: self.ifGeneration == nil ? nil : .v1_1)
        do {
            try await self.send(request, connection, tool, isAsync: isAsync)
        } catch let error as A2AError where !message.taskID.isEmpty && Self.isRejection(error) {
            throw ContinuationFailure(taskID: message.taskID, error: error)
        }
    }

    private func send(
        _ request: A2ASendMessageRequest, _ connection: AgentConnection, _ tool: Tool, isAsync: Bool
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: tool.settings.timeout)
        if tool.settings.isStreaming {
            guard connection.card.card.capabilities.streaming else {
                tool.console.note("Note: the agent does not stream; waiting for the result instead.\n")
                let response = try await self.wait(for: request, connection, tool, deadline: deadline)
                return try self.reportAsEvent(response, request, tool)
            }
            return try await self.stream(request, connection, tool)
        }
        let response =
            isAsync
            ? try await connection.client.sendMessage(request)
            : try await self.wait(for: request, connection, tool, deadline: deadline)
        try tool.output.response(response, sent: request.message, showsHistory: self.history ?? 0 > 0)
    }

    /// Sends and, where the agent answers before the task has come to rest, asks until it has.
    private func wait(
        for request: A2ASendMessageRequest, _ connection: AgentConnection, _ tool: Tool,
        deadline: ContinuousClock.Instant
    ) async throws -> A2ASendMessageResponse {
        let response = try await connection.client.sendMessage(request)
        guard case .task(let task) = response.payload else { return response }
        let state = task.status.state
        guard !state.isTerminal, !state.isInterrupted else { return response }
        tool.console.note("Task ID: \(TextBlocks.clean(task.id))\n")
        do {
            let final = try await connection.client.waitForTask(
                task.id, historyLength: self.history, interval: tool.settings.pollInterval,
                timeout: deadline - .now)
            return .task(final)
        } catch {
            throw InterruptedTask(taskID: task.id, error: error)
        }
    }

    private func stream(
        _ request: A2ASendMessageRequest, _ connection: AgentConnection, _ tool: Tool
    ) async throws {
        tool.output.sent(request.message)
        let stream = try await connection.client.sendStreamingMessage(request)
        try await EventPrinter(output: tool.output, continuesTask: !request.message.taskID.isEmpty).print(stream)
    }

    private func reportAsEvent(
        _ response: A2ASendMessageResponse, _ request: A2ASendMessageRequest, _ tool: Tool
    ) throws {
        tool.output.sent(request.message)
        switch response.payload {
        case .task(let task):
            try tool.output.event(.task(task), contextID: task.contextID, state: task.status.state)
            tool.output.streamEnded(taskID: task.id, state: task.status.state)
        case .message(let message): try tool.output.event(.message(message), contextID: "", state: nil)
        case nil: break
        }
    }

    /// The message that the arguments describe.
    func message(_ tool: Tool) throws -> A2AMessage {
        let loader = PartLoader(console: tool.console, workingDirectory: tool.invocation.workingDirectory)
        var parts: [A2APart] = self.message.map { [.text($0)] } ?? []
        parts += try PartArguments.parse(tool.invocation.arguments).map(loader.part)
        guard !parts.isEmpty else {
            throw ToolError.usage("There is nothing to send.", hint: "For example: a2a send \"Hello\"")
        }
        return A2AMessage(
            role: .user, parts: parts,
            contextID: tool.settings.lookUp("context-id", flag: self.contextID) ?? "",
            taskID: tool.settings.lookUp("task-id", flag: self.taskID) ?? ""
        )
    }

    /// Whether the agent refused the message for what it said, rather than being out of reach.
    private static func isRejection(_ error: A2AError) -> Bool {
        error.code.isA2ASpecific || error.code == .invalidParams
    }

    static func object(_ text: String, of option: String) throws -> A2AMetadata {
        do {
            return try A2AMetadata(jsonString: text)
        } catch {
            throw ToolError.usage("\(option) is a JSON object such as '{\"key\": \"value\"}'.")
        }
    }
}
