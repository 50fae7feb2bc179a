import A2A
// DispatchSemaphore does not say that it may be shared.
@preconcurrency import Dispatch
import Synchronization

/// A change that waits for the writer.
struct WriteJob: Sendable {
    /// About how much memory it takes.
    var bytes: Int
    /// Whether it changes nothing and runs before the transaction.
    var isRead = false
    /// Whether others need not know of it: what they have in memory stays true.
    var isQuiet = false
    /// Makes the change. Returns what to do once it is durable.
    var perform: @Sendable (WriterSession) throws -> @Sendable () -> Void
    /// Tells that the change was not made.
    var fail: @Sendable (any Error) -> Void
}

/// The changes that wait for the writer, in the order in which they came.
final class WriteQueue: Sendable {
    private struct State {
        var jobs: [WriteJob] = []
        var bytes = 0
        var isClosed = false
        var isFinished = false
        /// The writer sleeps until there are so many.
        var wanted: Int?
        var whenFinished: [@Sendable () -> Void] = []
        var commits = 0

        /// Whether the writer sleeps and has what it waits for; whoever is told so wakes it.
        mutating func takeWakeUp() -> Bool {
            guard let wanted, self.isClosed || self.jobs.count >= wanted else { return false }
            self.wanted = nil
            return true
        }
    }

    private let maxJobs: Int
    private let maxBytes: Int
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    init(maxJobs: Int, maxBytes: Int) {
        self.maxJobs = maxJobs
        self.maxBytes = maxBytes
    }

    /// - Throws: ``A2AError`` with `.unavailable` if too much waits already, or nobody writes any more.
    func submit(_ job: WriteJob) throws {
        let wakes = try self.state.withLock { state in
            guard !state.isClosed else { throw A2AError.storeIsClosed }
            guard state.jobs.count < self.maxJobs, state.bytes == 0 || state.bytes + job.bytes <= self.maxBytes else {
                throw A2AError(
                    .unavailable, "The agent's task store cannot write as fast as it is asked to. Try again soon.",
                    details: [.retryInfo(.seconds(1))])
            }
            state.jobs.append(job)
            state.bytes += job.bytes
            return state.takeWakeUp()
        }
        if wakes { self.wakeUp.signal() }
    }

    /// Everything that waits; blocks until there is something. `nil` when the queue is closed and empty.
    func take() -> [WriteJob]? {
        while true {
            let (jobs, isOver) = self.state.withLock { state -> ([WriteJob], Bool) in
                var jobs: [WriteJob] = []
                swap(&jobs, &state.jobs)
                state.bytes = 0
                state.wanted = jobs.isEmpty && !state.isClosed ? 1 : nil
                return (jobs, jobs.isEmpty && state.isClosed)
            }
            if isOver { return nil }
            if !jobs.isEmpty { return jobs }
            self.wakeUp.wait()
        }
    }

    /// Blocks until so many wait, or for so long, or until the queue is closed.
    ///
    /// - Returns: How many wait.
    func wait(for pause: CommitPace.Pause) -> Int {
        let isEnough = self.state.withLock { state in
            state.wanted = pause.changes
            return state.takeWakeUp()
        }
        if !isEnough, self.wakeUp.wait(timeout: .now() + pause.limit.inSeconds) == .timedOut {
            // Who has found that the writer sleeps will wake it: that must not be left for later.
            if self.state.withLock({ $0.wanted.take() }) == nil { self.wakeUp.wait() }
        }
        return self.count
    }

    /// Takes no more; what waits is still carried out.
    ///
    /// - Parameter whenFinished: Called when the writer has ended.
    func close(whenFinished: (@Sendable () -> Void)? = nil) {
        let (wakes, isFinished) = self.state.withLock { state in
            state.isClosed = true
            if let whenFinished, !state.isFinished { state.whenFinished.append(whenFinished) }
            return (state.takeWakeUp(), state.isFinished)
        }
        if wakes { self.wakeUp.signal() }
        if isFinished { whenFinished?() }
    }

    /// The writer has ended.
    func finish() {
        let waiting = self.state.withLock { state in
            state.isFinished = true
            defer { state.whenFinished = [] }
            return state.whenFinished
        }
        for resume in waiting { resume() }
    }

    /// Whether nothing more is taken.
    var isClosed: Bool { self.state.withLock { $0.isClosed } }

    /// How many changes wait, beside those that the writer is carrying out.
    var count: Int { self.state.withLock { $0.jobs.count } }

    func noteCommit() { self.state.withLock { $0.commits += 1 } }

    var commitCount: Int { self.state.withLock { $0.commits } }
}
