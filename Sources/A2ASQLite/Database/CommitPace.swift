/// Decides whether the writer waits a little before it commits, so that those whom the last commit has answered can join.
///
/// Callers that send one thing after another fall into two groups otherwise, each of which waits for the commit of the other
/// before its own. Waiting for them costs less than that, if they come; if they do not, the writer soon stops waiting, and tries
/// again now and then. Where the disk takes less time than the changes themselves, two groups are right: one works while the
/// other is written. A pure value.
struct CommitPace {
    /// What to wait for.
    struct Pause: Equatable {
        /// How many changes are enough.
        var changes: Int
        /// For how long at most.
        var limit: Duration
    }

    /// Which part of the last commit's time the writer waits at most: a quarter.
    static let part = 4
    /// Less is not worth waiting for: it takes about as long to fall asleep and wake up.
    static let shortest: Duration = .microseconds(100)
    /// How many commits without a pause follow the last of some that were in vain.
    static let restraint = 16

    private var answered = 0
    private var duration: Duration = .zero
    /// By how much pauses are shorter than they may be, as a power of two.
    private var doubt = 0
    private var commitsWithout = 0

    /// A commit was made.
    ///
    /// - Parameters:
    ///   - duration: How long it took to make the changes durable.
    ///   - work: How long it took to make them.
    mutating func committed(_ changes: Int, in duration: Duration, after work: Duration) {
        self.answered = changes
        self.duration = duration > work ? duration : .zero
    }

    /// - Parameter waiting: How many changes wait already.
    mutating func pause(waiting: Int) -> Pause? {
        let limit = self.duration / (Self.part << self.doubt)
        guard self.answered > 0, limit >= Self.shortest else {
            self.commitsWithout += 1
            if self.commitsWithout >= Self.restraint { self.doubt = 0 }
            return nil
        }
        return Pause(changes: waiting + self.answered, limit: limit)
    }

    /// A pause is over.
    ///
    /// - Parameter changes: How many changes wait now.
    mutating func paused(_ pause: Pause, changes: Int) {
        self.commitsWithout = 0
        // Most have come: the others may have left for good.
        let missing = pause.changes - changes
        if missing * 2 <= self.answered {
            self.doubt = 0
        } else {
            self.doubt = min(self.doubt + 1, 8)
        }
    }
}
