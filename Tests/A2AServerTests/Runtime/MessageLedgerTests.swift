import A2A
import Synchronization
import Testing

@testable import A2AServer

@Suite("The ledger of messages")
struct MessageLedgerTests {
    /// A clock that is moved by hand.
    final class Clock: Sendable {
        private let value = Mutex<ContinuousClock.Instant>(.now)
        var now: ContinuousClock.Instant { self.value.withLock { $0 } }
        func advance(_ duration: Duration) { self.value.withLock { $0 += duration } }
    }

    let clock = Clock()
    let scope = Scope(principal: "alice")

    func ledger(window: Duration? = .seconds(60), capacity: Int = 100) -> MessageLedger {
        MessageLedger(window: window, capacity: capacity) { [clock] in clock.now }
    }

    func message(_ id: String, _ text: String = "Hello") -> A2AMessage {
        A2AMessage(role: .user, parts: [.text(text)], messageID: id)
    }

    func execution() -> TurnExecution {
        TurnExecution(
            taskID: "t", contextID: "c", scope: self.scope, opening: .user("x"), state: TurnState(),
            log: TaskLog(store: MemoryTaskStore(), watches: TaskWatches(), spawn: { _ in false }))
    }

    func isNew(_ ledger: MessageLedger, _ message: A2AMessage, scope: Scope? = nil) -> Bool {
        ledger.enter(message, scope: scope ?? self.scope, execution: self.execution()).isNew
    }

    @Test("the same message is known, while it is answered and afterwards")
    func repetition() {
        let ledger = self.ledger()
        let execution = self.execution()
        #expect(ledger.enter(self.message("1"), scope: self.scope, execution: execution).isNew)
        let again = ledger.enter(self.message("1"), scope: self.scope, execution: self.execution())
        guard case .running(let known) = again.outcome else {
            Issue.record("not running")
            return
        }
        #expect(!again.isNew && known === execution)
        ledger.settle(self.message("1"), scope: self.scope, as: .task("t"))
        guard case .task("t") = ledger.enter(self.message("1"), scope: self.scope, execution: self.execution()).outcome
        else {
            Issue.record("not settled")
            return
        }
    }

    @Test("a message whose callers got an error is new before its turn is over, whose end then forgets nothing else")
    func failure() {
        let ledger = self.ledger()
        let execution = self.execution()
        let first = ledger.enter(self.message("1"), scope: self.scope, execution: execution)
        execution.fail(A2AError(.unavailable, "Not now."))
        let second = ledger.enter(self.message("1"), scope: self.scope, execution: self.execution())
        #expect(first.isNew && second.isNew)
        ledger.settle(first.ticket, as: nil)
        #expect(!self.isNew(ledger, self.message("1")))
        ledger.settle(second.ticket, as: nil)
        #expect(self.isNew(ledger, self.message("1")))
    }

    @Test("another scope, another id or other contents are another message")
    func difference() {
        let ledger = self.ledger()
        #expect(self.isNew(ledger, self.message("1")))
        #expect(self.isNew(ledger, self.message("1"), scope: Scope(principal: "bob")))
        #expect(self.isNew(ledger, self.message("1"), scope: Scope(tenant: "t", principal: "alice")))
        #expect(self.isNew(ledger, self.message("2")))
        #expect(self.isNew(ledger, self.message("1", "Other")))
        // The newer one has taken the id's place.
        #expect(!self.isNew(ledger, self.message("1", "Other")))
        #expect(self.isNew(ledger, self.message("1")))
        #expect(ledger.count == 4)
    }

    @Test("a message is forgotten when its time is over")
    func expiry() {
        let ledger = self.ledger()
        #expect(self.isNew(ledger, self.message("1")))
        self.clock.advance(.seconds(59))
        #expect(!self.isNew(ledger, self.message("1")))
        self.clock.advance(.seconds(1))
        #expect(self.isNew(ledger, self.message("1")))
        #expect(ledger.count == 1)
    }

    @Test("the oldest is forgotten when there are too many")
    func capacity() {
        let ledger = self.ledger(capacity: 3)
        for id in ["1", "2", "3", "4"] { #expect(self.isNew(ledger, self.message(id))) }
        #expect(ledger.count == 3)
        #expect(!self.isNew(ledger, self.message("4")))
        #expect(self.isNew(ledger, self.message("1")))
        #expect(ledger.count <= 3)
    }

    @Test("a message that was not accepted is forgotten; one that was is not")
    func forgetting() {
        let ledger = self.ledger()
        #expect(self.isNew(ledger, self.message("1")))
        ledger.settle(self.message("1"), scope: self.scope, as: nil)
        #expect(self.isNew(ledger, self.message("1")))
        ledger.settle(self.message("1"), scope: self.scope, as: .message(.agent("Yes")))
        ledger.settle(self.message("1"), scope: self.scope, as: nil)
        #expect(!self.isNew(ledger, self.message("1")))
        // Neither settles what is another message by now.
        ledger.settle(self.message("1", "Other"), scope: self.scope, as: .task("wrong"))
        guard case .message = ledger.enter(self.message("1"), scope: self.scope, execution: self.execution()).outcome
        else {
            Issue.record("not the reply")
            return
        }
    }

    @Test("what is forgotten and comes again is not forgotten with its old place")
    func oldPlaces() {
        let ledger = self.ledger()
        #expect(self.isNew(ledger, self.message("1")))
        ledger.settle(self.message("1"), scope: self.scope, as: nil)
        self.clock.advance(.seconds(40))
        #expect(self.isNew(ledger, self.message("1")))
        self.clock.advance(.seconds(40))
        #expect(!self.isNew(ledger, self.message("1")))
    }

    @Test("replies are remembered up to a number of bytes, the oldest forgotten first")
    func replyBytes() {
        let ledger = self.ledger()
        let large = A2AMessage.agent(String(repeating: "x", count: MessageLedger.maxReplyBytes / 4))
        for id in ["1", "2", "3", "4", "5"] {
            #expect(self.isNew(ledger, self.message(id)))
            ledger.settle(self.message(id), scope: self.scope, as: .message(large))
        }
        #expect(ledger.count == 3)
        #expect(!self.isNew(ledger, self.message("5")))
        #expect(self.isNew(ledger, self.message("1")))
    }

    @Test("without a window, or without an id, every message is new")
    func switchedOff() {
        let off = self.ledger(window: nil)
        #expect(self.isNew(off, self.message("1")) && self.isNew(off, self.message("1")))
        #expect(off.count == 0)
        let on = self.ledger()
        #expect(self.isNew(on, self.message("")) && self.isNew(on, self.message("")))
        #expect(on.count == 0)
    }
}
