/// How processes that share a durable store tell each other's life and death, and how much is taken over.
///
/// All times are measured on a clock that nobody sets and that stands still while the machine sleeps.
public struct RecoveryConfiguration: Sendable {
    /// For how long the beats of a process may stay out before others take over its turns. The same for all processes that share a
    /// store. Default 15 s.
    ///
    /// It only matters for a process that hangs or is paused: that one has ended shows at once where the store can tell.
    public var leaseLength: Duration = .seconds(15)

    /// How often a process says that it lives: one write, however many turns it has. Default 3 s.
    public var heartbeatInterval: Duration = .seconds(3)

    /// How often the log is looked at for what other processes write, while there are others. Default 200 ms.
    public var sharedLogInterval: Duration = .milliseconds(200)

    /// How many turns are taken over in one step. Default 64.
    public var orphansPerStep = 64

    /// How often in a row a turn is taken up without anything new coming of it, before its task fails: it may be what brings the
    /// process down. Default 10.
    public var maxAttempts = 10

    /// How late the end of a task may be, because the store takes nothing, before callers who wait for it are told. It is written
    /// all the same when the store takes it. Default 5 s.
    public var endGrace: Duration = .seconds(5)

    public init() {}
}
