public import A2A

extension TaskRuntime {
    public func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        let context = try self.admit(context, tenant: request.tenant)
        let request = request.read(in: context.version)
        try request.validate()
        if request.hasCurrentGeneration {
            return try await self.getTask(request, beyond: request.currentGeneration, context: context)
        }
        let historyLength = request.hasHistoryLength ? Int(request.historyLength) : nil
        guard
            let snapshot = try await self.store.snapshot(
                of: request.id, in: Scope(context), historyLength: historyLength)
        else { throw A2AError.taskNotFound(request.id) }
        return snapshot.task(for: context.version)
    }

    public func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        let context = try self.admit(context, tenant: request.tenant)
        try request.validate()
        let query = TaskQuery(
            contextID: request.contextID.isEmpty ? nil : request.contextID,
            state: request.status == .unspecified ? nil : request.status,
            statusAfter: request.hasStatusTimestampAfter ? request.statusTimestampAfter : nil,
            pageSize: request.hasPageSize ? Int(request.pageSize) : 50,
            pageToken: request.pageToken.isEmpty ? nil : request.pageToken,
            historyLength: request.hasHistoryLength ? Int(request.historyLength) : nil,
            includeArtifacts: request.includeArtifacts
        )
        let page = try await self.store.list(query, in: Scope(context))
        var response = A2AListTasksResponse()
        response.tasks = page.tasks
        if !context.version.hasGenerations {
            for index in response.tasks.indices { response.tasks[index].generation = 0 }
        }
        response.nextPageToken = page.next ?? ""
        response.pageSize = Int32(query.pageSize)
        response.totalSize = Int32(clamping: page.total)
        return response
    }

    public func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        let context = try self.admit(context, tenant: request.tenant)
        try request.validate()
        let scope = Scope(context)
        let id = request.id
        let handle = self.log.watches.watch(id)
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: 0) else {
            throw A2AError.taskNotFound(id)
        }
        guard !snapshot.task.status.state.isTerminal else { throw Self.notCancelable(id, snapshot.task.status.state) }

        if try await self.stopTurn(of: id) {
            try await handle.watch.wait(for: .end, after: 0)
        } else {
            do {
                _ = try await self.log.append(
                    [TaskChange(.status(A2ATaskStatus(.canceled)))], to: id, in: scope,
                    condition: AppendCondition(beginsTurn: true))
                // A message may have begun a turn at the same time; there is nothing left for it to do.
                self.turns[id]?.stop(.cancelled)
            } catch TaskConflict.terminal(let state) {
                throw Self.notCancelable(id, state)
            } catch let conflict as TaskConflict {
                throw Self.error(for: conflict, taskID: id)
            }
        }
        guard let ended = try await self.store.snapshot(of: id, in: scope, historyLength: nil) else {
            throw A2AError.taskNotFound(id)
        }
        // The agent may have come to its own end first.
        guard ended.task.status.state == .canceled else { throw Self.notCancelable(id, ended.task.status.state) }
        return ended.task(for: context.version)
    }

    public func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        let context = try self.admit(context, tenant: request.tenant)
        try self.policy.requireStreaming()
        try request.validate()
        try await self.nameLog(context)
        let scope = Scope(context)
        let id = request.id
        // The watch is taken before the snapshot: whatever is appended after the snapshot is announced to it.
        let handle = self.log.watches.watch(id)
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: nil) else {
            throw A2AError.taskNotFound(id)
        }
        if let cursor = context.resumeAfter,
            let events = try await self.missedEvents(of: id, in: scope, after: cursor, now: snapshot)
        {
            return EventStream { [store = self.store] in
                TaskFollower(
                    taskID: id, scope: scope, store: store, handle: handle, first: nil, cursor: events,
                    context: context)
            }
        }
        guard !snapshot.task.status.state.isTerminal else {
            throw A2AError(
                .unsupportedOperation,
                "Task '\(id)' has ended (\(snapshot.task.status.state.name)); there is nothing to subscribe to. "
                    + "Use GetTask.",
                details: [.errorInfo(reason: A2AError.Code.unsupportedOperation.reason, metadata: ["taskId": id])]
            )
        }
        return EventStream { [store = self.store] in
            TaskFollower(
                taskID: id, scope: scope, store: store, handle: handle,
                first: StreamEvent(.task(snapshot.task), generation: snapshot.generation),
                cursor: snapshot.generation, context: context)
        }
    }

    /// The cursor from which a broken stream can go on without loss, or `nil` if it must begin with a snapshot: the log no
    /// longer reaches back so far, or the task has ended and the caller has seen the end.
    private func missedEvents(
        of id: String, in scope: Scope, after cursor: Int64, now snapshot: TaskSnapshot
    ) async throws -> Int64? {
        guard cursor >= 1, cursor <= snapshot.generation else { return nil }
        if cursor == snapshot.generation, snapshot.task.status.state.isTerminal { return nil }
        if case .gap = try await self.store.events(of: id, in: scope, after: cursor, limit: 1) { return nil }
        return cursor
    }

    /// Asks the turn that works on a task to stop.
    ///
    /// - Returns: `false` if none is at work.
    private func stopTurn(of id: String) async throws -> Bool {
        while let running = self.turns[id], running.stopReason != .released {
            switch running.stop(.cancelled) {
            case .requested, .alreadyRequested: return true
            case .later, .ended: try await running.waitWhileInBetween()
            }
        }
        return false
    }

    static func notCancelable(_ id: String, _ state: A2ATaskState) -> A2AError {
        A2AError(
            .taskNotCancelable, "Task '\(id)' has ended (\(state.name)) and cannot be cancelled.",
            details: [.errorInfo(reason: A2AError.Code.taskNotCancelable.reason, metadata: ["taskId": id])])
    }
}
