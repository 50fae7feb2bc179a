import A2A

/// A store together with those who watch it: whatever is appended is announced.
struct TaskLog: Sendable {
    let store: any TaskStore
    let watches: TaskWatches
    /// Runs something beside the caller, or says that it cannot any more.
    let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    /// The store, if it outlives the process.
    let durable: (any DurableTaskStore)?
    /// The store, if steps need no task that waits for them.
    private let queue: (any StepQueue)?
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
        self.queue = store as? any StepQueue
        self.watches = watches
        self.spawn = spawn
        self.deliverer = deliverer
    }

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        let created = try await self.store.create(task, then: changes, in: scope)
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

    /// Writes a step that is made out as late as the store allows (``DurableTaskStore/write(to:in:bytes:_:)``).
    ///
    /// - Parameter whenDone: Called once; it does not wait.
    func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep,
        whenDone: @escaping @Sendable (Result<Written, any Error>) -> Void
    ) {
        let settle: @Sendable (Result<Written, any Error>) -> Void = { result in
            if case .success(let written) = result { self.announce(written.appended, of: id) }
            whenDone(result)
        }
        if let queue = self.queue { return queue.enqueue(to: id, in: scope, bytes: bytes, step, whenDone: settle) }
        let isTaken = self.spawn {
            do {
                settle(.success(try await self.write(to: id, in: scope, bytes: bytes, step)))
            } catch {
                settle(.failure(error))
            }
        }
        if !isTaken { whenDone(.failure(TurnTable.shuttingDown)) }
    }

    private func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep
    ) async throws -> Written {
        if let durable = self.durable { return try await durable.write(to: id, in: scope, bytes: bytes, step) }
        return try await self.store.write(try step(), to: id, in: scope)
    }

    /// Wakes who waits for a task's log.
    func announce(_ appended: Appended, of id: String) {
        self.deliverer?.grew(id)
        let readers = self.watches.advance(id, appended)
        if readers.count > Self.inlineWakeups, self.spawn({ for reader in readers { reader.resume() } }) { return }
        for reader in readers { reader.resume() }
    }
}
