import A2A

// Who waits for the first answer of a turn, and who is told when.

extension TurnExecution.Inner {
    /// A fresh number for somebody who waits.
    mutating func makeKey() -> UInt64 {
        self.nextWaiter += 1
        return self.nextWaiter
    }

    /// Those who have a message for the turn, if it can say now whether it takes any.
    mutating func takeOfferWaiters() -> [TurnExecution.OfferWaiter] {
        guard !self.offerWaiters.isEmpty, !self.turn.isInBetween else { return [] }
        defer { self.offerWaiters = [] }
        return self.offerWaiters
    }

    /// Whether nobody has to wait any more.
    var isAnswered: Bool {
        guard case .success(.task)? = self.decision else { return self.decision != nil }
        return self.isSettled
    }

    /// Takes the first answer; returns who waits for it.
    mutating func decide(_ decision: Result<TurnExecution.Decision, A2AError>) -> TurnExecution.Answers {
        guard self.decision == nil else { return .init() }
        self.decision = decision
        return self.takeAnswered()
    }

    /// The task has come to rest; returns who waits for that.
    mutating func settle() -> TurnExecution.Answers {
        self.isSettled = true
        return self.takeAnswered()
    }

    private mutating func takeAnswered() -> TurnExecution.Answers {
        guard let decision = self.decision, !self.decisionWaiters.isEmpty else { return .init() }
        if self.isAnswered {
            defer { self.decisionWaiters = [] }
            return .init(waiters: self.decisionWaiters, decision: decision)
        }
        let answered = self.decisionWaiters.filter { !$0.untilSettled }
        self.decisionWaiters.removeAll { !$0.untilSettled }
        return .init(waiters: answered, decision: decision)
    }
}

extension TurnExecution {
    /// Those who waited for the first answer, and the answer; resumed outside the lock.
    struct Answers {
        var waiters: [DecisionWaiter] = []
        var decision: Result<Decision, A2AError>?

        func resume() {
            guard let decision else { return }
            for waiter in self.waiters { waiter.continuation.resume(with: decision.mapError { $0 }) }
        }

        /// Both, where both are of one turn and so have one answer.
        static func + (lhs: Self, rhs: Self) -> Self {
            Self(waiters: lhs.waiters + rhs.waiters, decision: lhs.decision ?? rhs.decision)
        }
    }
}
