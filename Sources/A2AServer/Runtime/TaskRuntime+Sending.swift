public import A2A

extension TaskRuntime {
    public func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        guard let deadline = context.deadline else { return try await self.answer(request, context: context) }
        return try await withDeadline(deadline) { try await self.answer(request, context: context) }
    }

    private func answer(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        let (context, scope) = try self.checked(request, context)
        let historyLength = request.configuration.hasHistoryLength ? Int(request.configuration.historyLength) : nil
        let isImmediate = request.configuration.returnImmediately

        switch try await self.accept(request, context: context, scope: scope, forceTask: isImmediate) {
        case .message(let message):
            return .message(message)
        case .task(let accepted):
            if !isImmediate, let baseline = accepted.baseline {
                try await accepted.watch.watch.wait(for: .settled, after: baseline)
            }
            guard
                let snapshot = try await self.store.snapshot(
                    of: accepted.taskID, in: scope, historyLength: historyLength)
            else { throw A2AError.taskNotFound(accepted.taskID) }
            return .task(snapshot.task(for: context.version))
        }
    }

    public func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try self.policy.requireStreaming()
        let (context, scope) = try self.checked(request, context)
        try await self.nameLog(context)
        let acceptance = try await withDeadline(context.deadline) {
            try await self.accept(request, context: context, scope: scope, forceTask: true)
        }
        switch acceptance {
        case .message(let message):
            return EventStream([StreamEvent(.message(message))])
        case .task(let accepted):
            var first = accepted.first
            if request.configuration.hasHistoryLength {
                first.history = first.history.suffix(max(0, Int(request.configuration.historyLength)))
            }
            let generation = accepted.generation
            return EventStream { [store = self.store, first] in
                TaskFollower(
                    taskID: accepted.taskID, scope: scope, store: store, handle: accepted.watch,
                    first: StreamEvent(.task(first), generation: generation), cursor: generation,
                    endsWhenWaiting: true, context: context)
            }
        }
    }

    // MARK: Accepting a message

    /// What a message led to.
    private enum Acceptance: Sendable {
        case message(A2AMessage)
        case task(AcceptedTask)
    }

    struct AcceptedTask: Sendable {
        var taskID: String
        /// The task when the message was accepted, and its generation then: the beginning of a stream.
        var first: A2ATask
        var generation: Int64
        /// The generation after which a blocking caller waits for the task to settle; `nil` if it has nothing to wait for.
        var baseline: Int64?
        var watch: TaskWatches.Handle
    }

    private func checked(
        _ request: A2ASendMessageRequest, _ context: CallContext
    ) throws -> (CallContext, Scope) {
        let context = try self.admit(context, tenant: request.tenant)
        try request.read(in: context.version).validate()
        let policy = self.policy
        try policy.checkMediaTypes(request)
        if request.configuration.hasTaskPushNotificationConfig { _ = try self.requireDeliverer() }
        return (context, Scope(context))
    }

    private func accept(
        _ request: A2ASendMessageRequest, context: CallContext, scope: Scope, forceTask: Bool
    ) async throws -> Acceptance {
        let message = request.message
        let contextID = message.contextID.isEmpty ? Identifier.make() : message.contextID
        let isFollowUp = !message.taskID.isEmpty
        let taskID = isFollowUp ? message.taskID : Identifier.make()
        var opening = message
        opening.taskID = taskID
        opening.contextID = contextID
        let note = try self.note(of: request, context: context)

        let (outcome, isNew, ticket) = self.ledger.enter(
            message, scope: scope,
            execution: TurnExecution(
                taskID: taskID, contextID: contextID, scope: scope, opening: opening, state: TurnState(),
                log: self.log, note: note))
        switch outcome {
        case .message(let reply):
            return .message(reply)
        case .task(let id):
            return .task(try await self.attach(to: id, scope: scope))
        case .running(let execution):
            guard isNew else { return try await self.join(execution, message: message, forceTask: forceTask) }
            do {
                // Answered by an earlier process, or by another one.
                switch try await self.knownAnswer(to: note, in: scope) {
                case .task(let known):
                    self.ledger.settle(ticket, as: .task(known))
                    execution.abandon(TurnExecution.sentTwice)
                    return .task(try await self.attach(to: known, scope: scope))
                case .message(let known):
                    self.ledger.settle(ticket, as: .message(known))
                    execution.abandon(TurnExecution.sentTwice)
                    return .message(known)
                case nil: break
                }
                if isFollowUp {
                    return .task(try await self.followUp(request, note, context: context, scope: scope))
                }
                try await self.expectPush(request, taskID: taskID, scope: scope, context: context)
                do {
                    try self.begin(execution, ticket, opening: opening, request: request, context: context)
                } catch {
                    self.forgetPush(request, taskID: taskID, scope: scope)
                    throw error
                }
            } catch {
                // Not accepted: the caller may send it again.
                self.ledger.settle(ticket, as: nil)
                execution.fail(A2AError(wrapping: error))
                throw error
            }
            // From here on the turn goes on whatever becomes of this caller.
            return self.acceptance(try await self.decision(of: execution, forceTask: forceTask), of: execution)
        }
    }

    /// Begins something new.
    private func begin(
        _ execution: TurnExecution, _ ticket: MessageLedger.Ticket?, opening: A2AMessage,
        request: A2ASendMessageRequest, context: CallContext
    ) throws {
        _ = try self.turns.begin(execution)
        let turn = self.makeTurn(
            message: opening, task: nil, configuration: request.configuration, metadata: request.metadata,
            context: context, execution: execution)
        self.start(turn) { [ledger = self.ledger] in
            switch execution.decisionSoFar {
            case .success(.message(let reply)): ledger.settle(ticket, as: .message(reply))
            case .success(.task):
                ledger.settle(ticket, as: .task(execution.taskID))
                return
            case .failure, nil: ledger.settle(ticket, as: nil)
            }
            self.forgetPush(request, taskID: execution.taskID, scope: execution.scope)
        }
    }

    /// Goes on with a turn that answers the same message already.
    private func join(_ execution: TurnExecution, message: A2AMessage, forceTask: Bool) async throws -> Acceptance {
        if !message.taskID.isEmpty {
            // A repeated follow-up: the first one is being handed over right now.
            return .task(try await self.attach(to: message.taskID, scope: execution.scope))
        }
        return self.acceptance(try await self.decision(of: execution, forceTask: forceTask), of: execution)
    }

    private func acceptance(_ decision: TurnExecution.Decision, of execution: TurnExecution) -> Acceptance {
        switch decision {
        case .message(let reply): .message(reply)
        case .task(let first):
            .task(
                AcceptedTask(
                    taskID: execution.taskID, first: first, generation: 1, baseline: 0, watch: execution.watch))
        }
    }

    /// The first answer of a turn. A caller that does not want to wait gets a task after a grace.
    private func decision(of execution: TurnExecution, forceTask: Bool) async throws -> TurnExecution.Decision {
        guard forceTask, execution.decisionSoFar == nil else {
            return try await execution.decision(untilSettled: !forceTask)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Task.sleep(for: self.configuration.decisionGrace)
                do {
                    try await execution.forceTask()
                } catch {
                    // The caller has gone, or has its answer; others may still wait for theirs.
                    try Task.checkCancellation()
                    execution.fail(A2AError(wrapping: error))
                }
            }
            defer { group.cancelAll() }
            return try await execution.decision()
        }
    }

    /// A caller joins a task that its message has made before.
    private func attach(to id: String, scope: Scope) async throws -> AcceptedTask {
        let handle = self.log.watches.watch(id)
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: nil) else {
            throw A2AError.taskNotFound(id)
        }
        let isSettled = snapshot.task.status.state.isTerminal || snapshot.task.status.state.isInterrupted
        return AcceptedTask(
            taskID: id, first: snapshot.task, generation: snapshot.generation,
            baseline: isSettled ? nil : snapshot.generation, watch: handle)
    }

    static func ended(_ id: String, _ state: A2ATaskState) -> A2AError {
        A2AError(
            .unsupportedOperation,
            "Task '\(id)' has ended (\(state.name)) and takes no more messages. Send a message without a task id, "
                + "in the same context, to begin a new one.",
            details: [.errorInfo(reason: A2AError.Code.unsupportedOperation.reason, metadata: ["taskId": id])]
        )
    }

    static func error(for conflict: TaskConflict, taskID: String, expected: Int64? = nil) -> A2AError {
        switch conflict {
        case .notFound: .taskNotFound(taskID)
        case .terminal(let state): self.ended(taskID, state)
        case .generation(let current): self.mismatch(taskID, expected: expected, current: current)
        case .exists, .fenced, .busy, .repeated:
            A2AError(
                .unavailable, "Task '\(taskID)' is being changed by somebody else. Try again.",
                details: [.retryInfo(.seconds(1))])
        }
    }
}
