/// The epochs of tasks whose streams were read last: without it, a number alone does not say which log it is of.
///
/// When a task's log changes while several streams of it are read, some numbers are of the old log and some of the new one. Where
/// each stream stopped says which; where nothing does, the number is not used.
struct TCPEpochs: Sendable {
    /// The longest id of a task that is remembered, in octets; the peer makes them.
    static let maxIDLength = 256
    /// The most ends of streams that are remembered of one task.
    static let maxStops = 8

    enum Found: Hashable {
        case epoch(UInt64)
        /// Nothing is known of the task.
        case unknown
        /// The number may be of one log or another.
        case ambiguous
    }

    private struct Stop: Hashable {
        var number: UInt64
        var epoch: UInt64
    }

    private struct Entry {
        /// The one that was seen last.
        var epoch: UInt64
        /// Whether there was another before.
        var hasChanged = false
        var stops: [Stop] = []
    }

    /// The most tasks that are remembered.
    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var order: [String] = []
    private var next = 0

    init(limit: Int = 4_096) { self.limit = limit }

    /// The log that a number of a task's events is of.
    func find(_ task: String, at number: UInt64) -> Found {
        guard let entry = self.entries[task] else { return .unknown }
        guard entry.hasChanged else { return .epoch(entry.epoch) }
        let epochs = Set(entry.stops.filter { $0.number == number }.map(\.epoch))
        guard epochs.count == 1, let epoch = epochs.first else { return .ambiguous }
        return .epoch(epoch)
    }

    mutating func note(_ epoch: UInt64, of task: String) {
        guard task.utf8.count <= Self.maxIDLength else { return }
        if let entry = self.entries[task] {
            guard entry.epoch != epoch else { return }
            self.entries[task]?.epoch = epoch
            self.entries[task]?.hasChanged = true
            return
        }
        self.entries[task] = Entry(epoch: epoch)
        if self.order.count < self.limit {
            self.order.append(task)
        } else {
            self.entries[self.order[self.next]] = nil
            self.order[self.next] = task
            self.next = (self.next + 1) % self.limit
        }
    }

    /// A stream of the task ended after this event.
    mutating func noteStop(at number: UInt64, epoch: UInt64, of task: String) {
        let stop = Stop(number: number, epoch: epoch)
        guard let entry = self.entries[task], !entry.stops.contains(stop) else { return }
        if entry.stops.count == Self.maxStops { self.entries[task]?.stops.removeFirst() }
        self.entries[task]?.stops.append(stop)
    }
}
