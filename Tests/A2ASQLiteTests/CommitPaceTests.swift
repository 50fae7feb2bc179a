import Testing

@testable import A2ASQLite

@Suite("When the writer waits before it commits")
struct CommitPaceTests {
    @Test("the first commit waits for nothing, and later ones for those whom the last has answered")
    func waits() {
        var pace = CommitPace()
        #expect(pace.pause(waiting: 3) == nil)
        pace.committed(32, in: .milliseconds(4), after: .microseconds(50))
        #expect(pace.pause(waiting: 32) == CommitPace.Pause(changes: 64, limit: .milliseconds(1)))
    }

    @Test("a disk that is quick is not waited for")
    func quick() {
        var pace = CommitPace()
        pace.committed(32, in: .microseconds(399), after: .microseconds(50))
        #expect(pace.pause(waiting: 0) == nil)
    }

    @Test("a disk that takes less time than the changes is not waited for")
    func busy() {
        var pace = CommitPace()
        pace.committed(32, in: .milliseconds(4), after: .milliseconds(4))
        #expect(pace.pause(waiting: 0) == nil)
        pace.committed(32, in: .milliseconds(4), after: .milliseconds(3))
        #expect(pace.pause(waiting: 0) != nil)
    }

    @Test("pauses in vain become shorter and end; after some commits without it is tried again")
    func inVain() {
        var pace = CommitPace()
        var limits: [Duration] = []
        pace.committed(10, in: .milliseconds(4), after: .microseconds(50))
        while let pause = pace.pause(waiting: 0), limits.count < 20 {
            limits.append(pause.limit)
            pace.paused(pause, changes: 2)
        }
        #expect(limits == [1000, 500, 250, 125].map { .microseconds($0) })
        for _ in 1..<CommitPace.restraint - 1 { #expect(pace.pause(waiting: 0) == nil) }
        #expect(pace.pause(waiting: 0) == nil)
        #expect(pace.pause(waiting: 0)?.limit == .milliseconds(1))
    }

    @Test("a pause in which most have come is not in vain")
    func worthwhile() throws {
        var pace = CommitPace()
        pace.committed(10, in: .milliseconds(4), after: .microseconds(50))
        let pause = pace.pause(waiting: 4)
        let first = try #require(pause)
        pace.paused(first, changes: 8)
        #expect(pace.pause(waiting: 0)?.limit == .microseconds(500))
        pace.paused(first, changes: 9)
        #expect(pace.pause(waiting: 0)?.limit == .milliseconds(1))
    }
}
