import A2A
import A2AHTTP
import A2AServer
import Logging
import ServiceLifecycle
import UnixSignals

/// The agent, called once for each message; a reply like this one needs no task.
struct Hello: Agent {
    func run(_ turn: Turn) async throws {
        try await turn.reply("Hello, \(turn.message.text)!")
    }
}

@main
enum Program {
    static func main() async throws {
        // The card is how others find out what the agent can do. The server adds where it listens.
        let skill = A2AAgentSkill(
            id: "greet", name: "Greet", description: "Greets whoever says a name.", tags: ["greeting"],
            examples: ["Ada"])
        let card = A2AAgentCard(
            name: "Hello", description: "Greets people.", version: "1.0.0", skills: [skill])

        var configuration = HTTPServerConfiguration()
        configuration.port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 9910

        let logger = Logger(label: "hello")
        let server = AgentServer(agent: Hello(), card: card, configuration: configuration, logger: logger) { url in
            logger.notice("Listening on \(url)")
        }
        // On Ctrl-C or SIGTERM the turns at work may end before the program does.
        let group = ServiceGroup(services: [server], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        try await group.run()
    }
}
