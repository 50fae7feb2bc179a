import A2A

// Messages to tasks that there are: they go to the turn at work, or begin the next one.

extension TaskRuntime {
    /// Hands a message to the task that it names (§3.4.3): to the turn at work, or to a new one.
    func followUp(
        _ request: A2ASendMessageRequest, _ note: TurnNote?, context: CallContext, scope: Scope
    ) async throws -> AcceptedTask {
        let id = request.message.taskID
        let handle = self.log.watches.watch(id)
        var takeBackPush: (@Sendable () async -> Void)?
        do {
            return try await self.handOver(request, note, handle, &takeBackPush, context: context, scope: scope)
        } catch {
            await takeBackPush?()
            throw error
        }
    }

    private func handOver(
        _ request: A2ASendMessageRequest, _ note: TurnNote?, _ handle: TaskWatches.Handle,
        _ takeBackPush: inout (@Sendable () async -> Void)?, context: CallContext, scope: Scope
    ) async throws -> AcceptedTask {
        let id = request.message.taskID
        let expected = request.generationToMatch(in: context.version)
        var hasPush = false
        // A turn that has not begun, or is just ending, neither takes the message nor lets another begin: ask again afterwards.
        while true {
            guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: 0) else {
                throw A2AError.taskNotFound(id)
            }
            let task = snapshot.task
            let contextID = request.message.contextID
            guard contextID.isEmpty || contextID == task.contextID else {
                throw A2AError.invalidParams(
                    field: "message.contextId",
                    "is not the context of task '\(id)'; leave it out or send '\(task.contextID)'")
            }
            if let expected, expected != snapshot.generation {
                throw Self.mismatch(id, expected: expected, current: snapshot.generation)
            }
            guard !task.status.state.isTerminal else { throw Self.ended(id, task.status.state) }
            var message = request.message
            message.contextID = task.contextID
            if !hasPush {
                takeBackPush = try await self.addPush(request, to: snapshot, scope: scope, context: context)
                hasPush = true
            }

            if let running = self.turns[id] {
                switch running.offer() {
                case .accepted:
                    return try await self.deliver(
                        message, of: request, note, ifGeneration: expected, to: running, handle: handle)
                case .full:
                    throw A2AError(
                        .resourceExhausted,
                        "Task '\(id)' has \(TurnState.maxInbox) messages waiting. Send again when it has read some.",
                        details: [.retryInfo(.seconds(1))])
                case .later:
                    try await running.waitWhileInBetween()
                    continue
                case .over:
                    continue
                case .shutOut:
                    let now = try await self.store.snapshot(of: id, in: scope, historyLength: 0)?.task.status.state
                    if let now, now.isTerminal { throw Self.ended(id, now) }
                    throw Self.error(for: .busy, taskID: id)
                }
            }
            if let accepted = try await self.beginNextTurn(
                message, task: task, request: request, note, context: context, scope: scope, handle: handle)
            {
                return accepted
            }
        }
    }

    private func deliver(
        _ message: A2AMessage, of request: A2ASendMessageRequest, _ note: TurnNote?, ifGeneration expected: Int64?,
        to running: TurnExecution, handle: TaskWatches.Handle
    ) async throws -> AcceptedTask {
        let change = TaskChange(.status(A2ATaskStatus(.working)), received: message)
        let appended: Appended
        do {
            appended = try await self.log.append(
                [change], to: running.taskID, in: running.scope,
                condition: AppendCondition(generation: expected, fence: running.fence),
                turn: note.map { TurnRecord(message: $0.message, window: $0.window) })
        } catch {
            running.withdraw()
            if let conflict = error as? TaskConflict {
                throw Self.error(for: conflict, taskID: running.taskID, expected: expected)
            }
            throw error
        }
        running.deliver(message, with: appended)
        self.ledger.settle(request.message, scope: running.scope, as: .task(running.taskID))
        return try await self.accepted(running.taskID, running.scope, appended, handle)
    }

    /// - Returns: `nil` if another caller has just begun the next turn.
    private func beginNextTurn(
        _ message: A2AMessage, task: A2ATask, request: A2ASendMessageRequest, _ note: TurnNote?,
        context: CallContext, scope: Scope, handle: TaskWatches.Handle
    ) async throws -> AcceptedTask? {
        let expected = request.generationToMatch(in: context.version)
        let execution = TurnExecution(
            taskID: task.id, contextID: task.contextID, scope: scope, opening: message,
            state: TurnState(continuing: .working, fence: 0), log: self.log)
        guard try self.turns.begin(execution) else { return nil }
        let appended: Appended
        do {
            let change = TaskChange(.status(A2ATaskStatus(.working)), received: message)
            appended = try await self.log.append(
                [change], to: task.id, in: scope,
                condition: AppendCondition(generation: expected, beginsTurn: true), turn: try note?.record())
        } catch {
            self.turns.end(execution)
            if let conflict = error as? TaskConflict {
                throw Self.error(for: conflict, taskID: task.id, expected: expected)
            }
            throw error
        }
        execution.begin(with: appended)
        self.ledger.settle(request.message, scope: scope, as: .task(task.id))
        // From here on the turn goes on whatever becomes of this caller: its message is in the log.
        let start: @Sendable (A2ATask) -> Void = { task in
            self.start(
                self.makeTurn(
                    message: message, task: task, configuration: request.configuration, metadata: request.metadata,
                    context: context, execution: execution), settle: {})
        }
        do {
            let accepted = try await self.accepted(task.id, scope, appended, handle)
            start(accepted.first)
            return accepted
        } catch {
            self.goOn(with: execution, start)
            throw error
        }
    }

    private func accepted(
        _ id: String, _ scope: Scope, _ appended: Appended, _ handle: TaskWatches.Handle
    ) async throws -> AcceptedTask {
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: nil) else {
            throw A2AError.taskNotFound(id)
        }
        return AcceptedTask(
            taskID: id, first: snapshot.task, generation: snapshot.generation, baseline: appended.generation,
            watch: handle)
    }
}
