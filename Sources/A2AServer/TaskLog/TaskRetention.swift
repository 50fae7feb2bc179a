package import A2A

/// What a store keeps of tasks, and for how long. The defaults are those of the store in memory.
public struct TaskRetention: Sendable {
    /// The most tasks. When they are reached, the task that ended first goes; if none has ended, a new one is refused.
    public var tasks = 100_000
    /// The most bytes of all tasks together (contents and logs, as estimated). When they are reached, the task that
    /// ended first goes; if none has ended, what makes a task grow is refused. Default 1 GiB.
    public var bytes = 1 << 30
    /// How long a task is kept after it has ended. Default 24 hours.
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
        let growth = changes.reduce(0) { $0 + fold.growth(by: $1) }
        let reserve = changes.last?.endsTask == true ? TaskRetention.endReserve : 0
        guard growth == 0 || fold.byteCount + growth <= retention.bytesPerTask + reserve else {
            throw TaskRetention.taskTooLarge(retention.bytesPerTask)
        }
    }
}

extension [TaskChange] {
    /// By how many bytes the changes can make the store grow at most: once in the contents, once in the log. 0 if they end
    /// the task, which must always be possible, however full the store is.
    package var mostGrowth: Int {
        guard self.last?.endsTask != true else { return 0 }
        return self.reduce(0) { $0 + 2 * $1.approximateByteCount + ($1.received?.approximateByteCount ?? 0) }
    }
}
