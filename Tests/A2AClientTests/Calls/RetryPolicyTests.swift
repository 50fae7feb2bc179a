import A2A
import A2AClient
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
    private func decide(
        _ error: A2AError, _ operation: A2AOperation, attempt: Int = 1, policy: RetryPolicy = .init()
    ) -> RetryPolicy.Decision {
        policy.decide(after: error, operation: operation, attempt: attempt, random: 0.5)
    }

    @Test("what is idempotent is repeated when the agent was unavailable or asks to come back later")
    func idempotent() {
        let busy = A2AError(.resourceExhausted, "later", details: [.retryInfo(.seconds(2))])
        for operation in A2AOperation.allCases where operation.isIdempotent {
            #expect(self.decide(A2AError(.unavailable, "x"), operation) == .retry(after: .milliseconds(250)))
            #expect(self.decide(.connectionLost, operation) == .retry(after: .milliseconds(250)))
            #expect(self.decide(busy, operation) == .retry(after: .milliseconds(2250)))
            #expect(self.decide(A2AError(.resourceExhausted, "x"), operation) == .giveUp)
            #expect(self.decide(.taskNotFound("t"), operation) == .giveUp)
        }
    }

    @Test("a send is repeated only if the request surely was not sent")
    func sends() {
        for operation in [A2AOperation.sendMessage, .sendStreamingMessage, .createTaskPushNotificationConfig] {
            #expect(self.decide(.refused, operation) == .retry(after: .milliseconds(250)))
            #expect(self.decide(.connectionLost, operation) == .giveUp)
            #expect(self.decide(A2AError(.unavailable, "x"), operation) == .giveUp)
            let busy = A2AError(.resourceExhausted, "later", details: [.retryInfo(.seconds(2))])
            #expect(self.decide(busy, operation) == .giveUp)
        }
    }

    @Test("a send of unknown fate is repeated while the agent recognises it, and nothing else is for that reason")
    func recognized() {
        let policy = RetryPolicy()
        let now = ContinuousClock.now
        func decide(_ operation: A2AOperation, seconds: Int) -> RetryPolicy.Decision {
            let error = A2AError.unreachable(
                "lost", mayHaveBeenSent: true, recognizedUntil: now.advanced(by: .seconds(seconds)))
            return policy.decide(after: error, operation: operation, attempt: 1, random: 0.5, now: now)
        }
        for operation in [A2AOperation.sendMessage, .sendStreamingMessage] {
            #expect(decide(operation, seconds: 1) == .retry(after: .milliseconds(250)))
            #expect(decide(operation, seconds: 0) == .giveUp)
        }
        #expect(decide(.createTaskPushNotificationConfig, seconds: 600) == .giveUp)
        #expect(decide(.getTask, seconds: 0) == .retry(after: .milliseconds(250)))
        let short = RetryPolicy(backoff: Backoff(base: .seconds(4), limit: .seconds(4)))
        let error = A2AError.unreachable(
            "lost", mayHaveBeenSent: true, recognizedUntil: now.advanced(by: .seconds(1)))
        let late = short.decide(after: error, operation: .sendMessage, attempt: 1, random: 0.5, now: now)
        #expect(late == .giveUp, "the repetition would come when it is not recognised any more")
    }

    @Test("one call in ten is repeated, and some more at first")
    func budget() {
        let budget = RetryBudget()
        var repeated = 0
        for _ in 0..<1_000 {
            budget.noteCall()
            if budget.takeRetry() { repeated += 1 }
        }
        #expect((109...111).contains(repeated))
        for _ in 0..<100_000 { budget.noteCall() }
        #expect((0..<20).count { _ in budget.takeRetry() } == 10, "what is saved up is bounded")
        #expect(!RetryBudget(share: 0, reserve: 0).takeRetry())
    }

    @Test("by default waits are up to half a second, doubled up to 30 s")
    func defaults() {
        let backoff = RetryPolicy().backoff
        #expect((1...8).map { backoff.bound(attempt: $0) } == [0.5, 1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        #expect(ResumePolicy().backoff == backoff)
    }

    @Test("attempts are bounded, and so is the wait that an agent may ask for")
    func bounds() {
        #expect(self.decide(.refused, .getTask, attempt: 3) != .giveUp)
        #expect(self.decide(.refused, .getTask, attempt: 4) == .giveUp)
        #expect(self.decide(.refused, .getTask, policy: .never) == .giveUp)
        let hour = A2AError(.unavailable, "later", details: [.retryInfo(.seconds(3600))])
        #expect(self.decide(hour, .getTask) == .giveUp)
    }

    @Test("waits double up to their limit, whatever the attempt")
    func backoff() {
        let backoff = Backoff(base: .milliseconds(100), limit: .seconds(1))
        #expect((1...5).map { backoff.bound(attempt: $0) } == [100, 200, 400, 800, 1000].map { .milliseconds($0) })
        #expect(backoff.bound(attempt: .max) == .seconds(1))
        #expect(backoff.bound(attempt: .min) == .milliseconds(100))
        #expect(backoff.delay(attempt: 1, random: 0) == .zero)
        #expect(backoff.delay(attempt: 1, random: 7) == .milliseconds(100))
    }
}
