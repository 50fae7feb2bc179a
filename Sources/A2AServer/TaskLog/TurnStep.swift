public import A2A

/// What a turn writes in one step: the making of its task, changes of it, or both.
public struct TurnStep: Sendable {
    /// The task that begins with it; `nil` if it is there.
    public var begins: A2ATask?
    /// What is added to the task, in order.
    public var changes: [TaskChange]
    /// The fencing number that it is written under, if the task is there.
    public var fence: Int64
    /// What a durable store notes in the same step; `nil` for nothing.
    public var turn: TurnRecord?

    public init(
        begins: A2ATask? = nil, changes: [TaskChange] = [], fence: Int64 = 1, turn: TurnRecord? = nil
    ) {
        self.begins = begins
        self.changes = changes
        self.fence = fence
        self.turn = turn
    }
}

/// What came of a step.
public enum Written: Sendable {
    case created(CreatedTask)
    case appended(Appended)

    /// Where it has left the task.
    public var appended: Appended {
        switch self {
        case .created(let created): created.appended
        case .appended(let appended): appended
        }
    }
}

extension TaskStore {
    /// Writes a step without what belongs to the turn.
    func write(_ step: TurnStep, to id: String, in scope: Scope) async throws -> Written {
        guard let task = step.begins else {
            return .appended(
                try await self.append(
                    step.changes, to: id, in: scope, condition: AppendCondition(fence: step.fence)))
        }
        return .created(try await self.create(task, then: step.changes, in: scope))
    }
}
