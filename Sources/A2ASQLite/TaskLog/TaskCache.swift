import A2AServer
import DequeModule
import Synchronization

/// The tasks that were used lately.
///
/// There is one entry for each id, so that the writer and readers meet in it. Entries that the running transaction has
/// changed stay; of the others the one that was not used for longest goes first, about (second chance).
final class TaskCache: Sendable {
    private struct Slot {
        var entry: TaskEntry
        var bytes = 0
        var isPinned = false
        var wasUsed = false
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var order = Deque<TaskEntry>()
        var bytes = 0
    }

    let large = LargeTasks()
    private let maxBytes: Int
    private let state = Mutex(State())

    /// What an entry takes that has nothing in it, in bytes.
    private static let emptyBytes = 256

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// How many tasks are in memory.
    var count: Int { self.state.withLock { $0.slots.count } }

    /// About how much memory they take, in bytes.
    var byteCount: Int { self.state.withLock { $0.bytes } }

    /// Whether something is known of a task, which may be out of date.
    func isLoaded(_ id: String) -> Bool { self.entry(id)?.state.withLock { $0 != nil } ?? false }

    /// The entry of a task, if there is one.
    func entry(_ id: String) -> TaskEntry? {
        self.state.withLock { state in
            guard let index = state.slots.index(forKey: id) else { return nil }
            state.slots.values[index].wasUsed = true
            return state.slots.values[index].entry
        }
    }

    /// The entry of a task; an empty one if there was none.
    func entryOrEmpty(_ id: String) -> TaskEntry {
        self.state.withLock { state in
            if let index = state.slots.index(forKey: id) {
                state.slots.values[index].wasUsed = true
                return state.slots.values[index].entry
            }
            let entry = TaskEntry(id: id)
            state.slots[id] = Slot(entry: entry, bytes: Self.emptyBytes)
            state.order.append(entry)
            state.bytes += Self.emptyBytes
            self.shrink(&state)
            return entry
        }
    }

    /// Keeps an entry until ``isDurable(_:)`` or ``release(_:)``. The writer calls this before it fills or changes it.
    func pin(_ id: String) -> (entry: TaskEntry, wasPinned: Bool) {
        self.state.withLock { state in
            if let index = state.slots.index(forKey: id) {
                let wasPinned = state.slots.values[index].isPinned
                state.slots.values[index].isPinned = true
                state.slots.values[index].wasUsed = true
                return (state.slots.values[index].entry, wasPinned)
            }
            let entry = TaskEntry(id: id)
            state.slots[id] = Slot(entry: entry, bytes: Self.emptyBytes, isPinned: true)
            state.order.append(entry)
            state.bytes += Self.emptyBytes
            return (entry, false)
        }
    }

    /// The transaction that has looked at an entry, and may have changed it, is durable.
    func isDurable(_ entry: TaskEntry) {
        let bytes = entry.state.withLock { state -> Int? in
            guard state?.isRemoved == false, let generation = state?.generation else { return nil }
            state?.durable = generation
            return state?.byteCount
        }
        self.unpin(entry, bytes: bytes)
    }

    /// The transaction that has looked at an entry was rolled back: nothing is known of the task.
    func release(_ entry: TaskEntry) {
        entry.state.withLock { $0 = nil }
        self.unpin(entry, bytes: nil)
    }

    /// What a reader has loaded counts.
    func loaded(_ entry: TaskEntry) {
        let bytes = entry.state.withLock { $0?.byteCount }
        self.state.withLock { state in
            guard let index = state.slots.index(forKey: entry.id), state.slots.values[index].entry === entry else {
                return
            }
            state.bytes += (bytes ?? Self.emptyBytes) - state.slots.values[index].bytes
            state.slots.values[index].bytes = bytes ?? Self.emptyBytes
            self.shrink(&state)
        }
    }

    /// A reader has found that there is no such task: ids come from callers, and could be any.
    func forget(_ entry: TaskEntry) {
        guard entry.state.withLock({ $0 == nil }) else { return }
        self.state.withLock { state in
            guard let index = state.slots.index(forKey: entry.id), state.slots.values[index].entry === entry,
                !state.slots.values[index].isPinned
            else { return }
            state.bytes -= state.slots.values[index].bytes
            state.slots.remove(at: index)
        }
    }

    /// - Parameter bytes: What the entry takes now; `nil` to drop it.
    private func unpin(_ entry: TaskEntry, bytes: Int?) {
        self.state.withLock { state in
            guard let index = state.slots.index(forKey: entry.id), state.slots.values[index].entry === entry else {
                return
            }
            state.bytes -= state.slots.values[index].bytes
            if let bytes {
                state.bytes += bytes
                state.slots.values[index].bytes = bytes
                state.slots.values[index].isPinned = false
            } else {
                state.slots.remove(at: index)
            }
            self.shrink(&state)
        }
    }

    private func shrink(_ state: inout State) {
        // Once around at most: what is pinned or was used stays for another round.
        var looked = 0
        while state.bytes > self.maxBytes, looked < 2 * state.order.count, let entry = state.order.popFirst() {
            guard let index = state.slots.index(forKey: entry.id), state.slots.values[index].entry === entry else {
                continue
            }
            looked += 1
            if state.slots.values[index].isPinned || state.slots.values[index].wasUsed {
                state.slots.values[index].wasUsed = false
                state.order.append(entry)
            } else {
                let bytes = state.slots.values[index].bytes
                if bytes >= LargeTasks.minBytes { self.large.left(entry.id) }
                state.bytes -= bytes
                state.slots.remove(at: index)
            }
        }
        // Entries that were dropped leave holes.
        if state.order.count > 64, state.slots.count * 2 < state.order.count {
            state.order.removeAll { state.slots[$0.id]?.entry !== $0 }
        }
    }
}
