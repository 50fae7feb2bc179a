public import A2A

/// One change of a task: what an agent, a follow-up message or a cancellation asks the log to record.
public struct TaskChange: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The task's status becomes this one. The store sets the timestamp.
        case status(A2ATaskStatus)
        /// The artifact is added, or replaces the one with its id.
        case artifact(A2AArtifact, lastChunk: Bool)
        /// The artifact's parts are appended to the one with its id, which is added if there is none.
        case chunk(A2AArtifact, lastChunk: Bool)
    }

    public var kind: Kind

    /// A message from the caller that enters the task's history with this change.
    public var received: A2AMessage?

    /// Metadata of the update event (§4.2).
    public var metadata: A2AMetadata?

    public init(_ kind: Kind, received: A2AMessage? = nil, metadata: A2AMetadata? = nil) {
        self.kind = kind
        self.received = received
        self.metadata = metadata
    }
}

/// An event of a task's log: what subscribers are sent, with its number.
public struct LoggedEvent: Sendable, Equatable {
    /// The task's generation after this event: 1 for the creation, then one more for each event, never reused.
    public var generation: Int64
    /// The update as it goes to callers.
    public var update: A2AStreamResponse

    public init(generation: Int64, update: A2AStreamResponse) {
        self.generation = generation
        self.update = update
    }
}
