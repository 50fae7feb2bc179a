import A2A
import Synchronization

// What a turn writes, on behalf of its agent, of a caller, or of whoever ends it.

extension TurnExecution {
    func emit(_ change: TaskChange) async throws {
        let change = try change.checked(taskID: self.taskID, contextID: self.contextID)
        if let pump {
            return try await self.pour(into: pump, thenWait: change.settlesTask) { inner in
                try self.addition(of: change, in: &inner)
            }
        }
        switch self.inner.withLock({ $0.emit() }) {
        case .create:
            guard try await self.create(then: [change]) else { return try await self.emit(change) }
        case .append(let fence):
            try await self.refusalsTold {
                let appended = try await self.log.append(
                    [change], to: self.taskID, in: self.scope, condition: AppendCondition(fence: fence))
                self.recorded(appended)
            }
        case .refuse(let why): throw A2AError(.invalidAgentResponse, why)
        case .stopped: throw CancellationError()
        }
    }

    /// Makes the task if there is none, on behalf of the agent.
    func openTask() async throws {
        if let pump {
            return try await self.pour(into: pump) { try self.addition(of: nil, in: &$0) }
        }
        switch self.inner.withLock({ $0.emit() }) {
        case .create: _ = try await self.create(then: [])
        case .append: break
        case .refuse(let why): throw A2AError(.invalidAgentResponse, why)
        case .stopped: throw CancellationError()
        }
    }

    /// Makes the task now if the agent has not answered yet.
    func forceTask() async throws {
        if let pump {
            return try await self.pour(into: pump, thenWait: true) { inner in
                guard inner.turn.force() else { return nil }
                defer { inner.turn.forceIsOver() }
                return self.beginning(with: nil, in: &inner)
            }
        }
        guard self.inner.withLock({ $0.turn.force() }) else { return }
        defer {
            let closing = self.inner.withLock { inner in
                inner.turn.forceIsOver()
                return inner.closingWaiter.take()
            }
            closing?.resume()
        }
        _ = try await self.create(then: [])
    }

    /// Waits until what the turn has said is in the log.
    ///
    /// - Throws: What went wrong with it.
    func flush() async throws {
        guard let pump else { return }
        try await self.refusalsTold { try await pump.flush() }
    }

    // MARK: The end

    /// Ends the task with a status on behalf of the agent.
    func finish(_ status: A2ATaskStatus, fence: Int64) async throws {
        defer { self.inner.withLock { $0.turn.finished() } }
        try await self.end(with: status, condition: AppendCondition(fence: fence))
    }

    /// Shuts out a turn that did not stop in time, and ends its task.
    func fenceOff(with status: A2ATaskStatus) async throws {
        guard self.change({ $0.turn.fenceOff() }) else { return }
        defer { self.change { $0.turn.fencingIsOver() } }
        // It says nothing more; what it has said goes first, its task above all.
        try? await self.pump?.flush()
        try await self.end(with: status, condition: AppendCondition(beginsTurn: true))
    }

    /// Appends the last status, unless somebody else has ended the task or taken it over: theirs counts.
    private func end(with status: A2ATaskStatus, condition: AppendCondition) async throws {
        var status = status
        if status.hasMessage {
            status.message = status.message.addressed(taskID: self.taskID, contextID: self.contextID)
        }
        defer { self.noteSettled() }
        if let pump, let fence = condition.fence {
            do {
                let addition = ChangePump.Addition(change: TaskChange(.status(status)), fence: fence)
                await pump.follow(try pump.add(addition)) { self.take($0) }
                return try await pump.flush()
            } catch is TaskConflict {
                // Its end may be on its way.
                try? await pump.flush()
                return
            } catch {
                // There is no task that could end.
                guard self.hasBegun else { return }
                // The store takes nothing now: it is all kept, and can be tried again.
                guard pump.hasLost else { throw error }
                // Not all that the turn has said is in the log: then it did not end well.
                if status.state == .completed {
                    status = A2ATaskStatus(.failed, message: .agent(A2AError(wrapping: error).message))
                    status.message = status.message.addressed(taskID: self.taskID, contextID: self.contextID)
                }
            }
        }
        func append() async throws {
            do {
                _ = try await self.log.append(
                    [TaskChange(.status(status))], to: self.taskID, in: self.scope, condition: condition)
            } catch is TaskConflict {}
        }
        do {
            try await append()
        } catch let error as A2AError where error.code == .resourceExhausted && status.hasMessage {
            // The task is full: its end matters more than the words about it.
            status.clearMessage()
            try await append()
        }
    }

    // MARK: Through the pump

    /// Says something in the order in which it was decided.
    ///
    /// - Parameters:
    ///   - thenWait: Whether to wait until it is in the log.
    ///   - decide: Makes it out, under the lock; `nil` for nothing.
    private func pour(
        into pump: ChangePump, thenWait: Bool = false, _ decide: (inout Inner) throws -> ChangePump.Addition?
    ) async throws {
        try await self.refusalsTold {
            let action = try self.inner.withLock { inner in
                try decide(&inner).map { try pump.add($0) }
            }
            guard let action else { return }
            await pump.follow(action) { self.take($0) }
            if thenWait { try await pump.flush() }
        }
    }

    private func addition(of change: TaskChange?, in inner: inout Inner) throws -> ChangePump.Addition? {
        switch inner.emit() {
        case .create: return self.beginning(with: change, in: &inner)
        case .append(let fence):
            guard let change else { return nil }
            return ChangePump.Addition(change: change, note: inner.note.take(), fence: fence)
        case .refuse(let why): throw A2AError(.invalidAgentResponse, why)
        case .stopped: throw CancellationError()
        }
    }

    private func beginning(with change: TaskChange?, in inner: inout Inner) -> ChangePump.Addition {
        inner.turn.promiseTask()
        // Before the task can change: whoever waits for it must not miss how it settles.
        _ = self.watch
        return ChangePump.Addition(
            task: self.newTask, change: change, note: inner.note.take(), fence: inner.turn.fence)
    }

    /// Takes what came of a write.
    private func take(_ result: Result<Written, any Error>) {
        switch result {
        case .success(.created(let created)): self.made(created)
        case .success(.appended(let appended)): self.recorded(appended)
        case .failure(let error):
            // Without its task the turn comes to nothing.
            guard self.decisionSoFar == nil, self.inner.withLock({ $0.turn.hasPromisedTask }) else { return }
            switch error {
            case TaskConflict.repeated: self.abandon(Self.sentTwice)
            case TaskConflict.fenced: self.abandon(Self.thoughtDead)
            default: self.abandon(A2AError(wrapping: error))
            }
        }
    }

    // MARK: Inside

    private var newTask: A2ATask {
        var task = A2ATask()
        task.id = self.taskID
        task.contextID = self.contextID
        task.status = A2ATaskStatus(.submitted)
        task.history = [self.opening]
        return task
    }

    /// Makes the task.
    ///
    /// - Returns: `false` if it was made meanwhile by a concurrent call.
    private func create(then changes: [TaskChange]) async throws -> Bool {
        // Before the task can change: whoever waits for it must not miss how it settles.
        _ = self.watch
        do {
            self.made(try await self.log.create(self.newTask, then: changes, in: self.scope))
            return true
        } catch TaskConflict.exists {
            self.change { $0.turn.madeElsewhere() }
            return false
        }
    }

    private func made(_ created: CreatedTask) {
        let waiters = self.change { inner in
            inner.turn.recorded(created.appended)
            let isActive = created.appended.state.isActive
            return inner.decide(.success(.task(created.first))) + (isActive ? .init() : inner.settle())
        }
        waiters.resume()
    }

    private func recorded(_ appended: Appended) {
        let waiters = self.change { inner in
            inner.turn.recorded(appended)
            return appended.state.isActive ? .init() : inner.settle()
        }
        waiters.resume()
    }

    /// Tells the agent in its own terms why the log has refused something.
    private func refusalsTold(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch TaskConflict.terminal(let state) {
            if Task.isCancelled { throw CancellationError() }
            throw A2AError(
                .unsupportedOperation, "The task has ended (\(state.name)); nothing can be added to it.")
        } catch is TaskConflict {
            throw CancellationError()
        }
    }
}

extension TurnExecution.Inner {
    fileprivate mutating func emit() -> TurnState.OnEmit {
        self.lastActivity = .now
        return self.turn.emit()
    }
}
