import A2A

/// A store together with those who watch it: whatever is appended is announced.
struct TaskLog: Sendable {
    let store: any TaskStore
    let watches: TaskWatches
    /// Runs something beside the caller, or says that it cannot any more.
    let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    /// Sends what was appended to those who asked for push notifications.
    var deliverer: PushDeliverer?

    /// More readers than this are woken by somebody else than the agent that writes.
    static let inlineWakeups = 8

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        let created = try await self.store.create(task, then: changes, in: scope)
        self.announce(created.appended, of: task.id)
        return created
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        let appended = try await self.store.append(changes, to: id, in: scope, condition: condition)
        self.announce(appended, of: id)
        return appended
    }

    private func announce(_ appended: Appended, of id: String) {
        self.deliverer?.grew(id)
        let readers = self.watches.advance(id, appended)
        if readers.count > Self.inlineWakeups, self.spawn({ for reader in readers { reader.resume() } }) { return }
        for reader in readers { reader.resume() }
    }
}
