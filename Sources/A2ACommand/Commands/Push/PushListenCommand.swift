import A2A
import A2AClient
import A2AHTTP
import A2ASecurity
import ArgumentParser
import Logging
import Synchronization

/// Receives push notifications and prints them: `a2a push listen`.
struct PushListenCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Receives push notifications and prints them, one by one.",
        discussion: """
            Notifications without the token, the Authorization or the task that were asked for are refused. One that comes \
            again is acknowledged and not printed. What is refused is named on standard error. Once the receiver listens, it says READY and its URL on standard error.
            """
    )

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port; 0 takes a free one.")
    var port = 9930

    @Option(help: "The path of the URL.")
    var path = "/"

    @Option(help: "The token that notifications must have. (default: A2ACLI_PUSH_TOKEN)")
    var token: String?

    @Option(
        name: .customLong("authorization"),
        help: "What Authorization must be, such as 'Bearer abc'. (default: A2ACLI_PUSH_AUTHORIZATION)")
    var authorization: String?

    @Option(help: "The URL of the agent's keys: notifications must be signed, and are checked against them.")
    var jwks: String?

    @Option(
        help:
            "Who notifications must be addressed to in their signature: the origin of the URL that the agent was given."
    )
    var audience: String?

    @Option(name: .customLong("task-id"), parsing: .singleValue, help: "Only notifications of this task. Repeatable.")
    var taskIDs: [String] = []

    @Option(help: ArgumentHelp("End after so many notifications.", valueName: "number"))
    var count: Int?

    @OptionGroup var global: GlobalOptions

    func run(_ tool: Tool) async throws {
        guard (0...65535).contains(self.port) else { throw ToolError.usage("--port is 0 to 65535.") }
        guard self.count ?? 1 > 0 else { throw ToolError.usage("--count is 1 or more.") }
        let token = tool.settings.lookUp("push-token", flag: self.token)
        let authorization = tool.settings.lookUp("push-authorization", flag: self.authorization)
        if token == nil, authorization == nil, self.jwks == nil {
            tool.console.note(
                "Warning: without --token, --authorization or --jwks, notifications of anybody are taken.\n")
        }
        var receiver = PushNotificationReceiver(token: token, authorization: authorization)
        if let url = self.jwks {
            let keys = HTTPKeySet(url: url)
            receiver.verifier = JWTPushNotificationVerifier(.init(audience: self.audience)) { try await keys.fetch() }
        }
        if !self.taskIDs.isEmpty {
            let expected = Set(self.taskIDs)
            receiver.isExpected = { expected.contains($0) }
        }
        let (end, hasEnded) = AsyncStream<Void>.makeStream()
        let printed = Atomic(0)
        let isListening = Atomic(false)
        let route = PushNotificationRoute(
            receiver: receiver,
            onRefusal: { [console = tool.console] in console.note("Refused: \(TextBlocks.clean($0.message))\n") }
        ) {
            [output = tool.output, count = self.count] notification in
            try output.event(notification.response, contextID: "", state: notification.response.state)
            if printed.add(1, ordering: .sequentiallyConsistent).newValue == count { hasEnded.finish() }
        }
        let listener = PushNotificationListener(
            route, host: self.host, port: self.port, path: self.path,
            logger: Logger(label: "a2a.push", factory: { _ in GatewayLogHandler(console: tool.console) })
        ) { url in
            isListening.store(true, ordering: .relaxed)
            tool.console.note("Ask for notifications with: a2a push create <task> --url \(url)\nREADY \(url)\n")
        }
        do {
            try await listener.runService { for await _ in end {} }
        } catch is CancellationError {
            // Told to end by who started it in this process.
        } catch  where !isListening.load(ordering: .relaxed) {
            throw ToolError(
                code: .internal, message: "The receiver cannot listen: \(error)",
                hint: "Choose another port with --port; 0 takes a free one.")
        }
    }
}
