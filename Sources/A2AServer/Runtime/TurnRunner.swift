import A2A
import Logging

/// Runs the turns of one execution: starts the agent, stops it when asked to, and brings the task to its end.
struct TurnRunner: Sendable {
    let agent: any Agent
    let configuration: RuntimeConfiguration
    let logger: Logger

    private enum AgentEnd: Sendable {
        case returned
        case threw(A2AError)
    }

    /// Runs the agent until nothing is left to answer.
    ///
    /// - Parameter nextTurn: Makes the turn for a message that came while the agent was at work.
    func run(_ first: Turn, nextTurn: @Sendable (A2AMessage) async throws -> Turn) async {
        let execution = first.execution
        var turn = first
        while true {
            let end = await self.runAgent(turn)
            var failure: A2AError?
            if case .threw(let error) = end { failure = error }
            switch await execution.afterReturn(failed: failure != nil) {
            case .end:
                if let failure, execution.stopReason == nil {
                    turn.logger.warning("agent failed after its answer", metadata: ["error": "\(failure)"])
                }
                return
            case .unanswered:
                execution.fail(self.unanswered(failure, stop: execution.stopReason))
                return
            case .append(let state, let fence):
                await self.finish(execution, state: state, fence: fence, failure: failure, logger: turn.logger)
                return
            case .runAgain(let message):
                do {
                    turn = try await nextTurn(message)
                } catch {
                    turn.logger.error("next turn cannot begin", metadata: ["error": "\(error)"])
                    await self.finish(
                        execution, state: .failed, fence: execution.fence, failure: A2AError(wrapping: error),
                        logger: turn.logger)
                    return
                }
            case .waitForMessage:
                continue
            }
        }
    }

    private func runAgent(_ turn: Turn) async -> AgentEnd {
        let execution = turn.execution
        execution.agentBegins()
        // Those who watch the agent go when it is done, so that nothing of the turn outlives it.
        return await withTaskGroup(of: Void.self) { watchers in
            defer { watchers.cancelAll() }
            if let limit = self.configuration.silenceLimit {
                watchers.addTask { await self.watchSilence(execution, limit: limit) }
            }
            return await withTaskGroup(of: AgentEnd.self) { group in
                group.addTask { await self.agentEnd(turn) }
                await execution.stopRequestOrEnd()
                if let reason = execution.stopReason, !execution.hasEnded {
                    group.cancelAll()
                    watchers.addTask { await self.limitGrace(execution, reason: reason, logger: turn.logger) }
                }
                return await group.next() ?? .returned
            }
        }
    }

    private func agentEnd(_ turn: Turn) async -> AgentEnd {
        defer { turn.execution.agentIsDone() }
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

    /// Fences the turn off if it does not stop in time.
    private func limitGrace(_ execution: TurnExecution, reason: TurnState.StopReason, logger: Logger) async {
        let grace = self.configuration.cancellationGrace
        try? await Task.sleep(for: grace)
        guard !execution.hasEnded else { return }
        logger.warning("turn did not stop in time and is fenced off", metadata: ["grace": "\(grace)"])
        do {
            try await execution.fenceOff(with: Self.status(for: reason, failure: nil, limits: self.configuration))
        } catch {
            logger.error("task cannot be ended", metadata: ["error": "\(error)"])
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
        if let reason = execution.stopReason {
            status = Self.status(for: reason, failure: failure, limits: self.configuration)
        } else if let failure {
            // The text of an A2AError is meant for the caller; of any other error only the log knows more.
            status.message = .agent(failure.message)
        }
        do {
            try await execution.finish(status, fence: fence)
        } catch {
            logger.error("task cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    private static func status(
        for reason: TurnState.StopReason, failure: A2AError?, limits: RuntimeConfiguration
    ) -> A2ATaskStatus {
        switch reason {
        case .cancelled: A2ATaskStatus(.canceled)
        case .shutdown:
            A2ATaskStatus(.failed, message: .agent("The agent was shut down before the task was done."))
        case .silent:
            A2ATaskStatus(
                .failed,
                message: .agent("The agent gave no sign of life for \(limits.silenceLimit ?? .zero) and was stopped."))
        }
    }

    private func unanswered(_ failure: A2AError?, stop: TurnState.StopReason?) -> A2AError {
        switch stop {
        case .shutdown: A2AError(.unavailable, "The agent is shutting down.", details: [.retryInfo(.seconds(1))])
        case .silent: A2AError(.deadlineExceeded, "The agent did not answer in time.")
        case .cancelled: A2AError(.canceled, "The turn was cancelled.")
        case nil: failure ?? A2AError(.invalidAgentResponse, "The agent ended its turn without an answer.")
        }
    }
}
