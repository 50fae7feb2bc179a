public import A2A

/// What becomes of a turn whose process ended while it was at work (``Agent/recovery``).
public enum RecoveryPolicy: Sendable, Hashable {
    /// The task fails, with a message that says why.
    case fail
    /// The agent is called again for the same message; ``Turn/resumption`` says what is out already.
    case resume
}

/// What a turn that is called again needs to know of the time before.
///
/// The agent's process has ended since, so whatever it held in memory is gone. ``Turn/task`` is the task as it stands now, with
/// everything that is out: an agent that looks there first does nothing twice. Everything that was sent to a caller is there. All of
/// the turn's work may be out, and only its end not written: then the agent has nothing to do but to return.
public struct Resumption: Sendable, Hashable {
    /// How many events of this turn are in the task's log.
    ///
    /// An agent whose events follow from the message alone can go through its work again and leave out as many.
    public var events: Int

    /// The generation that the task stands at.
    public var generation: Int64

    /// The messages that the task has received since the turn began, oldest first.
    ///
    /// The turn may have seen some of them before: all of them are given again, by ``Turn/nextMessage()`` or in turns of their own.
    public var messages: [A2AMessage]

    /// How often in a row the turn was taken up without anything new having come of it; 1 the first time.
    public var attempt: Int
}
