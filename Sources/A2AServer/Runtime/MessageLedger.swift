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
            func hash(_ seed: UInt8) -> Int {
                var hasher = Hasher()
                hasher.combine(seed)
                hasher.combine(scope)
                hasher.combine(messageID)
                return hasher.finalize()
            }
            self.low = hash(0)
            self.high = hash(1)
        }

        // The other half decides where two are equal in this one.
        func hash(into hasher: inout Hasher) { hasher.combine(self.low) }
    }

    /// An entry, to settle it without looking at its message again.
    struct Ticket: Sendable {
        fileprivate var key: Key
        fileprivate var fingerprint: Int
    }

    private struct Entry {
        /// A hash of the message under this process's secret: messages themselves would be too much to keep.
        var fingerprint: Int
        var outcome: Outcome
        var number: UInt64
        /// What a remembered reply takes.
        var bytes = 0
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
            guard let oldest = self.order.popFirst() else { return }
            if self.entries[oldest.key]?.number == oldest.number { self.remove(oldest.key) }
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

    /// What became of the same message before; if it is new, notes that `execution` answers it.
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
        let ticket = Ticket(key: key, fingerprint: fingerprint)
        return try self.state.withLock { state in
            while let oldest = state.order.first, oldest.expires <= now || state.order.count >= self.capacity {
                state.removeOldest()
            }
            let known = state.entries[key]
            if let known, known.fingerprint == fingerprint { return (known.outcome, false, ticket) }
            let outcome = Outcome.running(try execution())
            state.bytes -= known?.bytes ?? 0
            state.nextNumber += 1
            state.entries[key] = Entry(fingerprint: fingerprint, outcome: outcome, number: state.nextNumber)
            state.order.append((key, state.nextNumber, now + window))
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
            guard let entry = state.entries[key], entry.fingerprint == ticket.fingerprint,
                case .running = entry.outcome
            else { return }
            guard let outcome else { return state.remove(key) }
            state.entries[key] = Entry(
                fingerprint: entry.fingerprint, outcome: outcome, number: entry.number, bytes: bytes)
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
