import DequeModule

/// Which snapshots are made now, and which tasks wait for theirs: what is under way is in memory twice, as a task and as octets. A pure value.
struct SnapshotQueue {
    enum OnAsk: Equatable {
        case begin
        /// Others come first, or there is no room.
        case wait
        /// Too many wait already: a later append asks again.
        case refuse
    }

    /// The most tasks that wait: they are remembered by their ids.
    static let maxWaiting = 10_000

    /// The most bytes of tasks whose snapshots are made at a time. One task may be larger, alone.
    let maxBytes: Int
    /// The bytes of those whose snapshots are being made.
    private(set) var bytes = 0
    private var waiting = Deque<String>()
    private var isWaiting: Set<String> = []

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var waitingCount: Int { self.waiting.count }

    /// Who waits for longest.
    var first: String? { self.waiting.first }

    /// A task's log has grown.
    ///
    /// - Parameter bytes: The size of the task.
    mutating func ask(_ id: String, bytes: Int) -> OnAsk {
        // Who waits is not overtaken: a large task would wait for ever.
        if self.waiting.isEmpty, self.hasRoom(bytes) {
            self.bytes += bytes
            return .begin
        }
        guard !self.isWaiting.contains(id) else { return .wait }
        guard self.waiting.count < Self.maxWaiting else { return .refuse }
        self.waiting.append(id)
        self.isWaiting.insert(id)
        return .wait
    }

    /// Takes up the one that waits for longest.
    ///
    /// - Returns: `false`, and it goes on waiting, if there is no room.
    mutating func beginFirst(bytes: Int) -> Bool {
        guard !self.waiting.isEmpty, self.hasRoom(bytes) else { return false }
        self.dropFirst()
        self.bytes += bytes
        return true
    }

    /// The one that waits for longest needs no snapshot any more.
    mutating func dropFirst() {
        guard let id = self.waiting.popFirst() else { return }
        self.isWaiting.remove(id)
    }

    /// A snapshot is done, or given up.
    ///
    /// - Returns: Whether somebody waits who may have room now.
    mutating func end(bytes: Int) -> Bool {
        self.bytes -= bytes
        return !self.waiting.isEmpty
    }

    private func hasRoom(_ bytes: Int) -> Bool { self.bytes == 0 || self.bytes + bytes <= self.maxBytes }
}
