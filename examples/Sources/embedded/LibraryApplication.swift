import A2A
import A2AClient
import A2AHTTP
import A2AServer
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// A web application with an agent in it.
struct LibraryApplication: Sendable {
    let library: Library
    var runtime: TaskRuntime
    var port = 9930
    var logger = Logger(label: "library")

    /// Where the agent's routes are, beside the application's own; the card is always at the well-known path.
    private static let paths: HTTPServerConfiguration = {
        var paths = HTTPServerConfiguration()
        paths.jsonRPCPath = "/agent"
        paths.httpJSONPath = "/agent/v1"
        return paths
    }()

    init(library: Library = Library()) {
        self.library = library
        self.runtime = TaskRuntime(agent: Librarian(library: library), card: Librarian.card)
    }

    /// Serves until `visit`, which is given the application's URL, has returned, or a signal comes.
    ///
    /// A real application has no visitor: it leaves the last of the three services out.
    func run(visit: @escaping @Sendable (_ url: String) async throws -> Void) async throws {
        let (started, start) = AsyncStream<String>.makeStream()
        let application = Application(
            router: self.router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: self.port)),
            onServerRunning: { channel in
                let url = "http://127.0.0.1:\(channel.localAddress?.port ?? self.port)"
                // Only the application knows under which address it is reached, so it completes the card.
                self.runtime.card.supportedInterfaces = HTTPBinding.interfaces(base: url, Self.paths)
                start.yield(url)
            },
            logger: self.logger
        )
        let visitor = Visitor { for await url in started { return try await visit(url) } }
        // Services end in reverse order. The runtime ends the streams that it feeds, and only then can the application
        // end, which waits for its connections: so the runtime comes after it, and not into `application.services`.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: application),
                    .init(service: self.runtime),
                    .init(
                        service: visitor,
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: self.logger
            )
        )
        try await group.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("books") { [library] _, _ in library.titles }
        A2ARoutes(service: self.runtime, configuration: Self.paths).add(to: router)
        return router
    }

    /// Something that runs once, as a service.
    private struct Visitor: Service {
        let body: @Sendable () async throws -> Void

        func run() async throws { try await self.body() }
    }
}
