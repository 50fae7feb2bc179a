package import A2A

/// Decides how a stream goes on when its connection breaks.
///
/// Pure: it is told what happened and says what to do.
///
/// The rules:
/// - A stream ends with a message or a state that closes streams; what comes after is not waited for. A connection
///   that ends before is taken up again with SubscribeToTask. A message is sent again only if nothing has come yet and the agent
///   has said that it recognises it.
/// - With generations known, the agent is asked for what follows the last one, and an event at or below it is
///   dropped: nothing is seen twice, nothing is lost.
/// - An agent whose card declares the extension (spec/extensions/resume.md) numbers its events without holes: a number that skips
///   one is a broken stream. An event of a kind that this version does not know is not passed on, but its number counts.
/// - Without, the new stream begins with the task as it is. It is passed on only if it differs from what the events
///   so far add up to. As a whole task it replaces what was known, so whoever folds the stream has the right picture.
/// - Generations that run backwards in the first snapshot of a new connection were none; from then on they are
///   ignored.
/// - UnsupportedOperation upon subscribing usually means that the task has ended meanwhile: it is fetched, passed on
///   and the stream ends.
/// - A stream that has begun and ends with Unauthenticated is taken up again too: its credentials are over, and a new call has
///   newer ones. If that is not let in, the stream ends.
/// - A clean end in a state that waits for the caller (AUTH_REQUIRED) is an end.
/// - Attempts in a row that bring nothing new are bounded.
package struct StreamResumption: Sendable {
    /// How the stream began.
    package enum Origin: Sendable, Equatable {
        /// With a message. `continuesTask`: the message names a task, so the first snapshot may still show the state
        /// that the message answers.
        case send(continuesTask: Bool)
        /// With a subscription.
        case subscription(taskID: String)
    }

    /// What to do with an event.
    package enum OnEvent: Sendable, Equatable {
        case deliver(StreamEvent)
        /// The stream ends after this event.
        case deliverLast(StreamEvent)
        /// The caller has seen it.
        case skip
        /// The caller has seen it, and the stream ends.
        case finish
        /// Events before it are missing: the connection is of no use any more, and has failed with ``hole(after:before:)``.
        case refuse(after: Int64, before: Int64)
    }

    /// What to do when a connection or an attempt has ended.
    package enum OnBreak: Sendable {
        case finish
        /// Wait, then subscribe. `attempt` counts from 1.
        case resubscribe(taskID: String, after: Int64?, attempt: Int)
        /// Wait, then send the same message again.
        case resend(attempt: Int)
        /// Ask for the task, since the agent offers no stream of it.
        case fetchTask(String)
        case fail(A2AError)
    }

    private let maxAttempts: Int
    private let origin: Origin
    private let mayResend: Bool
    private let hasNoHoles: Bool
    private var taskID: String?
    private var lastState: A2ATaskState?
    private var hasEvents = false
    /// The highest generation delivered, while the agent tells generations.
    private var generation: Int64?
    private var trustsGenerations = true
    /// How many events of an unknown kind have come since, without a number: each may have one that then seems to be missing.
    private var unnumbered: Int64 = 0
    /// What the events add up to, as long as there are no generations to go by.
    private var picture = TaskAccumulator()
    /// Whether the next event is the first of a new connection.
    private var isReconnected = false
    private var attempts = 0
    private var lastError: A2AError?

    /// - Parameters:
    ///   - mayResend: Whether the agent recognises a message that is sent again.
    ///   - hasNoHoles: Whether the agent's card says that its numbers have no holes.
    package init(
        origin: Origin, resumeAfter: Int64? = nil, maxAttemptsWithoutProgress: Int, mayResend: Bool = false,
        hasNoHoles: Bool = false
    ) {
        self.origin = origin
        self.mayResend = mayResend
        self.hasNoHoles = hasNoHoles
        self.generation = resumeAfter
        self.maxAttempts = maxAttemptsWithoutProgress
        if case .subscription(let taskID) = origin { self.taskID = taskID }
    }

    // MARK: Events

    package mutating func received(_ event: StreamEvent) -> OnEvent {
        guard event.response.payload != nil else { return self.receivedUnknown(event) }
        let isFirstOfConnection = self.isReconnected || !self.hasEvents
        let isFirst = !self.hasEvents
        self.isReconnected = false
        let response = event.response
        if let id = response.taskID, !id.isEmpty { self.taskID = id }

        var isNew = true
        if isFirstOfConnection, !isFirst || self.generation != nil, case .task(let task) = response.payload {
            isNew = self.isNews(task, generation: event.generation ?? response.generation)
        } else if let known = self.generation, self.trustsGenerations,
            let generation = event.generation ?? response.generation
        {
            if self.isHole(after: known, before: generation) { return .refuse(after: known, before: generation) }
            isNew = generation > known
        }

        // The message is the answer to this very state: the stream has only begun.
        let isAnswered = isFirst && self.origin == .send(continuesTask: true) && response.state == .inputRequired
        let closes = response.closesStream && !isAnswered
        self.hasEvents = true
        if let state = response.state { self.lastState = state }
        guard isNew else { return closes ? .finish : .skip }

        self.note(event)
        self.attempts = 0
        self.lastError = nil
        return closes ? .deliverLast(event) : .deliver(event)
    }

    /// An event of a kind that this version does not know: the caller does without it, but it has its place among the others.
    private mutating func receivedUnknown(_ event: StreamEvent) -> OnEvent {
        guard self.trustsGenerations, let known = self.generation else { return .skip }
        guard let generation = event.generation else {
            // Where the number is inside of the event (gRPC), that of an unknown kind is not to be read.
            self.unnumbered += 1
            return .skip
        }
        if self.isHole(after: known, before: generation) { return .refuse(after: known, before: generation) }
        guard generation > known else { return .skip }
        self.isReconnected = false
        self.generation = generation
        self.unnumbered = 0
        self.attempts = 0
        self.lastError = nil
        return .skip
    }

    private func isHole(after known: Int64, before next: Int64) -> Bool {
        let (last, overflows) = known.addingReportingOverflow(1 + self.unnumbered)
        return self.hasNoHoles && !overflows && next > last
    }

    /// Whether the snapshot at the beginning of a new connection tells something that the caller does not know.
    private mutating func isNews(_ task: A2ATask, generation: Int64?) -> Bool {
        if let known = self.generation, self.trustsGenerations {
            guard let generation else {
                // The numbers have stopped; without them only the whole picture is certain.
                self.generation = nil
                return true
            }
            if generation >= known { return generation > known }
            self.trustsGenerations = false
            self.generation = nil
            return true
        }
        guard let picture = self.picture.task else { return true }
        return picture.status != task.status || picture.artifacts != task.artifacts
    }

    private mutating func note(_ event: StreamEvent) {
        self.unnumbered = 0
        if self.trustsGenerations, let generation = event.generation ?? event.response.generation {
            self.generation = max(generation, self.generation ?? generation)
            self.picture = TaskAccumulator()
        } else if self.generation == nil {
            self.picture.apply(event)
        }
    }

    // MARK: Ends

    /// The connection ended without an error.
    package mutating func ended() -> OnBreak {
        if self.hasEvents, let state = self.lastState, state.isTerminal || state.isInterrupted { return .finish }
        return self.broken(by: A2AError.unreachable("The stream ended before the task did.", mayHaveBeenSent: true))
    }

    /// The connection ended with an error.
    package mutating func failed(_ error: A2AError) -> OnBreak {
        guard Self.isBreak(error) || (error.code == .unauthenticated && self.hasEvents) else { return .fail(error) }
        return self.broken(by: error)
    }

    /// The agent accepted the subscription.
    package mutating func resubscribed() {
        self.isReconnected = true
        self.unnumbered = 0
    }

    /// The agent did not accept the subscription, or could not be reached.
    package mutating func resubscriptionFailed(_ error: A2AError) -> OnBreak {
        if error.code == .unsupportedOperation, let taskID = self.taskID {
            self.lastError = error
            return .fetchTask(taskID)
        }
        guard Self.isBreak(error) else { return .fail(error) }
        return self.broken(by: error)
    }

    /// The task, after ``OnBreak/fetchTask(_:)``.
    ///
    /// `nil` if the stream has to be taken up again: then see ``ended()``.
    package mutating func fetched(_ task: A2ATask) -> OnEvent {
        self.isReconnected = true
        let decision = self.received(StreamEvent(.task(task)))
        let state = task.status.state
        guard state.isTerminal || state.isInterrupted else { return decision }
        if case .deliver(let event) = decision { return .deliverLast(event) }
        return decision == .skip ? .finish : decision
    }

    private mutating func broken(by error: A2AError) -> OnBreak {
        guard let taskID = self.taskID, self.hasEvents || self.origin == .subscription(taskID: taskID) else {
            guard self.mayResend, self.attempts < self.maxAttempts else { return .fail(Self.unknownOutcome(error)) }
            self.attempts += 1
            return .resend(attempt: self.attempts)
        }
        guard self.attempts < self.maxAttempts else { return .fail(self.lastError ?? error) }
        self.attempts += 1
        self.lastError = error
        return .resubscribe(
            taskID: taskID, after: self.trustsGenerations ? self.generation : nil, attempt: self.attempts)
    }

    /// Whether an error says that the connection broke, not that the agent refused.
    private static func isBreak(_ error: A2AError) -> Bool {
        error.code == .unavailable || error.transportFailure != nil
    }

    package static func hole(after known: Int64, before next: Int64) -> A2AError {
        A2AError(
            .unavailable,
            "The agent's stream has lost events: after event \(known) came event \(next). It is read again from there.")
    }

    private static func unknownOutcome(_ error: A2AError) -> A2AError {
        A2AError(
            .unavailable,
            "The connection broke before the agent's first event. The agent may or may not have taken the message, "
                + "so it was not sent again; look for the task with ListTasks before you do. (\(error.message))",
            details: error.details,
            cause: error.cause ?? error
        )
    }
}
