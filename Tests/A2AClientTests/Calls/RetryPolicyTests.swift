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
            #expect(self.decide(A2AError(.unavailable, "x"), operation) == .retry(after: .milliseconds(100)))
            #expect(self.decide(.connectionLost, operation) == .retry(after: .milliseconds(100)))
            #expect(self.decide(busy, operation) == .retry(after: .milliseconds(2100)))
            #expect(self.decide(A2AError(.resourceExhausted, "x"), operation) == .giveUp)
            #expect(self.decide(.taskNotFound("t"), operation) == .giveUp)
        }
    }

    @Test("a send is repeated only if the request surely was not sent")
    func sends() {
        for operation in [A2AOperation.sendMessage, .sendStreamingMessage, .createTaskPushNotificationConfig] {
            #expect(self.decide(.refused, operation) == .retry(after: .milliseconds(100)))
            #expect(self.decide(.connectionLost, operation) == .giveUp)
            #expect(self.decide(A2AError(.unavailable, "x"), operation) == .giveUp)
            let busy = A2AError(.resourceExhausted, "later", details: [.retryInfo(.seconds(2))])
            #expect(self.decide(busy, operation) == .giveUp)
        }
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
