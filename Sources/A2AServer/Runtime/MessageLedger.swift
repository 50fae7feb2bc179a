import A2A
import DequeModule
import SwiftProtobuf
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
        // Indirect: a message is large, and the table is mostly made of the other cases.
        indirect case message(A2AMessage)
        case task(String)
    }

    /// A message id in its scope, as 128 bits of hash under this process's secret: cheap to keep, to compare and to find.
    fileprivate struct Key: Hashable {
        private let low: Int
        private let high: Int

        init(_ scope: Scope, _ messageID: String) {
            var hasher = Hasher()
            hasher.combine(scope)
            hasher.combine(messageID)
            // Two numbers of one state, which has 256 bits.
            var other = hasher
            other.combine(UInt8(1))
            self.low = hasher.finalize()
            self.high = other.finalize()
        }

        // The other half decides where two are equal in this one.
        func hash(into hasher: inout Hasher) { hasher.combine(self.low) }
    }

    /// An entry, to settle it without looking at its message again.
    struct Ticket: Sendable {
        fileprivate var key: Key
        fileprivate var fingerprint: Int
        /// Which of the entries with this key it is; `nil` for the present one.
        fileprivate var number: UInt64?
    }

    private struct Entry {
        /// A hash of the message under this process's secret: messages themselves would be too much to keep.
        var fingerprint: Int
        var outcome: Outcome
        var number: UInt64
        /// What a remembered reply takes.
        var bytes = 0

        /// Whether it is the ticket's message, which is being answered.
        func isRunning(_ ticket: Ticket) -> Bool {
            guard case .running = self.outcome else { return false }
            return self.fingerprint == ticket.fingerprint && self.number == ticket.number ?? self.number
        }

        /// Whether its callers have got an error, though its turn is not over yet.
        var hasFailed: Bool {
            guard case .running(let execution) = self.outcome, case .failure = execution.decisionSoFar else {
                return false
            }
            return true
        }

        /// - Returns: `false` if there is nothing to settle.
        mutating func settle(_ ticket: Ticket, as outcome: Outcome, bytes: Int) -> Bool {
            guard self.isRunning(ticket) else { return false }
            self.outcome = outcome
            self.bytes = bytes
            return true
        }
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// The entries by age, oldest first.
        var order: Deque<(key: Key, number: UInt64, expires: ContinuousClock.Instant)> = []
        var nextNumber: UInt64 = 0
        var bytes = 0

        mutating func remove(_ key: Key) {
            guard let entry = self.entries.removeValue(forKey: key) else { return }
            self.bytes -= entry.bytes
        }

        mutating func removeOldest() {
            guard let oldest = self.order.popFirst(), let entry = self.entries.removeValue(forKey: oldest.key) else {
                return
            }
            if entry.number == oldest.number {
                self.bytes -= entry.bytes
            } else {
                // Its id came again since with other contents. That is rare, so it may cost a second look.
                self.entries[oldest.key] = entry
            }
        }
    }

    /// The most bytes of remembered replies, oldest forgotten first: 64 MiB.
    static let maxReplyBytes = 64 << 20

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

    /// What became of the same message before; if it is new, or has only led to an error, notes that `execution` answers it.
    func enter(
        _ message: A2AMessage, scope: Scope, execution: @autoclosure () throws -> TurnExecution
    ) rethrows -> (
        outcome: Outcome, isNew: Bool, ticket: Ticket?
    ) {
        guard let window = self.window, !message.messageID.isEmpty else {
            return (.running(try execution()), true, nil)
        }
        let key = Key(scope, message.messageID)
        let now = self.now()
        let fingerprint = message.fingerprint
        var ticket = Ticket(key: key, fingerprint: fingerprint)
        return try self.state.withLock { state in
            while let oldest = state.order.first, oldest.expires <= now || state.order.count >= self.capacity {
                state.removeOldest()
            }
            let outcome = Outcome.running(try execution())
            let number = state.nextNumber + 1
            ticket.number = number
            // The usual message is new: one look at the table, and another only for one that was there.
            let known = state.entries.updateValue(
                Entry(fingerprint: fingerprint, outcome: outcome, number: number), forKey: key)
            if let known, known.fingerprint == fingerprint, !known.hasFailed {
                state.entries[key] = known
                ticket.number = known.number
                return (known.outcome, false, ticket)
            }
            state.bytes -= known?.bytes ?? 0
            state.nextNumber = number
            state.order.append((key, number, now + window))
            return (outcome, true, ticket)
        }
    }

    /// Notes what became of a message, or forgets it if nothing has, so that it can be tried again.
    func settle(_ message: A2AMessage, scope: Scope, as outcome: Outcome?) {
        guard self.window != nil else { return }
        self.settle(
            Ticket(key: Key(scope, message.messageID), fingerprint: message.fingerprint), as: outcome)
    }

    /// The same for a message that ``enter(_:scope:execution:)`` has seen.
    func settle(_ ticket: Ticket?, as outcome: Outcome?) {
        guard let ticket else { return }
        let key = ticket.key
        let bytes = if case .message(let reply)? = outcome { reply.approximateByteCount } else { 0 }
        self.state.withLock { state in
            guard let outcome else {
                guard state.entries[key]?.isRunning(ticket) == true else { return }
                return state.remove(key)
            }
            guard state.entries[key]?.settle(ticket, as: outcome, bytes: bytes) == true else { return }
            state.bytes += bytes
            while state.bytes > Self.maxReplyBytes, !state.order.isEmpty { state.removeOldest() }
        }
    }

    /// How many messages are remembered.
    var count: Int { self.state.withLock { $0.entries.count } }
}

extension A2AMessage {
    /// A hash over everything that makes the message what it is. Cheaper than the generated one, which visits every field.
    fileprivate var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(self.role.rawValue)
        hasher.combine(self.taskID)
        hasher.combine(self.contextID)
        hasher.combine(self.parts.count)
        for part in self.parts {
            switch part.content {
            case .text(let text): hasher.combine(text)
            case .raw(let bytes): hasher.combine(bytes)
            case .url(let url): hasher.combine(url)
            case .data(let value): hasher.combine(value)
            case nil: break
            }
            hasher.combine(part.mediaType)
            hasher.combine(part.filename)
            if part.hasMetadata { hasher.combine(part.metadata) }
        }
        if self.hasMetadata { hasher.combine(self.metadata) }
        hasher.combine(self.extensions)
        hasher.combine(self.referenceTaskIds)
        return hasher.finalize()
    }
}
