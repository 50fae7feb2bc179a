import Synchronization

/// Tasks that are too large to be read on the writer's thread, where others would wait for it.
final class LargeTasks: Sendable {
    private struct State {
        var offers: [String: (state: TaskEntry.State, takers: Int)] = [:]
        var gone: Set<String> = []
    }

    /// From this size on a task is read beside the writer before it is changed, in bytes. Default 256 KiB.
    static let minBytes = 256 << 10
    /// The most tasks that are remembered to be large although they are not in memory.
    private static let maxGone = 10_000

    private let state = Mutex(State())

    /// What was read for the writer.
    func offer(_ id: String, _ loaded: TaskEntry.State) {
        self.state.withLock { state in
            state.gone.remove(id)
            state.offers[id] = (loaded, (state.offers[id]?.takers ?? 0) + 1)
        }
    }

    /// The change for which it was read is made, or is not.
    func withdraw(_ id: String) {
        self.state.withLock { state in
            guard let offer = state.offers[id] else { return }
            state.offers[id] = offer.takers > 1 ? (offer.state, offer.takers - 1) : nil
        }
    }

    func offered(_ id: String) -> TaskEntry.State? { self.state.withLock { $0.offers[id]?.state } }

    /// A task had to make room for others.
    func left(_ id: String) {
        self.state.withLock { state in
            if state.gone.count >= Self.maxGone { state.gone.removeAll() }
            state.gone.insert(id)
        }
    }

    /// Whether a task was in memory and had to leave it.
    func hasLeft(_ id: String) -> Bool { self.state.withLock { $0.gone.contains(id) } }
}
