/// The limits and times of the task runtime.
public struct RuntimeConfiguration: Sendable {
    /// The most turns at work at the same time, over all callers. A message beyond is refused. Default 10 000.
    public var maxConcurrentTurns = 10_000

    /// How long a turn may go on after its task was cancelled, before it is fenced off and the task is marked as cancelled
    /// without it. Default 5 s.
    public var cancellationGrace: Duration = .seconds(5)

    /// How long turns may go on when the agent shuts down. Default 10 s.
    public var shutdownGrace: Duration = .seconds(10)

    /// How long a turn may be silent (no event, no reply) before it is stopped and its task fails; `nil` for ever, the default.
    public var silenceLimit: Duration?

    /// How long a caller that does not want to wait (an immediate or a streaming send) waits for the agent's first answer
    /// before the task is made without it. Default 500 ms.
    public var decisionGrace: Duration = .milliseconds(500)

    /// How long a repeated message id gets the answer of the first; `nil` switches recognition off. Default 10 minutes.
    public var deduplicationWindow: Duration? = .seconds(600)

    /// The most messages that are remembered for that, oldest forgotten first. Default 100 000.
    public var deduplicationCapacity = 100_000

    /// How long GetTask with `currentGeneration` waits before it answers the task as it is (A2A 1.1 draft). A caller that sets a
    /// deadline of its own waits at most nine tenths of it. Default 30 s.
    public var longPollLimit: Duration = .seconds(30)

    /// The most callers that wait so at a time; more are answered at once. Default 10 000.
    public var maxLongPolls = 10_000

    /// How often the store is asked to remove what it need not keep, for the first time so long after the start: what an earlier process has
    /// left is taken up before. Default 60 s.
    public var retentionInterval: Duration = .seconds(60)

    /// How this process shares a durable store with others, and takes up what an earlier one has left.
    public var recovery = RecoveryConfiguration()

    public init() {}
}
