public import A2A
public import Logging
public import ServiceLifecycle
import Synchronization

/// Serves one service over several bindings.
///
/// An agent wants ``AgentServer``, which runs the runtime too. This is for services without one, such as a gateway.
public struct BindingGroup: Service {
    private let service: any A2AService
    private let bindings: [any ServerBinding]
    private let logger: Logger
    private let onListening: @Sendable ([BindingEndpoint]) async -> Void

    /// - Parameter onListening: Called once all bindings listen, with their endpoints in the same order.
    public init(
        service: any A2AService,
        bindings: [any ServerBinding],
        logger: Logger,
        onListening: @escaping @Sendable ([BindingEndpoint]) async -> Void = { _ in }
    ) {
        self.service = service
        self.bindings = bindings
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: What the first binding that fails throws; the others are stopped then.
    public func run() async throws {
        let arrivals = Arrivals(count: self.bindings.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (position, binding) in self.bindings.enumerated() {
                group.addTask {
                    try await binding.serve(self.service, logger: self.logger) { endpoint in
                        guard let all = arrivals.note(endpoint, at: position) else { return }
                        await self.onListening(all)
                    }
                }
            }
            do {
                try await group.waitForAll()
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    /// Who listens already.
    private final class Arrivals: Sendable {
        private let endpoints: Mutex<[BindingEndpoint?]>

        init(count: Int) { self.endpoints = Mutex(Array(repeating: nil, count: count)) }

        /// All endpoints, if this is the last one.
        func note(_ endpoint: BindingEndpoint, at position: Int) -> [BindingEndpoint]? {
            self.endpoints.withLock { endpoints in
                endpoints[position] = endpoint
                let known = endpoints.compactMap(\.self)
                return known.count == endpoints.count ? known : nil
            }
        }
    }
}

extension BindingGroup: CustomStringConvertible {
    /// What service groups print in their logs.
    public var description: String {
        "BindingGroup(\(self.bindings.map(\.description).joined(separator: ", ")))"
    }
}
