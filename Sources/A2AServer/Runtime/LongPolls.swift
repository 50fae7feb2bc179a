import Synchronization

/// How many callers of GetTask wait for a generation.
final class LongPolls: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// - Returns: `false` if there are too many already; otherwise ``end()`` must follow.
    func begin() -> Bool {
        guard self.count.wrappingAdd(1, ordering: .relaxed).newValue <= self.limit else {
            self.end()
            return false
        }
        return true
    }

    func end() { self.count.wrappingSubtract(1, ordering: .relaxed) }

    /// How many wait now.
    var current: Int { self.count.load(ordering: .relaxed) }
}
