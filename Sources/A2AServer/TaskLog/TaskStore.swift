public import A2A

/// Where task logs live.
///
/// A task is the fold of its events; a store appends events and reads them by number. Everything that must hold for
/// every store is in the contract suite of `A2ATesting`. All calls carry a ``Scope``: a task of another scope does
/// not exist.
public protocol TaskStore: Sendable {
    /// Whether an append waits for a disk or a network, so that several changes had better go together. Default `false`.
    var appendsWait: Bool { get }

    /// Begins a task: records its first state as generation 1, then `changes`.
    ///
    /// - Parameters:
    ///   - task: The first state; its id is new, its status has a state. The store sets the timestamp.
    ///   - changes: What happened since, in order; may be empty.
    /// - Throws: ``TaskConflict/exists`` if the id is taken; ``A2AError`` with `.resourceExhausted` if the store is full.
    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask

    /// Appends changes to a task's log, all or none.
    ///
    /// - Throws: ``TaskConflict`` if the task does not exist, has ended, or a condition does not hold; ``A2AError`` with
    ///   `.resourceExhausted` if the task is larger than the store allows.
    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended

    /// A task and the generation that it stands at, taken in one step; `nil` if there is no such task.
    ///
    /// - Parameter historyLength: How many of the newest messages to include; `nil` for all.
    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot?

    /// The events that follow a generation, oldest first, at most `limit`.
    ///
    /// - Throws: ``TaskConflict/notFound``.
    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage

    /// A page of tasks, newest status first (§3.1.4).
    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage

    /// Removes what the store's retention no longer keeps. Called now and then by the runtime.
    func removeExpired() async throws
}

extension TaskStore {
    public var appendsWait: Bool { false }

    /// Appends changes without a condition.
    public func append(_ changes: [TaskChange], to id: String, in scope: Scope) async throws -> Appended {
        try await self.append(changes, to: id, in: scope, condition: .init())
    }
}

/// What must hold for an append to happen.
public struct AppendCondition: Sendable {
    /// The generation that the task must stand at (optimistic concurrency).
    public var generation: Int64?
    /// The fencing number that must still be the task's: a turn that was fenced off can write no more.
    public var fence: Int64?
    /// Whether this append begins a new turn: the task gets a new fencing number, and writers with an older one are shut out.
    public var beginsTurn: Bool

    public init(generation: Int64? = nil, fence: Int64? = nil, beginsTurn: Bool = false) {
        self.generation = generation
        self.fence = fence
        self.beginsTurn = beginsTurn
    }
}

/// What an append did.
public struct Appended: Sendable, Equatable {
    /// The task's generation after it.
    public var generation: Int64
    /// The task's state after it.
    public var state: A2ATaskState
    /// The task's fencing number after it.
    public var fence: Int64

    public init(generation: Int64, state: A2ATaskState, fence: Int64) {
        self.generation = generation
        self.state = state
        self.fence = fence
    }
}

/// A task that was begun.
public struct CreatedTask: Sendable {
    /// The task as it stands at generation 1.
    public var first: A2ATask
    /// Where the changes that came with it have left it.
    public var appended: Appended

    public init(first: A2ATask, appended: Appended) {
        self.first = first
        self.appended = appended
    }
}

/// A task and the generation that it stands at.
public struct TaskSnapshot: Sendable {
    public var task: A2ATask
    public var generation: Int64

    public init(task: A2ATask, generation: Int64) {
        self.task = task
        self.generation = generation
    }
}

/// A piece of a task's log.
public enum EventPage: Sendable {
    /// The events, oldest first; empty if there are none yet.
    case events([LoggedEvent])
    /// The events after the asked generation are no longer kept; `oldest` is the first one that is.
    case gap(oldest: Int64)
}

/// Why an append did not happen.
public enum TaskConflict: Error, Sendable, Equatable {
    /// There is no such task in this scope.
    case notFound
    /// There is a task with this id already.
    case exists
    /// The task has ended.
    case terminal(A2ATaskState)
    /// The task stands at another generation than the caller thought.
    case generation(current: Int64)
    /// Another turn has taken over.
    case fenced
    /// Another process works on the task (``DurableTaskStore``).
    case busy
    /// The message was accepted before, for this task; `nil` if it was answered with a message (``DurableTaskStore``).
    case repeated(task: String?)
}

/// What ``TaskStore/list(_:in:)`` looks for.
public struct TaskQuery: Sendable {
    public var contextID: String?
    public var state: A2ATaskState?
    /// Only tasks whose status is at least this new.
    public var statusAfter: A2ATimestamp?
    /// 1...100.
    public var pageSize: Int
    /// ``TaskPage/next`` of the page before, or `nil` for the first page.
    public var pageToken: String?
    public var historyLength: Int?
    public var includeArtifacts: Bool

    public init(
        contextID: String? = nil, state: A2ATaskState? = nil, statusAfter: A2ATimestamp? = nil,
        pageSize: Int = 50, pageToken: String? = nil, historyLength: Int? = nil, includeArtifacts: Bool = false
    ) {
        self.contextID = contextID
        self.state = state
        self.statusAfter = statusAfter
        self.pageSize = pageSize
        self.pageToken = pageToken
        self.historyLength = historyLength
        self.includeArtifacts = includeArtifacts
    }
}

/// A page of tasks.
public struct TaskPage: Sendable {
    /// The tasks, each with the generation that it stands at in `generation`.
    public var tasks: [A2ATask]
    /// The token of the next page, or `nil` after the last one.
    public var next: String?
    /// How many tasks match in all.
    public var total: Int

    public init(tasks: [A2ATask], next: String?, total: Int) {
        self.tasks = tasks
        self.next = next
        self.total = total
    }
}
