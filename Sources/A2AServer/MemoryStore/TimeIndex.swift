import A2A

/// Tasks in the order in which their status last changed.
///
/// The newest change is always appended and the task's older place becomes a hole, so a change costs a binary search,
/// however many tasks there are. When holes outnumber tasks, the index is rebuilt, which costs O(1) per change on average.
struct TimeIndex {
    struct Entry {
        /// Grows with every status change in the store; the key of the order and of page tokens.
        var sequence: Int64
        /// `nil` is a hole.
        var record: TaskRecord?
        var contextID: String
        var state: A2ATaskState
        var timestamp: A2ATimestamp
    }

    private var entries: [Entry] = []
    private(set) var count = 0

    /// Adds an entry; its sequence is larger than all others.
    mutating func append(_ entry: Entry) {
        assert(entry.sequence > self.entries.last?.sequence ?? .min)
        self.entries.append(entry)
        self.count += 1
    }

    /// Removes the entry with a sequence, if it is there.
    mutating func remove(_ sequence: Int64) {
        let position = self.firstPosition(atLeast: sequence)
        guard position < self.entries.count, self.entries[position].sequence == sequence,
            self.entries[position].record != nil
        else { return }
        self.entries[position].record = nil
        self.count -= 1
        if self.entries.count > 64, self.count * 2 < self.entries.count {
            self.entries.removeAll { $0.record == nil }
        }
    }

    /// Moves the entry with a sequence to the front, as `entry`.
    mutating func move(_ sequence: Int64, to entry: Entry) {
        // Often it is at the front already, and most contexts have one task only.
        if let last = self.entries.last, last.sequence == sequence, last.record != nil {
            self.entries[self.entries.count - 1] = entry
        } else {
            self.remove(sequence)
            self.append(entry)
        }
    }

    /// Visits entries from the newest to the oldest, beginning below `sequence`, until `visit` returns false.
    func descending(below sequence: Int64, _ visit: (Entry) -> Bool) {
        var position = self.firstPosition(atLeast: sequence)
        while position > 0 {
            position -= 1
            if self.entries[position].record != nil, !visit(self.entries[position]) { return }
        }
    }

    /// Visits entries from the oldest to the newest until `visit` returns false.
    func ascending(_ visit: (Entry) -> Bool) {
        for entry in self.entries where entry.record != nil {
            if !visit(entry) { return }
        }
    }

    private func firstPosition(atLeast sequence: Int64) -> Int {
        // Most lookups are for recent changes: gallop from the end before searching.
        var high = self.entries.count
        var step = 1
        while high - step > 0, self.entries[high - step].sequence >= sequence {
            high -= step
            step *= 2
        }
        var low = max(0, high - step)
        while low < high {
            let middle = low + (high - low) / 2
            if self.entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The indexes of one scope: all tasks, and those of each context and each state.
struct ScopeIndex {
    private(set) var all = TimeIndex()
    private var contexts: [String: TimeIndex] = [:]
    private var states: [A2ATaskState: TimeIndex] = [:]

    mutating func append(_ entry: TimeIndex.Entry) {
        self.all.append(entry)
        self.contexts[entry.contextID, default: TimeIndex()].append(entry)
        self.states[entry.state, default: TimeIndex()].append(entry)
    }

    /// Moves the entry with a sequence, which was in `state`, to the front.
    mutating func move(_ sequence: Int64, in state: A2ATaskState, to entry: TimeIndex.Entry) {
        self.all.move(sequence, to: entry)
        self.contexts[entry.contextID, default: TimeIndex()].move(sequence, to: entry)
        if state == entry.state {
            self.states[state, default: TimeIndex()].move(sequence, to: entry)
        } else {
            self.states[state]?.remove(sequence)
            self.states[entry.state, default: TimeIndex()].append(entry)
        }
    }

    mutating func remove(_ sequence: Int64, contextID: String, state: A2ATaskState) {
        self.all.remove(sequence)
        self.states[state]?.remove(sequence)
        self.contexts[contextID]?.remove(sequence)
        if self.contexts[contextID]?.count == 0 { self.contexts[contextID] = nil }
    }

    /// The smallest index that holds everything a query can match.
    func narrowest(for query: TaskQuery) -> TimeIndex {
        if let contextID = query.contextID { return self.contexts[contextID] ?? TimeIndex() }
        if let state = query.state { return self.states[state] ?? TimeIndex() }
        return self.all
    }
}
