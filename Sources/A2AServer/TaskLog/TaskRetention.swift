package import A2A

/// What a store keeps of tasks, and for how long. The defaults are those of the store in memory.
public struct TaskRetention: Sendable {
    /// The most tasks. When they are reached, the task that ended first goes; if none has ended, a new one is refused.
    public var tasks = 100_000
    /// The most bytes of all tasks together (contents and logs, as estimated). When they are reached, the task that
    /// ended first goes; if none has ended, what makes a task grow is refused. Default 1 GiB.
    public var bytes = 1 << 30
    /// How long a task is kept after it has ended, by the clock on the wall: the time in which no process runs counts. A store that knows that
    /// notifications of it are still to be sent keeps it for as long again, if need be. Default 24 hours.
    public var age: Duration = .seconds(24 * 3600)
    /// The most events that one task's log keeps for readers who come later. Default 20 000.
    public var eventsPerTask = 20_000
    /// The most bytes that one task's log keeps for readers who come later. Default 32 MiB.
    public var eventBytesPerTask = 32 << 20
    /// The most bytes of content of one task; what goes beyond is refused. Default 64 MiB.
    public var bytesPerTask = 64 << 20

    public init() {}

    /// What a task may take beyond its limit when it ends, in bytes: a full task must still be able to. 64 KiB.
    package static let endReserve = 64 << 10

    /// The store is full of tasks that have not ended.
    package static var full: A2AError {
        A2AError(
            .resourceExhausted,
            "The agent keeps as much of unfinished tasks as it can. Try again when some have ended.",
            details: [.retryInfo(.seconds(5))])
    }

    package static func taskTooLarge(_ limit: Int) -> A2AError {
        A2AError(.resourceExhausted, "The task has reached the limit of \(limit) bytes of content.")
    }
}

extension AppendCondition {
    /// Checks what must hold for changes to be appended, all or none, to a task that stands like this.
    ///
    /// - Throws: ``TaskConflict``; ``A2AError`` with `.resourceExhausted` if the task would become too large.
    package func check(
        _ changes: [TaskChange], to fold: TaskFold, generation: Int64, fence: Int64, retention: TaskRetention
    ) throws {
        if fold.state.isTerminal { throw TaskConflict.terminal(fold.state) }
        if let known = self.fence, known != fence { throw TaskConflict.fenced }
        if let expected = self.generation, expected != generation {
            throw TaskConflict.generation(current: generation)
        }
        // Nothing may follow the change that ends the task.
        for change in changes.dropLast() {
            if case .status(let status) = change.kind, status.state.isTerminal {
                throw TaskConflict.terminal(status.state)
            }
        }
        // The end of a task has room of its own, what comes with it has not.
        let content = changes.withoutEnd.reduce(0) { $0 + fold.growth(by: $1) }
        guard content == 0 || fold.byteCount + content <= retention.bytesPerTask else {
            throw TaskRetention.taskTooLarge(retention.bytesPerTask)
        }
        guard let end = changes.last, end.endsTask else { return }
        let growth = fold.growth(by: end)
        guard growth == 0 || fold.byteCount + content + growth <= retention.bytesPerTask + TaskRetention.endReserve
        else { throw TaskRetention.taskTooLarge(retention.bytesPerTask) }
    }
}

extension [TaskChange] {
    /// The changes without the one that ends the task, if there is one.
    fileprivate var withoutEnd: ArraySlice<TaskChange> { self.last?.endsTask == true ? self.dropLast() : self[...] }

    /// By how many bytes the changes can make the store grow at most: once in the contents, once in the log. The one that
    /// ends the task does not count: it must always be possible, however full the store is.
    package var mostGrowth: Int {
        self.withoutEnd.reduce(0) { $0 + 2 * $1.approximateByteCount + ($1.received?.approximateByteCount ?? 0) }
    }
}
