import A2A
import Logging

/// Runs turns: starts the agent, stops it when asked to, and brings the task to its end.
///
/// A worker is two tasks. One runs agents, turn after turn. The other waits beside it and cancels it when a turn is to
/// stop; it then does what is left to do for that turn, since a cancelled task should not talk to a store, and the
/// worker ends.
struct TurnRunner: Sendable {
    let agent: any Agent
    let configuration: RuntimeConfiguration
    let logger: Logger
    /// Whether a turn whose process ends leaves its task to the next one.
    let leavesTasks: Bool
    /// Takes what the store does not take now.
    let leftovers: Leftovers
    /// Starts a worker in the runtime's group, or says that it cannot any more.
    let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    let workers = WorkerQueue<TurnJob>(maxIdle: TurnJob.maxIdleWorkers)

    private enum AgentEnd: Sendable {
        case returned
        case threw(A2AError)
    }

    /// A turn that was asked to stop, as its agent has left it.
    private struct Interrupted: Sendable {
        var job: TurnJob
        var turn: Turn
        var end: AgentEnd
    }

    /// Gives a turn to a worker.
    ///
    /// - Returns: `false` if the runtime has ended.
    func start(_ job: TurnJob) -> Bool {
        self.workers.add(CollectionOfOne(job)) || self.begin(job)
    }

    /// Makes a worker for a turn.
    private func begin(_ job: TurnJob) -> Bool {
        // Through a box: a closure would keep the first turn for as long as the worker lives.
        let first = WorkerLane(first: job)
        return self.spawn { await self.work(first) }
    }

    /// A worker's life.
    private func work(_ lane: WorkerLane) async {
        // Those who watch the agent go when it is done, so that nothing of the turn outlives it.
        await withTaskGroup(of: Void.self) { watchers in
            defer { watchers.cancelAll() }
            if let limit = self.configuration.silenceLimit, let execution = lane.firstExecution {
                watchers.addTask { await self.watchSilence(execution, limit: limit) }
            }
            await withTaskGroup(of: Interrupted?.self) { group in
                group.addTask { await self.runJobs(lane) }
                if let execution = await lane.interruption(), let reason = execution.stopReason, !execution.hasEnded {
                    group.cancelAll()
                    watchers.addTask { await self.limitGrace(execution, reason: reason, logger: self.logger) }
                }
                guard let interrupted = await group.next() ?? nil else { return }
                var turn: Turn? = interrupted.turn
                var end = interrupted.end
                // A stopped turn is not followed by another one; but if it is, it ends as well.
                while let current = turn {
                    turn = await self.conclude(current, end, interrupted.job)
                    end = .threw(A2AError(.canceled, "The turn was cancelled."))
                }
                interrupted.job.whenDone()
            }
        }
    }

    /// Runs turn after turn, until one is asked to stop or no more come.
    private func runJobs(_ lane: WorkerLane) async -> Interrupted? {
        defer { lane.close() }
        var job = lane.takeFirst()
        // A worker that waits keeps nothing of its last turn.
        while job != nil {
            if let interrupted = await self.runToEnd(job.take(), lane) { return interrupted }
            // The watcher of silence belongs to the first turn.
            if self.configuration.silenceLimit == nil {
                job = await self.workers.next { others in
                    for other in others where !self.begin(other) {
                        other.turn.execution.fail(TurnTable.shuttingDown)
                        other.whenDone()
                    }
                }
            }
        }
        return nil
    }

    private func runToEnd(_ job: TurnJob?, _ lane: WorkerLane) async -> Interrupted? {
        guard let job else { return nil }
        if let interrupted = await self.run(job, lane) { return interrupted }
        job.whenDone()
        return nil
    }

    /// Runs the agent until nothing is left to answer.
    ///
    /// - Returns: What is left to do, if the turn was asked to stop.
    private func run(_ job: TurnJob, _ lane: WorkerLane) async -> Interrupted? {
        var turn = job.turn
        while true {
            let execution = turn.execution
            execution.agentBegins { lane.interrupt(execution) }
            let end = await self.agentEnd(turn)
            if execution.agentIsDone() { return Interrupted(job: job, turn: turn, end: end) }
            guard let next = await self.conclude(turn, end, job) else { return nil }
            turn = next
        }
    }

    private func agentEnd(_ turn: Turn) async -> AgentEnd {
        do {
            try await self.agent.run(turn)
            return .returned
        } catch {
            if !(error is A2AError), !(error is CancellationError) {
                turn.logger.error("agent failed", metadata: ["error": "\(String(reflecting: error))"])
            }
            return .threw(A2AError(wrapping: error))
        }
    }

    /// Does what is left to do when the agent has returned.
    ///
    /// - Returns: The next turn, if another message has come meanwhile.
    private func conclude(_ turn: Turn, _ end: AgentEnd, _ job: TurnJob) async -> Turn? {
        let execution = turn.execution
        var failure: A2AError?
        if case .threw(let error) = end { failure = error }
        // Nobody has stopped the turn, but the runtime itself is cancelled.
        if self.leavesTasks, Task.isCancelled, failure != nil { execution.stop(.released) }
        // Whether its task still waits for the caller may be on its way to the log.
        if execution.fenceToGiveBack != nil { await self.flush(execution, logger: turn.logger) }
        let next = await execution.afterReturn(failed: failure != nil)
        // The end of the task goes together with what was said before it; nothing else does.
        if case .append = next {} else { await self.flush(execution, logger: turn.logger) }
        switch next {
        case .end, .waitForMessage:
            if let failure, execution.stopReason == nil {
                turn.logger.warning("agent failed after its answer", metadata: ["error": "\(failure)"])
            }
        case .leave:
            turn.logger.notice("turn is left to whoever goes on with it")
            self.leftovers.add(.turn(execution))
        case .unanswered:
            execution.fail(self.unanswered(failure, stop: execution.stopReason))
        case .append(let state, let fence):
            await self.finish(execution, state: state, fence: fence, failure: failure, logger: turn.logger)
        case .runAgain(let message):
            do {
                return try await job.nextTurn(message)
            } catch {
                turn.logger.error("next turn cannot begin", metadata: ["error": "\(error)"])
                await self.finish(
                    execution, state: .failed, fence: execution.fence, failure: A2AError(wrapping: error),
                    logger: turn.logger)
            }
        }
        return nil
    }

    private func flush(_ execution: TurnExecution, logger: Logger) async {
        do {
            try await execution.flush()
        } catch is CancellationError {
            // Others have ended the task or work on it: it has what they know.
        } catch {
            logger.error("not all that the turn has said is in the log", metadata: ["error": "\(error)"])
        }
    }

    /// Fences the turn off if it does not stop in time.
    private func limitGrace(_ execution: TurnExecution, reason: TurnState.StopReason, logger: Logger) async {
        let grace = self.configuration.cancellationGrace
        try? await Task.sleep(for: grace)
        guard !execution.hasEnded else { return }
        logger.warning("turn did not stop in time and is fenced off", metadata: ["grace": "\(grace)"])
        // A turn that was let go of is only kept from writing.
        let status = Self.status(for: reason, failure: nil, limits: self.configuration) ?? A2ATaskStatus(.failed)
        do {
            try await execution.fenceOff(with: status)
        } catch {
            logger.error("task cannot be ended yet", metadata: ["error": "\(error)"])
            self.leftovers.add(.end(execution, status, fence: execution.fence))
        }
        execution.fail(self.unanswered(nil, stop: reason))
    }

    private func watchSilence(_ execution: TurnExecution, limit: Duration) async {
        while !execution.hasEnded, execution.stopReason == nil {
            let deadline = execution.lastActivity + limit
            if deadline <= .now {
                execution.stop(.silent)
                return
            }
            guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
        }
    }

    private func finish(
        _ execution: TurnExecution, state: A2ATaskState, fence: Int64, failure: A2AError?, logger: Logger
    ) async {
        var status = A2ATaskStatus(state)
        if let reason = execution.stopReason,
            let stopped = Self.status(for: reason, failure: failure, limits: self.configuration)
        {
            status = stopped
        } else if let failure {
            // The text of an A2AError is meant for the caller; of any other error only the log knows more.
            status.message = .agent(failure.message)
        }
        do {
            try await execution.finish(status, fence: fence)
        } catch {
            logger.error("task cannot be ended yet", metadata: ["error": "\(error)"])
            self.leftovers.add(.end(execution, status, fence: fence))
        }
    }

    /// How the task of a stopped turn ends; `nil` if it is left as it is.
    private static func status(
        for reason: TurnState.StopReason, failure: A2AError?, limits: RuntimeConfiguration
    ) -> A2ATaskStatus? {
        switch reason {
        case .cancelled: A2ATaskStatus(.canceled)
        case .shutdown:
            A2ATaskStatus(.failed, message: .agent("The agent was shut down before the task was done."))
        case .silent:
            A2ATaskStatus(
                .failed,
                message: .agent("The agent gave no sign of life for \(limits.silenceLimit ?? .zero) and was stopped."))
        case .released: nil
        }
    }

    private func unanswered(_ failure: A2AError?, stop: TurnState.StopReason?) -> A2AError {
        switch stop {
        case .shutdown, .released:
            A2AError(.unavailable, "The agent is shutting down.", details: [.retryInfo(.seconds(1))])
        case .silent: A2AError(.deadlineExceeded, "The agent did not answer in time.")
        case .cancelled: A2AError(.canceled, "The turn was cancelled.")
        case nil: failure ?? A2AError(.invalidAgentResponse, "The agent ended its turn without an answer.")
        }
    }
}
