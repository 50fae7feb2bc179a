import A2A

/// A store together with those who watch it: whatever is appended is announced.
struct TaskLog: Sendable {
    let store: any TaskStore
    let watches: TaskWatches
    /// Runs something beside the caller, or says that it cannot any more.
    let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    /// The store, if it outlives the process.
    let durable: (any DurableTaskStore)?
    /// Sends what was appended to those who asked for push notifications.
    var deliverer: PushDeliverer?

    /// More readers than this are woken by somebody else than the agent that writes.
    static let inlineWakeups = 8

    init(
        store: any TaskStore, watches: TaskWatches,
        spawn: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Bool, deliverer: PushDeliverer? = nil
    ) {
        self.store = store
        self.durable = store as? any DurableTaskStore
        self.watches = watches
        self.spawn = spawn
        self.deliverer = deliverer
    }

    /// - Parameter turn: What a durable store notes in the same step.
    func create(
        _ task: A2ATask, then changes: [TaskChange], in scope: Scope, turn: TurnRecord? = nil
    ) async throws -> CreatedTask {
        let created =
            if let turn, let durable = self.durable {
                try await durable.create(task, then: changes, in: scope, turn: turn)
            } else {
                try await self.store.create(task, then: changes, in: scope)
            }
        self.announce(created.appended, of: task.id)
        return created
    }

    /// - Parameter turn: What a durable store notes in the same step.
    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, turn: TurnRecord? = nil
    ) async throws -> Appended {
        let appended =
            if let turn, let durable = self.durable {
                try await durable.append(changes, to: id, in: scope, condition: condition, turn: turn)
            } else {
                try await self.store.append(changes, to: id, in: scope, condition: condition)
            }
        self.announce(appended, of: id)
        return appended
    }

    /// Wakes who waits for a task's log.
    func announce(_ appended: Appended, of id: String) {
        self.deliverer?.grew(id)
        let readers = self.watches.advance(id, appended)
        if readers.count > Self.inlineWakeups, self.spawn({ for reader in readers { reader.resume() } }) { return }
        for reader in readers { reader.resume() }
    }
}
