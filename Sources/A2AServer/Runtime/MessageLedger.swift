import A2A
import DequeModule
import Synchronization

/// Recognises messages that are sent again, so that a repeated send does not run the work twice (§3.3.1).
///
/// A message is the same if its id, its scope and its contents are the same. A message id that comes back with other contents
/// is a new message: some clients count their ids from one.
final class MessageLedger: Sendable {
    /// What became of a message.
    enum Outcome: Sendable {
        /// A turn is answering it.
        case running(TurnExecution)
        case message(A2AMessage)
        case task(String)
    }

    private struct Key: Hashable {
        var scope: Scope
        var messageID: String
    }

    private struct Entry {
        var message: A2AMessage
        var outcome: Outcome
        var number: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// The entries by age, oldest first.
        var order: Deque<(key: Key, number: UInt64, expires: ContinuousClock.Instant)> = []
        var nextNumber: UInt64 = 0
    }

    private let window: Duration?
    private let capacity: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(
        window: Duration?, capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.window = window
        self.capacity = max(1, capacity)
        self.now = now
    }

    /// What became of the same message before; if it is new, notes that `execution` answers it.
    func enter(_ message: A2AMessage, scope: Scope, execution: @autoclosure () throws -> TurnExecution) rethrows -> (
        outcome: Outcome, isNew: Bool
    ) {
        guard let window = self.window, !message.messageID.isEmpty else {
            return (.running(try execution()), true)
        }
        let key = Key(scope: scope, messageID: message.messageID)
        let now = self.now()
        return try self.state.withLock { state in
            while let oldest = state.order.first, oldest.expires <= now || state.order.count >= self.capacity {
                state.order.removeFirst()
                if state.entries[oldest.key]?.number == oldest.number { state.entries[oldest.key] = nil }
            }
            if let entry = state.entries[key], entry.message == message { return (entry.outcome, false) }
            let outcome = Outcome.running(try execution())
            state.nextNumber += 1
            state.entries[key] = Entry(message: message, outcome: outcome, number: state.nextNumber)
            state.order.append((key, state.nextNumber, now + window))
            return (outcome, true)
        }
    }

    /// Notes what became of a message, or forgets it, so that it can be tried again.
    func settle(_ message: A2AMessage, scope: Scope, as outcome: Outcome?) {
        guard self.window != nil else { return }
        let key = Key(scope: scope, messageID: message.messageID)
        self.state.withLock { state in
            guard state.entries[key]?.message == message else { return }
            if let outcome { state.entries[key]?.outcome = outcome } else { state.entries[key] = nil }
        }
    }

    /// How many messages are remembered.
    var count: Int { self.state.withLock { $0.entries.count } }
}
