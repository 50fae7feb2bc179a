import A2A
import A2AClient
import A2AHTTP
import A2AServer
import Logging

/// Starts the application and asks its agent twice: over HTTP, as others do, and in process, as the application itself
/// can.
@main
enum Program {
    static func main() async throws {
        var application = LibraryApplication()
        application.logger.logLevel = .warning
        application.port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? application.port
        let runtime = application.runtime
        try await application.run { url in
            print("The application's own route: \(url)/books")

            let remote = try await Client.discover(url)
            print("Over \(remote.interface?.protocolBinding ?? "?"): \(try await remote.send("time").text)")

            // The runtime is the same A2A service that the routes lead to. The client does not see the difference.
            let local = Client(service: runtime, card: runtime.card)
            print("In process: \(try await local.send("time").text)")
        }
    }
}
