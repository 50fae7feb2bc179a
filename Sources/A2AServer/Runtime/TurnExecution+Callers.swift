import A2A
import Synchronization

// What callers wait for of a turn, hand to it and ask of it.

extension TurnExecution {
    /// The turn's first answer.
    ///
    /// - Parameter untilSettled: If the answer is a task, waits until it has come to rest too: one wake-up instead of two.
    /// - Throws: What the agent threw, if it answered nothing; `CancellationError` if the caller goes away.
    func decision(untilSettled: Bool = false) async throws -> Decision {
        let key = self.inner.withLock { $0.makeKey() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Decision, any Error>? = self.inner.withLock { inner in
                    if let decision = inner.decision, !untilSettled || inner.isAnswered {
                        return decision.mapError { $0 }
                    }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    inner.decisionWaiters.append(
                        DecisionWaiter(key: key, continuation: continuation, untilSettled: untilSettled))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.inner.withLock { inner in
                inner.decisionWaiters.firstIndex { $0.key == key }.map { inner.decisionWaiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The task has come to rest, or nothing more is to be expected of the turn.
    func noteSettled() { self.inner.withLock { $0.settle() }.resume() }

    /// The end of the task cannot be written yet. Those who wait for it are told; readers of the log stay, and see it when it comes.
    func endIsHeldUp(by error: any Error) {
        let error = A2AError(wrapping: error)
        self.watch.watch.sendAwayFromEnd(
            A2AError(
                error.code,
                "Task '\(self.taskID)' is over, but its end cannot be written yet; it will be as soon as that is possible. Get the task "
                    + "then. The reason: \(error.message)",
                details: [.errorInfo(reason: error.code.reason, metadata: ["taskId": self.taskID])], cause: error))
    }

    /// The first answer, if there is one yet.
    var decisionSoFar: Result<Decision, A2AError>? { self.inner.withLock { $0.decision } }

    /// Promises a message to the running turn.
    func offer() -> TurnState.OnOffer { self.inner.withLock { $0.turn.offer() } }

    /// Waits until the turn has begun, or has left: until it can say whether it takes a message, or stops.
    ///
    /// - Throws: `CancellationError` if the caller goes away.
    func waitWhileInBetween() async throws {
        let key = self.inner.withLock { $0.makeKey() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = self.inner.withLock { inner in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard inner.turn.isInBetween else { return .success(()) }
                    inner.offerWaiters.append((key, continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = self.inner.withLock { inner in
                inner.offerWaiters.firstIndex { $0.key == key }.map { inner.offerWaiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// The turn is over, and not in the table any more.
    func leave() { self.change { $0.turn.leave() } }

    /// Hands over a promised message, from the append that put it into the log.
    func deliver(_ message: A2AMessage, with appended: Appended) {
        let (waiter, closing, taken) = self.inner.withLock { inner in
            inner.turn.deliver(message)
            inner.turn.recorded(appended)
            inner.lastActivity = .now
            let waiter = inner.messageWaiter.take()
            return (waiter, inner.closingWaiter.take(), waiter == nil ? nil : inner.turn.takeMessage())
        }
        if let waiter, let taken { waiter.continuation.resume(returning: taken) }
        closing?.resume()
    }

    /// Takes a promise back.
    func withdraw() {
        let closing = self.inner.withLock { inner in
            inner.turn.withdraw()
            return inner.closingWaiter.take()
        }
        closing?.resume()
    }

    /// Asks the turn to stop.
    @discardableResult
    func stop(_ reason: TurnState.StopReason) -> TurnState.OnStop {
        let (answer, onStop) = self.inner.withLock { inner in
            let answer = inner.turn.requestStop(reason)
            return (answer, answer == .requested ? inner.onStop.take() : nil)
        }
        onStop?()
        return answer
    }

    /// The turn goes on with a task, from the append that accepted its message.
    func begin(with appended: Appended) {
        self.change { $0.turn.recorded(appended) }
    }
}
