import A2A
import Testing

@testable import A2AServer

@Suite("The circuit breaker of a destination")
struct CircuitBreakerTests {
    private let start = ContinuousClock.now
    private let pause = Backoff(base: .seconds(10), limit: .seconds(80))

    private func failed(
        _ breaker: inout CircuitBreaker, at now: ContinuousClock.Instant, random: Double = 0, isProbe: Bool = true
    ) -> Bool {
        breaker.failed(isProbe: isProbe, now: now, threshold: 3, pause: self.pause, random: random)
    }

    private func admit(_ breaker: inout CircuitBreaker, _ now: ContinuousClock.Instant) -> CircuitBreaker.Admission {
        breaker.admit(now: now)
    }

    @Test("it opens after as many failures in a row as allowed, and says so once")
    func opens() {
        var breaker = CircuitBreaker()
        #expect(!self.failed(&breaker, at: self.start))
        #expect(!self.failed(&breaker, at: self.start))
        #expect(self.admit(&breaker, self.start) == .go)
        #expect(self.failed(&breaker, at: self.start))
        #expect(breaker.isOpen)
        #expect(self.admit(&breaker, self.start) == .waitUntil(self.start + .seconds(5)))
        #expect(!self.failed(&breaker, at: self.start), "a delivery that was on its way")
        #expect(self.admit(&breaker, self.start) == .waitUntil(self.start + .seconds(5)))
    }

    @Test("a success in between starts the count again")
    func forgives() {
        var breaker = CircuitBreaker()
        for _ in 0..<10 {
            #expect(!self.failed(&breaker, at: self.start))
            #expect(!self.failed(&breaker, at: self.start))
            breaker.succeeded()
        }
        #expect(breaker.isUnremarkable)
    }

    @Test("after the pause one notification is let through; its success closes the breaker")
    func probes() {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { _ = self.failed(&breaker, at: self.start) }
        let later = self.start + .seconds(5)
        #expect(self.admit(&breaker, later) == .go)
        #expect(self.admit(&breaker, later) == .waitForProbe)
        breaker.succeeded()
        #expect(self.admit(&breaker, later) == .go)
        #expect(breaker.isUnremarkable)
    }

    @Test("while the probe is on its way only its failure counts, and a success of whichever was sent")
    func others() {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { _ = self.failed(&breaker, at: self.start) }
        let later = self.start + .seconds(5)
        #expect(self.admit(&breaker, later) == .go)
        #expect(!self.failed(&breaker, at: later, isProbe: false))
        #expect(breaker.isProbing)
        #expect(self.admit(&breaker, later + .seconds(60)) == .waitForProbe)
        #expect(!self.failed(&breaker, at: later))
        #expect(self.admit(&breaker, later) == .waitUntil(later + .seconds(10)), "the second pause, not the third")
        #expect(self.admit(&breaker, later + .seconds(10)) == .go)
        breaker.succeeded()
        #expect(breaker.isUnremarkable)
    }

    @Test("each failed probe doubles the pause, up to its limit")
    func doubles() {
        var breaker = CircuitBreaker()
        var now = self.start
        for _ in 0..<3 { _ = self.failed(&breaker, at: now, random: 1) }
        for seconds in [10, 20, 40, 80, 80, 80] {
            #expect(self.admit(&breaker, now) == .waitUntil(now + .seconds(seconds)))
            now += .seconds(seconds)
            #expect(self.admit(&breaker, now) == .go)
            _ = self.failed(&breaker, at: now, random: 1)
        }
    }

    @Test("a probe that sends nothing leaves room for the next one")
    func released() {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { _ = self.failed(&breaker, at: self.start) }
        let later = self.start + .seconds(60)
        #expect(self.admit(&breaker, later) == .go)
        breaker.released(now: later)
        #expect(self.admit(&breaker, later) == .go)
        breaker.reset()
        #expect(breaker.isUnremarkable)
    }
}
