import Synchronization

/// Counts, for each binding, the cases in a row to which no answer came.
final class Silences: Sendable {
    private let limit: Int
    private let counts = Mutex<[TransportBinding: Int]>([:])

    init(limit: Int) { self.limit = limit }

    func note(_ result: CaseResult) {
        self.counts.withLock { counts in
            // One that has reached the limit stays there: what is still under way says nothing new.
            guard counts[result.binding, default: 0] < self.limit else { return }
            switch result.outcome {
            case .skip: break
            case .fail where result.failure?.isSilence == true: counts[result.binding, default: 0] += 1
            default: counts[result.binding] = 0
            }
        }
    }

    /// Why a binding is not tested any more.
    func reason(_ binding: TransportBinding) -> String? {
        guard self.counts.withLock({ $0[binding, default: 0] }) >= self.limit else { return nil }
        return
            "the agent gave no answer over \(binding.title) to \(self.limit) cases in a row, so the rest was left out"
    }
}
