extension A2ASendMessageResponse {
    /// The task that handles the message.
    public static func task(_ task: A2ATask) -> Self { Self(payload: .task(task)) }

    /// A direct answer, without a task.
    public static func message(_ message: A2AMessage) -> Self { Self(payload: .message(message)) }

    private init(payload: OneOf_Payload) {
        self.init()
        self.payload = payload
    }

    /// The task that the answer is or belongs to; `nil` for a message without one.
    public var taskID: String? {
        switch self.payload {
        case .task(let task): task.id
        case .message(let message): message.taskID.isEmpty ? nil : message.taskID
        case nil: nil
        }
    }

    /// The state of the task; `nil` for a message.
    public var state: A2ATaskState? {
        if case .task(let task) = self.payload { task.status.state } else { nil }
    }

    /// The text of the message, or of the task's artifacts.
    public var text: String {
        switch self.payload {
        case .task(let task): task.text
        case .message(let message): message.text
        case nil: ""
        }
    }
}

extension A2AStreamResponse {
    /// A task as it stands: the first event of a stream.
    public static func task(_ task: A2ATask) -> Self { Self(payload: .task(task)) }

    /// A direct answer: the only event of its stream.
    public static func message(_ message: A2AMessage) -> Self { Self(payload: .message(message)) }

    /// A new status of a task.
    public static func statusUpdate(_ event: A2ATaskStatusUpdateEvent) -> Self { Self(payload: .statusUpdate(event)) }

    /// A new artifact or more of one.
    public static func artifactUpdate(_ event: A2ATaskArtifactUpdateEvent) -> Self {
        Self(payload: .artifactUpdate(event))
    }

    private init(payload: OneOf_Payload) {
        self.init()
        self.payload = payload
    }

    /// The task that the event belongs to; `nil` for a message without one.
    public var taskID: String? {
        switch self.payload {
        case .task(let task): task.id
        case .message(let message): message.taskID.isEmpty ? nil : message.taskID
        case .statusUpdate(let update): update.taskID
        case .artifactUpdate(let update): update.taskID
        case nil: nil
        }
    }

    /// The state that the event tells; `nil` for a message and for an artifact.
    public var state: A2ATaskState? {
        switch self.payload {
        case .task(let task): task.status.state
        case .statusUpdate(let update): update.status.state
        case .message, .artifactUpdate, nil: nil
        }
    }

    /// Whether the stream ends after this event: a message, or a state with ``A2ATaskState/closesStream`` (§3.1.2).
    public var closesStream: Bool {
        if case .message = self.payload { return true }
        return self.state?.closesStream ?? false
    }

    /// The task's generation after this event, or `nil` where the event has none (A2A 1.1 draft).
    public var generation: Int64? {
        let generation: Int64 =
            switch self.payload {
            case .task(let task): task.generation
            case .statusUpdate(let update): update.generation
            case .artifactUpdate(let update): update.generation
            case .message, nil: 0
            }
        return generation > 0 ? generation : nil
    }

    /// Writes a generation into the event; a message has none.
    package mutating func setGeneration(_ generation: Int64) {
        switch self.payload {
        case .task: self.task.generation = generation
        case .statusUpdate: self.statusUpdate.generation = generation
        case .artifactUpdate: self.artifactUpdate.generation = generation
        case .message, nil: return
        }
    }
}

extension StreamEvent {
    /// The event as callers of a version see it: with its generation in it, if they know what that is.
    package func written(for version: ProtocolVersion) -> StreamEvent {
        guard version.hasGenerations, let generation = self.generation else { return self }
        var event = self
        event.response.setGeneration(generation)
        return event
    }
}

extension A2ATaskStatusUpdateEvent {
    /// The news that a task has a new status.
    public init(taskID: String, contextID: String, status: A2ATaskStatus, metadata: A2AMetadata? = nil) {
        self.init()
        self.taskID = taskID
        self.contextID = contextID
        self.status = status
        if let metadata { self.metadata = metadata }
    }
}

extension A2ATaskArtifactUpdateEvent {
    /// The news that a task has a new artifact, or more of one.
    ///
    /// - Parameters:
    ///   - taskID: The task.
    ///   - contextID: The context of the task.
    ///   - artifact: The artifact; when appending, only what is new of it.
    ///   - append: Whether the parts go to the end of the artifact with the same identifier.
    ///   - lastChunk: Whether the artifact is complete with this.
    ///   - metadata: What else is to travel along.
    public init(
        taskID: String,
        contextID: String,
        artifact: A2AArtifact,
        append: Bool = false,
        lastChunk: Bool = false,
        metadata: A2AMetadata? = nil
    ) {
        self.init()
        self.taskID = taskID
        self.contextID = contextID
        self.artifact = artifact
        self.append = append
        self.lastChunk = lastChunk
        if let metadata { self.metadata = metadata }
    }
}
