import A2A
import Synchronization

/// One turn at work: its state, and everybody who waits for it.
package final class TurnExecution: Sendable {
    package let taskID: String
    package let contextID: String
    let scope: Scope
    /// The message that begins the task, as it enters the history.
    private let opening: A2AMessage
    private let log: TaskLog
    /// Writes chunks, if the store's appends wait for a disk.
    private let pump: ChunkPump?
    private let handle = Mutex<TaskWatches.Handle?>(nil)

    private let inner: Mutex<Inner>

    fileprivate struct Inner {
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
        var record: TurnRecord?
    }

    fileprivate typealias OfferWaiter = (key: UInt64, continuation: CheckedContinuation<Void, any Error>)

    fileprivate struct DecisionWaiter {
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

    /// - Parameter record: What a durable store notes with the first change.
    init(
        taskID: String, contextID: String, scope: Scope, opening: A2AMessage, state: TurnState, log: TaskLog,
        record: TurnRecord? = nil
    ) {
        self.taskID = taskID
        self.contextID = contextID
        self.scope = scope
        self.opening = opening
        self.log = log
        self.pump =
            log.store.appendsWait ? ChunkPump(log: log, taskID: taskID, scope: scope) : nil
        self.inner = Mutex(Inner(turn: state, record: record))
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
        let (action, record) = self.inner.withLock { inner in
            inner.lastActivity = .now
            return (inner.turn.reply(), inner.record)
        }
        switch action {
        case .decide:
            try await self.note(message, record)
            self.inner.withLock { $0.decide(.success(.message(message))) }.resume()
        case .completeTask:
            var status = A2ATaskStatus(.completed)
            status.message = message
            try await self.emit(TaskChange(.status(status)))
        case .refuse(let why):
            throw A2AError(.invalidAgentResponse, why)
        }
    }

    func emit(_ change: TaskChange) async throws {
        let change = try change.checked(taskID: self.taskID, contextID: self.contextID)
        let (action, record) = self.inner.withLock { inner in
            inner.lastActivity = .now
            let action = inner.turn.emit()
            if case .append = action { return (action, inner.record.take()) }
            return (action, nil)
        }
        switch action {
        case .create:
            guard try await self.create(then: [change]) else {
                return try await self.emit(change)
            }
        case .append(let fence):
            do {
                if let pump = self.pump {
                    if case .chunk = change.kind, record == nil {
                        return try await pump.add(change, fence: fence) { self.recorded($0) }
                    }
                    try await pump.flush()
                }
                self.recorded(
                    try await self.log.append(
                        [change], to: self.taskID, in: self.scope, condition: AppendCondition(fence: fence),
                        turn: record))
            } catch TaskConflict.fenced {
                throw CancellationError()
            } catch TaskConflict.terminal(let state) {
                if Task.isCancelled { throw CancellationError() }
                throw A2AError(
                    .unsupportedOperation, "The task has ended (\(state.name)); nothing can be added to it.")
            }
        case .refuse(let why):
            throw A2AError(.invalidAgentResponse, why)
        case .stopped:
            throw CancellationError()
        }
    }

    /// Waits until what the agent has written is in the log.
    ///
    /// - Throws: What went wrong with it.
    func flush() async throws {
        do {
            try await self.pump?.flush()
        } catch TaskConflict.fenced {
            throw CancellationError()
        } catch TaskConflict.terminal(let state) {
            throw A2AError(
                .unsupportedOperation, "The task has ended (\(state.name)); nothing can be added to it.")
        }
    }

    private func recorded(_ appended: Appended) {
        let waiters = self.change { inner in
            inner.turn.recorded(appended)
            return appended.state.isActive ? .init() : inner.settle()
        }
        waiters.resume()
    }

    /// Changes the turn, and wakes those who have a message for it if it can say now whether it takes any.
    private func change<Value>(_ body: (inout Inner) -> Value) -> Value {
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

    // MARK: For callers

    /// The turn's first answer.
    ///
    /// - Parameter untilSettled: If the answer is a task, waits until it has come to rest too: one wake-up instead of two.
    /// - Throws: What the agent threw, if it answered nothing; `CancellationError` if the caller goes away.
    func decision(untilSettled: Bool = false) async throws -> Decision {
        let key = self.inner.withLock { $0.makeKey() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Decision, any Error>? = self.inner.withLock { inner in
                    if let decision = inner.decision, !untilSettled || inner.isAnswered {
                        return decision.mapError { $0 }
                    }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    inner.decisionWaiters.append(
                        DecisionWaiter(key: key, continuation: continuation, untilSettled: untilSettled))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.inner.withLock { inner in
                inner.decisionWaiters.firstIndex { $0.key == key }.map { inner.decisionWaiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The task has come to rest, or nothing more is to be expected of the turn.
    func noteSettled() { self.inner.withLock { $0.settle() }.resume() }

    /// The first answer, if there is one yet.
    var decisionSoFar: Result<Decision, A2AError>? { self.inner.withLock { $0.decision } }

    /// Makes the task now if the agent has not answered yet.
    func forceTask() async throws {
        guard self.inner.withLock({ $0.turn.force() }) else { return }
        defer {
            let closing = self.inner.withLock { inner in
                inner.turn.forceIsOver()
                return inner.closingWaiter.take()
            }
            closing?.resume()
        }
        _ = try await self.create(then: [])
    }

    /// Makes the task if there is none, on behalf of the agent.
    func openTask() async throws {
        switch self.inner.withLock({ $0.turn.emit() }) {
        case .create: _ = try await self.create(then: [])
        case .append: break
        case .refuse(let why): throw A2AError(.invalidAgentResponse, why)
        case .stopped: throw CancellationError()
        }
    }

    /// Promises a message to the running turn.
    func offer() -> TurnState.OnOffer { self.inner.withLock { $0.turn.offer() } }

    /// Waits until the turn has begun, or has left: until it can say whether it takes a message, or stops.
    ///
    /// - Throws: `CancellationError` if the caller goes away.
    func waitWhileInBetween() async throws {
        let key = self.inner.withLock { $0.makeKey() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = self.inner.withLock { inner in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard inner.turn.isInBetween else { return .success(()) }
                    inner.offerWaiters.append((key, continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.inner.withLock { inner in
                inner.offerWaiters.firstIndex { $0.key == key }.map { inner.offerWaiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The turn is over, and not in the table any more.
    func leave() { self.change { $0.turn.leave() } }

    /// Hands over a promised message, from the append that put it into the log.
    func deliver(_ message: A2AMessage, with appended: Appended) {
        let (waiter, closing, taken) = self.inner.withLock { inner in
            inner.turn.deliver(message)
            inner.turn.recorded(appended)
            inner.lastActivity = .now
            let waiter = inner.messageWaiter.take()
            return (waiter, inner.closingWaiter.take(), waiter == nil ? nil : inner.turn.takeMessage())
        }
        if let waiter, let taken { waiter.continuation.resume(returning: taken) }
        closing?.resume()
    }

    /// Takes a promise back.
    func withdraw() {
        let closing = self.inner.withLock { inner in
            inner.turn.withdraw()
            return inner.closingWaiter.take()
        }
        closing?.resume()
    }

    /// Asks the turn to stop.
    @discardableResult
    func stop(_ reason: TurnState.StopReason) -> TurnState.OnStop {
        let (answer, onStop) = self.inner.withLock { inner in
            let answer = inner.turn.requestStop(reason)
            return (answer, answer == .requested ? inner.onStop.take() : nil)
        }
        onStop?()
        return answer
    }

    /// The turn goes on with a task, from the append that accepted its message.
    func begin(with appended: Appended) {
        self.change { $0.turn.recorded(appended) }
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
    func goesOn(with record: TurnRecord?) { self.inner.withLock { $0.record = record } }

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

    /// Ends the task with a status on behalf of the agent.
    func finish(_ status: A2ATaskStatus, fence: Int64) async throws {
        defer { self.inner.withLock { $0.turn.finished() } }
        try await self.end(with: status, condition: AppendCondition(fence: fence))
    }

    /// Shuts out a turn that did not stop in time, and ends its task.
    func fenceOff(with status: A2ATaskStatus) async throws {
        guard self.change({ $0.turn.fenceOff() }) else { return }
        defer { self.change { $0.turn.fencingIsOver() } }
        try await self.end(with: status, condition: AppendCondition(beginsTurn: true))
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

    private static var thoughtDead: A2AError {
        A2AError(
            .unavailable, "This process was silent for so long that others took its work over. Try again.",
            details: [.retryInfo(.seconds(1))])
    }

    // MARK: Inside

    /// Appends the last status, unless somebody else has ended the task or taken it over: theirs counts.
    private func end(with status: A2ATaskStatus, condition: AppendCondition) async throws {
        var status = status
        if status.hasMessage {
            status.message = status.message.addressed(taskID: self.taskID, contextID: self.contextID)
        }
        defer { self.noteSettled() }
        func append() async throws {
            do {
                _ = try await self.log.append(
                    [TaskChange(.status(status))], to: self.taskID, in: self.scope, condition: condition)
            } catch is TaskConflict {}
        }
        do {
            try await append()
        } catch let error as A2AError where error.code == .resourceExhausted && status.hasMessage {
            // The task is full: its end matters more than the words about it.
            status.clearMessage()
            try await append()
        }
    }

    /// Lets a durable store remember the reply, so that the message is recognised after a restart too.
    private func note(_ reply: A2AMessage, _ record: TurnRecord?) async throws {
        guard let durable = self.log.durable, let record, record.message?.id.isEmpty == false else { return }
        do {
            try await durable.note(reply, to: record, in: self.scope)
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

    /// Makes the task.
    ///
    /// - Returns: `false` if it was made meanwhile by a concurrent call.
    private func create(then changes: [TaskChange]) async throws -> Bool {
        var task = A2ATask()
        task.id = self.taskID
        task.contextID = self.contextID
        task.status = A2ATaskStatus(.submitted)
        task.history = [self.opening]
        // Before the task can change: whoever waits for it must not miss how it settles.
        _ = self.watch
        do {
            // Kept for the next attempt if this one fails.
            let record = self.inner.withLock { $0.record }
            let created = try await self.log.create(task, then: changes, in: self.scope, turn: record)
            let waiters = self.change { inner in
                inner.record = nil
                inner.turn.recorded(created.appended)
                let isActive = created.appended.state.isActive
                return inner.decide(.success(.task(created.first))) + (isActive ? .init() : inner.settle())
            }
            waiters.resume()
            return true
        } catch TaskConflict.exists {
            self.change { $0.turn.madeElsewhere() }
            return false
        } catch TaskConflict.repeated {
            self.abandon(Self.sentTwice)
            throw CancellationError()
        } catch TaskConflict.fenced {
            self.abandon(Self.thoughtDead)
            throw CancellationError()
        }
    }
}

extension TurnExecution.Inner {
    /// A fresh number for somebody who waits.
    fileprivate mutating func makeKey() -> UInt64 {
        self.nextWaiter += 1
        return self.nextWaiter
    }

    /// Those who have a message for the turn, if it can say now whether it takes any.
    fileprivate mutating func takeOfferWaiters() -> [TurnExecution.OfferWaiter] {
        guard !self.offerWaiters.isEmpty, !self.turn.isInBetween else { return [] }
        defer { self.offerWaiters = [] }
        return self.offerWaiters
    }

    /// Whether nobody has to wait any more.
    fileprivate var isAnswered: Bool {
        guard case .success(.task)? = self.decision else { return self.decision != nil }
        return self.isSettled
    }

    /// Takes the first answer; returns who waits for it.
    fileprivate mutating func decide(_ decision: Result<TurnExecution.Decision, A2AError>) -> TurnExecution.Answers {
        guard self.decision == nil else { return .init() }
        self.decision = decision
        return self.takeAnswered()
    }

    /// The task has come to rest; returns who waits for that.
    fileprivate mutating func settle() -> TurnExecution.Answers {
        self.isSettled = true
        return self.takeAnswered()
    }

    private mutating func takeAnswered() -> TurnExecution.Answers {
        guard let decision = self.decision, !self.decisionWaiters.isEmpty else { return .init() }
        if self.isAnswered {
            defer { self.decisionWaiters = [] }
            return .init(waiters: self.decisionWaiters, decision: decision)
        }
        let answered = self.decisionWaiters.filter { !$0.untilSettled }
        self.decisionWaiters.removeAll { !$0.untilSettled }
        return .init(waiters: answered, decision: decision)
    }
}

extension TurnExecution {
    /// Those who waited for the first answer, and the answer; resumed outside the lock.
    fileprivate struct Answers {
        var waiters: [DecisionWaiter] = []
        var decision: Result<Decision, A2AError>?

        func resume() {
            guard let decision else { return }
            for waiter in self.waiters { waiter.continuation.resume(with: decision.mapError { $0 }) }
        }

        /// Both, where both are of one turn and so have one answer.
        static func + (lhs: Self, rhs: Self) -> Self {
            Self(waiters: lhs.waiters + rhs.waiters, decision: lhs.decision ?? rhs.decision)
        }
    }
}

extension A2AMessage {
    /// The message with everything filled in that an agent may leave out.
    func addressed(taskID: String, contextID: String) -> A2AMessage {
        var message = self
        if message.messageID.isEmpty { message.messageID = Identifier.make() }
        if message.role == .unspecified { message.role = .agent }
        if message.contextID.isEmpty { message.contextID = contextID }
        if message.taskID.isEmpty { message.taskID = taskID }
        return message
    }

    /// The message, if it is one that an agent may send.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    func checked() throws -> A2AMessage {
        guard !self.parts.isEmpty, self.parts.allSatisfy({ $0.content != nil }) else {
            throw A2AError(.invalidAgentResponse, "The agent's message has no part, or an empty one.")
        }
        return self
    }
}

extension TaskChange {
    /// The change with identifiers filled in, if it is one that the protocol allows.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse`.
    func checked(taskID: String, contextID: String) throws -> TaskChange {
        var change = self
        switch self.kind {
        case .status(var status):
            switch status.state {
            case .unspecified: throw A2AError(.invalidAgentResponse, "A status needs a state.")
            case .UNRECOGNIZED(let number):
                throw A2AError(.invalidAgentResponse, "\(number) is not the number of a task state.")
            default: break
            }
            if status.hasMessage {
                status.message = try status.message.addressed(taskID: taskID, contextID: contextID).checked()
                change.kind = .status(status)
            }
        case .artifact(let artifact, _), .chunk(let artifact, _):
            guard !artifact.artifactID.isEmpty else {
                throw A2AError(.invalidAgentResponse, "An artifact needs an id.")
            }
            guard !artifact.parts.isEmpty, artifact.parts.allSatisfy({ $0.content != nil }) else {
                throw A2AError(
                    .invalidAgentResponse, "The artifact '\(artifact.artifactID)' has no part, or an empty one.")
            }
        }
        return change
    }
}
