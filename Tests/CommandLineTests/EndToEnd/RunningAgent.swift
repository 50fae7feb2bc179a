import A2A
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import Synchronization

/// The reference agent on a free port, while a test runs.
enum RunningAgent {
    static func with(
        without: Set<ReferenceAgent.Capability> = [],
        token: String? = nil,
        card: A2AAgentCard? = nil,
        _ body: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws {
        let (ready, started) = AsyncStream.makeStream(of: String.self)
        var configuration = HTTPServerConfiguration()
        configuration.port = 0
        configuration.versions = [.v1_0, .v1_1]
        let server = AgentServer(
            agent: ReferenceAgent(),
            card: card ?? ReferenceAgent.card(without: without, requiresToken: token != nil),
            configuration: configuration,
            authenticator: token.map { StaticTokenAuthenticator([$0: Principal(id: "tester")]) },
            onRunning: { started.yield($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var addresses = ready.makeAsyncIterator()
            guard let url = await addresses.next() else { return }
            do {
                try await body(url)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                // Being cancelled is how it was told to stop.
                if case .failure(let error) = result, !(error is CancellationError) { break }
            }
        }
    }
}
