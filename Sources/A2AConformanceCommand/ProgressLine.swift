import A2AConformance
import Synchronization

/// One line that is written over itself.
final class ProgressLine: Sendable {
    private struct State {
        var done = 0
        var failed = 0
    }

    private let isShown: Bool
    private let state = Mutex(State())

    init(isShown: Bool) { self.isShown = isShown }

    func count(_ result: CaseResult, of total: Int) {
        guard self.isShown else { return }
        self.state.withLock { state in
            state.done += 1
            if result.outcome == .fail { state.failed += 1 }
            Standard.error("\r\u{1B}[K\(state.done)/\(total), \(state.failed) failed  \(result.name)")
        }
    }

    func clear() { if self.isShown { Standard.error("\r\u{1B}[K") } }
}
