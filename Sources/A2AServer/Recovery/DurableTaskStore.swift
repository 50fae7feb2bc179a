public import A2A

/// A task store that outlives its process, and that several processes may share.
///
/// Each process that works on tasks holds a *lease*, one for all of its turns, and says with a beat that it lives. A task remembers
/// whose turn works on it and what began the turn. The lease of a process that has ended, or whose beats stay out, is over: its
/// unfinished turns are orphans, which another process takes over with a new fencing number. So the one that is thought dead and
/// is not can write no more.
///
/// The calls of ``TaskStore`` without a ``TurnRecord`` change tasks without working on them. Everything that must hold for
/// every store is in the contract suite of `A2ATesting`.
public protocol DurableTaskStore: TaskStore {
    /// Names the log: the same for as long as nothing of it is lost, never 0.
    func incarnation() async throws -> UInt64

    /// As ``TaskStore/create(_:then:in:)``, for a turn of this process, which is noted in the same step.
    ///
    /// - Throws: Also ``TaskConflict/fenced`` if the lease of this process is over, and ``TaskConflict/repeated(task:)`` if the
    ///   message has made a task before.
    func create(
        _ task: A2ATask, then changes: [TaskChange], in scope: Scope, turn: TurnRecord
    ) async throws -> CreatedTask

    /// As ``TaskStore/append(_:to:in:condition:)``, and notes in the same step what belongs to the turn.
    ///
    /// - Throws: Also ``TaskConflict/busy`` if the append would begin a turn and another process works on the task, or did until
    ///   its lease was over; ``TaskConflict/fenced`` if the lease of this process is over; ``TaskConflict/repeated(task:)`` if
    ///   the message was accepted before.
    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, turn: TurnRecord
    ) async throws -> Appended

    /// Writes a step of a turn that is made out when the store comes to write it: what the turn says while the store is busy is
    /// then part of it. By default it is made out at once.
    ///
    /// - Parameters:
    ///   - bytes: About how much there is to write now, in bytes.
    ///   - step: Makes the step out. It may be called again, if a transaction was undone.
    /// - Throws: What `step` throws, and what ``create(_:then:in:turn:)`` and ``append(_:to:in:condition:turn:)`` do.
    func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep
    ) async throws -> Written

    /// The turn with a fencing number is over although its task has not ended: any process may begin the next.
    ///
    /// Does nothing if there is no such turn.
    func endTurn(of id: String, in scope: Scope, fence: Int64) async throws

    /// A turn that is over has left its task submitted or working: its process does not go on with it, and it is an orphan.
    ///
    /// Does nothing if there is no such turn, or its task has come to rest.
    func giveUpTurn(of id: String, in scope: Scope, fence: Int64) async throws

    /// A turn of this process answers its message with a message, and makes no task.
    ///
    /// - Parameter turn: Its ``TurnRecord/message`` is what the reply is found by.
    /// - Throws: ``TaskConflict/fenced`` if the lease of this process is over, ``TaskConflict/repeated(task:)`` if the message was
    ///   accepted before.
    func note(_ reply: A2AMessage, to turn: TurnRecord, in scope: Scope) async throws

    /// What a message was answered with, if that was less than ``TurnRecord/window`` ago and the task is still there.
    ///
    /// It may be `nil` for messages that this very process has accepted since it began, which it knows itself; a second step
    /// with one of them is refused all the same (``TaskConflict/repeated(task:)``).
    func answer(to message: MessageKey, in scope: Scope) async throws -> KnownAnswer?

    /// Says that this process lives, and finds the leases that are over.
    ///
    /// - Parameters:
    ///   - now: A time that does not go on while the machine sleeps, and that nobody sets.
    ///   - leaseLength: How long the beats of others may stay out.
    func beat(now: SuspendingClock.Instant, leaseLength: Duration) async throws -> LeaseBeat

    /// Takes turns over whose lease is over: they are this process's from now on, with a new fencing number.
    func takeOrphans(limit: Int) async throws -> [OrphanedTurn]

    /// Whether another process may have written since this was last asked.
    func othersHaveWritten() async throws -> Bool

    /// Where tasks stand, of those that exist; for tasks whose log other processes write too.
    func progress(of ids: [String]) async throws -> [TaskProgress]

    /// This process works on tasks, perhaps again after ``endLease()`` or after its lease was lost. The lease itself begins with the first call that needs one.
    func beginLease() async

    /// Ends the lease: what this process has not finished is anybody's.
    func endLease() async throws
}

/// A store that takes steps of turns without a task that waits for each.
package protocol StepQueue: DurableTaskStore {
    /// As ``DurableTaskStore/write(to:in:bytes:_:)``; `whenDone` is called once, on any thread, and does not wait.
    func enqueue(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep,
        whenDone: @escaping @Sendable (Result<Written, any Error>) -> Void)
}

extension DurableTaskStore {
    public var appendsWait: Bool { true }

    public func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep
    ) async throws -> Written {
        let step = try step()
        let condition = AppendCondition(fence: step.fence)
        guard let turn = step.turn else { return try await self.write(step, to: id, in: scope) }
        guard let task = step.begins else {
            return .appended(
                try await self.append(step.changes, to: id, in: scope, condition: condition, turn: turn))
        }
        return .created(try await self.create(task, then: step.changes, in: scope, turn: turn))
    }
}

/// What a durable store keeps of a turn beside the task's events.
public struct TurnRecord: Sendable, Equatable {
    /// What begins the turn again, in the runtime's own form; `nil` if the turn that is at work goes on.
    ///
    /// It replaces the older one, and the count of messages received begins anew. It holds no credentials.
    public var opening: [UInt8]?

    /// The message that is accepted with this step.
    public var message: MessageKey?

    /// For how long the message is recognised when it comes again.
    public var window: Duration

    public init(opening: [UInt8]? = nil, message: MessageKey? = nil, window: Duration = .seconds(600)) {
        self.opening = opening
        self.message = message
        self.window = window
    }
}

/// A message as it is recognised when it comes again (§3.3.1), within its scope.
public struct MessageKey: Sendable, Hashable {
    public var id: String
    /// A hash of everything that makes the message what it is; the same in every process and version.
    public var fingerprint: UInt64

    public init(id: String, fingerprint: UInt64) {
        self.id = id
        self.fingerprint = fingerprint
    }
}

/// What a message was answered with when it came first.
public enum KnownAnswer: Sendable, Equatable {
    /// The task with this id: made, or gone on with.
    case task(String)
    case message(A2AMessage)
}

/// What a beat found.
public struct LeaseBeat: Sendable, Equatable {
    /// Whether others had taken this process for dead. Its turns are not its own any more, and it begins none until
    /// ``DurableTaskStore/beginLease()``.
    public var wasLost: Bool
    /// Whether there may be orphans to take over.
    public var hasOrphans: Bool
    /// Whether other processes share the log.
    public var isShared: Bool

    public init(wasLost: Bool, hasOrphans: Bool, isShared: Bool) {
        self.wasLost = wasLost
        self.hasOrphans = hasOrphans
        self.isShared = isShared
    }
}

/// A turn whose process is gone, taken over.
public struct OrphanedTurn: Sendable, Equatable {
    public var taskID: String
    public var scope: Scope
    /// ``TurnRecord/opening``.
    public var opening: [UInt8]
    /// The new fencing number.
    public var fence: Int64
    /// The task's generation when the turn began: what follows is of this turn.
    public var since: Int64
    /// How many messages the task has received since.
    public var received: Int
    /// How often in a row the turn was taken over without anything new in its log; 1 the first time.
    public var attempts: Int

    public init(
        taskID: String, scope: Scope, opening: [UInt8], fence: Int64, since: Int64, received: Int, attempts: Int
    ) {
        self.taskID = taskID
        self.scope = scope
        self.opening = opening
        self.fence = fence
        self.since = since
        self.received = received
        self.attempts = attempts
    }
}

/// Where a task stands.
public struct TaskProgress: Sendable, Equatable {
    public var taskID: String
    public var appended: Appended

    public init(taskID: String, appended: Appended) {
        self.taskID = taskID
        self.appended = appended
    }
}
