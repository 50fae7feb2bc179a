import A2AHTTP
import A2AServer
import Logging
import ServiceLifecycle
import UnixSignals

/// `coordinator` shows everything in one process; `coordinator PORT URL...` coordinates the agents at the URLs.
@main
enum Program {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.isEmpty { return try await Demonstration.run() }
        guard let port = arguments.first.flatMap(Int.init), arguments.count > 1 else {
            return print("usage: coordinator [PORT URL...]")
        }
        try await self.serve(Array(arguments.dropFirst()), port: port)
    }

    private static func serve(_ agents: [String], port: Int) async throws {
        let logger = Logger(label: "coordinator")
        let delegations = Delegations()
        var configuration = HTTPServerConfiguration()
        configuration.port = port
        let server = AgentServer(
            agent: Coordinator(agents: agents, delegations: delegations), card: Coordinator.card,
            configuration: configuration, logger: logger
        ) { url in
            logger.notice("Listening on \(url)")
        }
        // Services end in reverse order: turns that are stopped with the server still have their delegations cancelled.
        let group = ServiceGroup(
            services: [delegations, server], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        try await group.run()
    }
}
