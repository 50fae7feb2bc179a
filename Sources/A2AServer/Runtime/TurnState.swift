import A2A
import DequeModule

/// What one turn has answered so far, and what may follow. A pure value: ``TurnExecution`` acts on its decisions.
///
/// ```
///             reply                      finish
/// undecided ────────▶ replied        ┌───────────▶ ended
///     │  first change, or the caller │
///     └────────────▶ tracking ───────┘
/// ```
struct TurnState {
    private enum Answer: Equatable { case undecided, replied, tracking }
    private enum Phase: Equatable { case running, finishing, ended }

    private var answer: Answer
    private var phase: Phase = .running
    /// The task was made because a caller did not want to wait, not because the agent asked for it.
    private var wasForced = false
    /// The task is being made for that caller right now.
    private var isForcing = false
    private var taskState: A2ATaskState?
    /// The generation that `taskState` belongs to.
    private var generation: Int64 = 0
    /// The task is being made, and is not in the log yet.
    private(set) var hasPromisedTask = false
    private(set) var fence: Int64
    private var isFenced = false
    /// Whoever shut the turn out is ending its task right now.
    private var isBeingEnded = false
    /// Another turn of the task may begin.
    private var hasLeft = false
    private(set) var stop: StopReason?
    private var inbox: Deque<A2AMessage> = []
    /// Messages that have been promised to the turn but are not logged yet.
    private var reserved = 0

    /// The most messages that wait for a turn.
    static let maxInbox = 64

    /// Why a turn is told to stop. One that is `released` leaves its task as it is: another process, or the next run, goes on
    /// with it.
    enum StopReason: Equatable { case cancelled, shutdown, silent, released }

    /// A turn that begins something new.
    init() {
        self.answer = .undecided
        self.fence = 1
    }

    /// A turn that goes on with a task.
    init(continuing state: A2ATaskState, fence: Int64) {
        self.answer = .tracking
        self.taskState = state
        self.fence = fence
    }

    /// A turn that an earlier process has begun.
    ///
    /// - Parameters:
    ///   - hasAnswered: Whether anything of the turn's own is out.
    ///   - messages: What the task has received since the turn began.
    init(resuming state: A2ATaskState, fence: Int64, hasAnswered: Bool, messages: [A2AMessage]) {
        self.init(continuing: state, fence: fence)
        self.wasForced = !hasAnswered
        self.inbox = Deque(messages)
    }

    // MARK: Answers

    enum OnReply: Equatable { case decide, completeTask, refuse(String) }

    mutating func reply() -> OnReply {
        switch self.answer {
        case .undecided where self.wasForced: return .completeTask
        case .undecided:
            self.answer = .replied
            return .decide
        case .replied: return .refuse("The turn has replied already.")
        case .tracking where self.wasForced: return .completeTask
        case .tracking:
            return .refuse("The turn has made a task; end it with complete(_:), or put the text in an artifact.")
        }
    }

    enum OnEmit: Equatable { case create, append(fence: Int64), refuse(String), stopped }

    mutating func emit() -> OnEmit {
        if self.isFenced || self.phase == .ended { return .stopped }
        // Nobody would go on with a task that is made now.
        if self.stop == .released, self.answer == .undecided { return .stopped }
        switch self.answer {
        case .undecided: return .create
        case .replied: return .refuse("The turn has replied with a message; it cannot make a task any more.")
        case .tracking: return .append(fence: self.fence)
        }
    }

    /// A caller wants the task now, whatever the agent is going to answer.
    ///
    /// - Returns: Whether there is none yet, so that one has to be made; ``forceIsOver()`` must follow.
    mutating func force() -> Bool {
        guard self.answer == .undecided, self.phase == .running, !self.isFenced, !self.isForcing,
            self.stop != .released
        else { return false }
        self.wasForced = true
        self.isForcing = true
        return true
    }

    /// The task has been made for a caller, or could not be.
    mutating func forceIsOver() {
        self.isForcing = false
        if self.answer == .undecided { self.wasForced = false }
    }

    /// The log has recorded changes. Concurrent calls may tell of them in another order; the newest counts.
    mutating func recorded(_ appended: Appended) {
        self.answer = .tracking
        self.hasPromisedTask = false
        self.fence = max(self.fence, appended.fence)
        guard appended.generation > self.generation else { return }
        self.generation = appended.generation
        self.taskState = appended.state
    }

    /// The task is about to be made, in order with everything that follows.
    mutating func promiseTask() {
        self.answer = .tracking
        self.taskState = .submitted
        self.hasPromisedTask = true
    }

    /// A concurrent call has made the task; what that one records counts.
    mutating func madeElsewhere() {
        self.answer = .tracking
        if self.taskState == nil { self.taskState = .submitted }
    }

    // MARK: Messages to the running turn

    enum OnOffer: Equatable {
        case accepted, full
        /// The turn has not begun, or is just ending: ask again when ``isInBetween`` says so no more. It takes no message before it
        /// has begun, since nobody would answer if it cannot begin.
        case later
        /// The turn was shut out: whoever did that has ended the task, or another process goes on with it.
        case shutOut
        /// The turn is over, and another one may begin.
        case over
    }

    /// Promises a follow-up message to the turn; ``deliver(_:)`` or ``withdraw()`` must follow if it is accepted.
    mutating func offer() -> OnOffer {
        if self.hasLeft { return .over }
        if self.isInBetween { return .later }
        if self.isFenced { return .shutOut }
        guard self.inbox.count + self.reserved < Self.maxInbox else { return .full }
        self.reserved += 1
        return .accepted
    }

    /// Whether the turn can only say later whether it takes a message.
    var isInBetween: Bool {
        if self.hasLeft { return false }
        if self.isFenced { return self.isBeingEnded }
        return self.phase != .running || !self.hasBegun
    }

    /// Whether the log knows of the turn.
    var hasBegun: Bool { self.answer == .tracking && self.fence > 0 && !self.hasPromisedTask }

    mutating func deliver(_ message: A2AMessage) {
        self.reserved -= 1
        self.inbox.append(message)
    }

    /// Whether a message or the task itself is on its way.
    var hasPromises: Bool { (self.reserved > 0 && self.inbox.isEmpty) || self.isBeingForced }

    private var isBeingForced: Bool { self.isForcing && self.answer == .undecided }

    mutating func withdraw() { self.reserved -= 1 }

    mutating func takeMessage() -> A2AMessage? { self.inbox.popFirst() }

    // MARK: The end

    enum OnReturn: Equatable {
        /// The agent said nothing at all.
        case unanswered
        /// Nothing is left to do.
        case end
        /// The agent is done, and the task must say so.
        case append(A2ATaskState, fence: Int64)
        /// Another message waits; the agent runs again.
        case runAgain(A2AMessage)
        /// A message, or the task itself, is on its way; ask again when it is here.
        case waitForMessage
        /// The task stays as it is, for whoever goes on with it.
        case leave
    }

    /// The agent has returned, or thrown when `failed`.
    mutating func agentReturned(failed: Bool) -> OnReturn {
        // Abandoned: whoever waited knows already.
        guard self.phase != .ended else { return .end }
        if self.isBeingForced { return .waitForMessage }
        let isOpen = self.taskState.map { !$0.isTerminal } ?? false
        if self.answer == .replied {
            self.phase = .ended
            return .end
        }
        guard self.answer == .tracking else {
            self.phase = .ended
            return .unanswered
        }
        guard isOpen else {
            self.phase = .ended
            return .end
        }
        if self.stop == .released {
            self.phase = .ended
            return .leave
        }
        if let stop = self.stop {
            // A turn that was fenced off tries in vain, unless its task was only being made when that happened.
            self.phase = .finishing
            return .append(stop == .cancelled ? .canceled : .failed, fence: self.fence)
        }
        if failed {
            self.phase = .finishing
            return .append(.failed, fence: self.fence)
        }
        if self.reserved > 0, self.inbox.isEmpty { return .waitForMessage }
        if let message = self.inbox.popFirst() { return .runAgain(message) }
        if self.taskState?.isInterrupted == true {
            self.phase = .ended
            return .end
        }
        self.phase = .finishing
        return .append(.completed, fence: self.fence)
    }

    var isUndecided: Bool { self.answer == .undecided }

    /// Whether the task waits for its caller.
    var isWaiting: Bool { self.taskState?.isInterrupted == true }

    /// The last append is done, or was refused; or nothing may follow.
    mutating func finished() { self.phase = .ended }

    /// The turn is in nobody's way any more.
    mutating func leave() { self.hasLeft = true }

    enum OnStop: Equatable {
        case requested, alreadyRequested
        /// The turn has not begun: if it cannot begin, it will not end the task either.
        case later
        case ended
    }

    /// Asks the turn to stop; the first reason counts.
    mutating func requestStop(_ reason: StopReason) -> OnStop {
        guard self.phase != .ended else { return .ended }
        // The agent is done, and how its task ends is decided; only a caller may still want it otherwise.
        if self.phase == .finishing, reason != .cancelled { return .ended }
        if reason == .cancelled, self.answer == .tracking, self.fence == 0 { return .later }
        guard self.stop == nil else { return .alreadyRequested }
        self.stop = reason
        return .requested
    }

    /// The turn did not stop in time: it may write no more.
    ///
    /// - Returns: Whether the task still has to be ended, by whoever fences; ``fencingIsOver()`` must follow then.
    mutating func fenceOff() -> Bool {
        guard self.phase == .running, !self.isFenced else { return false }
        self.isFenced = true
        guard self.stop != .released else { return false }
        self.isBeingEnded = self.answer == .tracking && self.taskState?.isTerminal == false
        return self.isBeingEnded
    }

    /// The task of a turn that was shut out has been ended, or could not be.
    mutating func fencingIsOver() { self.isBeingEnded = false }
}
