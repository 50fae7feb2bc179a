import A2A
import Synchronization

/// One turn at work: its state, and everybody who waits for it.
package final class TurnExecution: Sendable {
    package let taskID: String
    package let contextID: String
    let scope: Scope
    /// The message that begins the task, as it enters the history.
    let opening: A2AMessage
    let log: TaskLog
    /// Writes what the turn says, if the store's appends wait for a disk.
    let pump: ChangePump?
    private let handle = Mutex<TaskWatches.Handle?>(nil)

    let inner: Mutex<Inner>

    struct Inner {
        var turn: TurnState
        var decision: Result<Decision, A2AError>?
        /// Hardly ever more than one, so a search is cheaper than a table.
        var decisionWaiters: [DecisionWaiter] = []
        /// The task has come to rest once, or the turn is over.
        var isSettled = false
        var nextWaiter: UInt64 = 0
        var messageWaiter: (key: UInt64, continuation: CheckedContinuation<A2AMessage, any Error>)?
        /// Told when somebody asks the turn to stop while the agent is at work.
        var onStop: (@Sendable () -> Void)?
        var closingWaiter: CheckedContinuation<Void, Never>?
        /// Who has a message for the turn and waits to be told whether it takes any; one at a time, as a rule.
        var offerWaiters: [OfferWaiter] = []
        var agentIsDone = false
        var lastActivity: ContinuousClock.Instant = .now
        /// What a durable store has to note of the turn with the next change.
        var note: TurnNote?
    }

    typealias OfferWaiter = (key: UInt64, continuation: CheckedContinuation<Void, any Error>)

    struct DecisionWaiter {
        var key: UInt64
        var continuation: CheckedContinuation<Decision, any Error>
        /// Waits for a task to come to rest, and not only for it to be made.
        var untilSettled: Bool
    }

    /// What the first answer of the turn was.
    enum Decision: Sendable {
        case message(A2AMessage)
        /// The task as it was made.
        case task(A2ATask)
    }

    /// - Parameter note: What a durable store notes with the first change.
    init(
        taskID: String, contextID: String, scope: Scope, opening: A2AMessage, state: TurnState, log: TaskLog,
        note: TurnNote? = nil
    ) {
        self.taskID = taskID
        self.contextID = contextID
        self.scope = scope
        self.opening = opening
        self.log = log
        self.pump =
            log.store.appendsWait || log.durable != nil
            ? ChangePump(log: log, taskID: taskID, scope: scope) : nil
        self.inner = Mutex(Inner(turn: state, note: note))
    }

    /// The task's watch, from before the task was made; a turn that makes no task needs none.
    var watch: TaskWatches.Handle {
        self.handle.withLock { handle in
            if let handle { return handle }
            let new = self.log.watches.watch(self.taskID)
            handle = new
            return new
        }
    }

    // MARK: For the agent

    func reply(_ message: A2AMessage) async throws {
        let message = try message.addressed(taskID: "", contextID: self.contextID).checked()
        let (action, note) = self.inner.withLock { inner in
            inner.lastActivity = .now
            return (inner.turn.reply(), inner.note)
        }
        switch action {
        case .decide:
            try await self.keep(message, note)
            self.inner.withLock { $0.decide(.success(.message(message))) }.resume()
        case .completeTask:
            var status = A2ATaskStatus(.completed)
            status.message = message
            try await self.emit(TaskChange(.status(status)))
        case .refuse(let why):
            throw A2AError(.invalidAgentResponse, why)
        }
    }

    /// Changes the turn, and wakes those who have a message for it if it can say now whether it takes any.
    func change<Value>(_ body: (inout Inner) -> Value) -> Value {
        let (value, woken) = self.inner.withLock { inner in
            let value = body(&inner)
            return (value, inner.takeOfferWaiters())
        }
        for waiter in woken { waiter.continuation.resume() }
        return value
    }

    func nextMessage() async throws -> A2AMessage {
        let key = self.inner.withLock { $0.makeKey() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<A2AMessage, any Error>? = self.inner.withLock { inner in
                    inner.lastActivity = .now
                    if let message = inner.turn.takeMessage() { return .success(message) }
                    if Task.isCancelled || inner.agentIsDone { return .failure(CancellationError()) }
                    guard inner.messageWaiter == nil else {
                        return .failure(
                            A2AError(.invalidAgentResponse, "The turn waits for a message twice at the same time."))
                    }
                    inner.messageWaiter = (key, continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.inner.withLock { inner in
                inner.messageWaiter?.key == key ? inner.messageWaiter.take() : nil
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    // MARK: For the runner

    /// The agent goes to work. `onStop` is called if somebody asks the turn to stop, or has done so, before
    /// ``agentIsDone()``.
    func agentBegins(onStop: @escaping @Sendable () -> Void = {}) {
        let isStopped = self.inner.withLock { inner in
            inner.agentIsDone = false
            inner.onStop = inner.turn.stop == nil ? onStop : nil
            return inner.turn.stop != nil
        }
        if isStopped { onStop() }
    }

    /// - Returns: Whether the turn was asked to stop.
    @discardableResult
    func agentIsDone() -> Bool {
        let (isStopped, reader) = self.inner.withLock { inner in
            inner.agentIsDone = true
            inner.onStop = nil
            return (inner.turn.stop != nil, inner.messageWaiter.take())
        }
        // Only a task that the agent has let loose can still wait.
        reader?.continuation.resume(throwing: CancellationError())
        return isStopped
    }

    /// The turn goes on with another message.
    func goesOn(with note: TurnNote) { self.inner.withLock { $0.note = note } }

    /// Nothing can come of the turn: its message was accepted before, or it is another's.
    func abandon(_ error: A2AError) {
        self.inner.withLock { $0.turn.finished() }
        self.fail(error)
    }

    /// Whether the log knows of the turn.
    var hasBegun: Bool { self.inner.withLock { $0.turn.hasBegun } }

    /// The turn's fencing number if it is over while its task waits for the caller.
    var fenceToGiveBack: Int64? {
        self.inner.withLock { $0.turn.isWaiting ? $0.turn.fence : nil }
    }

    var fence: Int64 { self.inner.withLock { $0.turn.fence } }
    var stopReason: TurnState.StopReason? { self.inner.withLock { $0.turn.stop } }
    var hasEnded: Bool { self.inner.withLock { $0.agentIsDone } }

    /// When the agent last gave a sign of life. One that waits for the caller's next message is not silent.
    var lastActivity: ContinuousClock.Instant {
        self.inner.withLock { $0.messageWaiter == nil ? $0.lastActivity : .now }
    }

    /// What to do now that the agent has returned; waits for messages that are on their way.
    func afterReturn(failed: Bool) async -> TurnState.OnReturn {
        while true {
            let action = self.inner.withLock { $0.turn.agentReturned(failed: failed) }
            guard action == .waitForMessage else { return action }
            await withCheckedContinuation { continuation in
                self.inner.withLock { $0.closingWaiter = continuation }
                // The message may have come between the two locks; asking again is cheap.
                let late = self.inner.withLock { inner in
                    inner.turn.hasPromises ? nil : inner.closingWaiter.take()
                }
                late?.resume()
            }
        }
    }

    /// The turn answered nothing; whoever waits is told why.
    func fail(_ error: A2AError) {
        let waiters = self.inner.withLock { $0.decide(.failure(error)) }
        waiters.resume()
    }

    static var sentTwice: A2AError {
        A2AError(
            .unavailable, "The message was sent twice at the same time. Send it again to get its task.",
            details: [.retryInfo(.milliseconds(100))])
    }

    static var thoughtDead: A2AError {
        A2AError(
            .unavailable, "This process was silent for so long that others took its work over. Try again.",
            details: [.retryInfo(.seconds(1))])
    }

    /// Lets a durable store remember the reply, so that the message is recognised after a restart too.
    private func keep(_ reply: A2AMessage, _ note: TurnNote?) async throws {
        guard let durable = self.log.durable, let note, note.message?.id.isEmpty == false else { return }
        do {
            try await durable.note(reply, to: try note.record(taskEnds: true), in: self.scope)
        } catch TaskConflict.repeated {
            self.abandon(Self.sentTwice)
            throw CancellationError()
        } catch TaskConflict.fenced {
            self.abandon(Self.thoughtDead)
            throw CancellationError()
        } catch {
            self.fail(A2AError(wrapping: error))
            throw error
        }
    }
}
