import Synchronization

/// Whether the services of a server can be called, for `grpc.health.v1`.
final class ServingStatus: Sendable {
    typealias Status = Grpc_Health_V1_HealthCheckResponse.ServingStatus

    private struct State {
        var isServing = true
        var watchers: [Int: AsyncStream<Status>.Continuation] = [:]
        var nextWatcher = 0
    }

    private let services: Set<String>
    private let state = Mutex(State())

    /// - Parameter services: The full names of the services that can be asked about, beside the server as a whole.
    init(services: Set<String>) { self.services = services.union([""]) }

    var isServing: Bool { self.state.withLock { $0.isServing } }

    /// The status of a service, or `nil` if there is none of that name.
    func status(of service: String) -> Status? {
        guard self.services.contains(service) else { return nil }
        return self.isServing ? .serving : .notServing
    }

    /// The status now, and then each change of it.
    ///
    /// Only the latest is kept for a slow reader. It ends after the last change.
    func watch(_ service: String) -> AsyncStream<Status> {
        let (changes, input) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
        guard self.services.contains(service) else {
            input.yield(.serviceUnknown)
            return changes
        }
        let watcher: Int? = self.state.withLock { state in
            guard state.isServing else { return nil }
            state.nextWatcher &+= 1
            state.watchers[state.nextWatcher] = input
            return state.nextWatcher
        }
        input.yield(watcher == nil ? .notServing : .serving)
        if let watcher {
            input.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.watchers.removeValue(forKey: watcher) }
            }
        } else {
            input.finish()
        }
        return changes
    }

    /// From now on nothing can be called.
    func beginShutdown() {
        let watchers = self.state.withLock { state in
            state.isServing = false
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers {
            watcher.yield(.notServing)
            watcher.finish()
        }
    }
}
