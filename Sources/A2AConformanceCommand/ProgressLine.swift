import A2AConformance
import Synchronization

/// One line that is written over itself: how far a run is, and what is wrong so far. Only on a terminal.
final class ProgressLine: Sendable {
    private struct State {
        var done = 0
        var failed = 0
        var errors = 0
    }

    private let isShown: Bool
    private let state = Mutex(State())

    init(isShown: Bool) { self.isShown = isShown }

    func begin(_ url: String) { self.show("looking for the card of \(url)") }

    func count(_ result: CaseResult, of total: Int) {
        guard self.isShown else { return }
        self.state.withLock { state in
            state.done += 1
            switch result.outcome {
            case .fail: state.failed += 1
            case .error: state.errors += 1
            case .pass, .skip: break
            }
            self.show(Self.line(state.done, total, state.failed, state.errors, result.name))
        }
    }

    static func line(_ done: Int, _ total: Int, _ failed: Int, _ errors: Int, _ name: String) -> String {
        let percent = String(done * 100 / max(total, 1))
        let words = [(failed, "failed"), (errors, "could not be tested")].filter { $0.0 > 0 }
            .map { ", \($0.0) \($0.1)" }.joined()
        return String(repeating: " ", count: 3 - min(percent.count, 3))
            + "\(percent) %  \(done)/\(total)\(words)  \(name)"
    }

    private func show(_ text: String) {
        guard self.isShown else { return }
        // A line that is broken in two could not be written over.
        Standard.error("\r\u{1B}[K" + text.prefix(Standard.columns - 1))
    }

    func clear() { if self.isShown { Standard.error("\r\u{1B}[K") } }
}
