public import A2A

/// The task that a stream tells about, event by event.
///
/// Feed it every event of a stream and look at ``task`` at any time. An event costs what it brings, however large
/// the task has become.
public struct TaskAccumulator: Sendable {
    /// The direct answer, if the agent gave one instead of a task.
    public private(set) var message: A2AMessage?

    /// The artifacts whose last chunk has come, by identifier.
    public private(set) var completeArtifacts: Set<String> = []

    /// The task without its artifacts and history; `nil` before the first event of a task.
    private var head: A2ATask?
    // Kept beside the head, so that an event changes them in place.
    private var artifacts: [A2AArtifact] = []
    private var history: [A2AMessage] = []
    private var positions: [String: Int] = [:]

    /// Starts with nothing, or with a task that is already known.
    public init(_ task: A2ATask? = nil) {
        if let task { self.replace(with: task) }
    }

    /// The task as it stands after the last event; `nil` if none has told of a task.
    public var task: A2ATask? {
        guard var task = self.head else { return nil }
        task.artifacts = self.artifacts
        task.history = self.history
        return task
    }

    /// The state of the task, if there is one.
    public var state: A2ATaskState? { self.head?.status.state }

    /// What a blocking send would have answered; `nil` before the first event.
    public var response: A2ASendMessageResponse? {
        if let message = self.message { return .message(message) }
        return self.task.map { .task($0) }
    }

    /// Takes the next event of a stream.
    public mutating func apply(_ event: StreamEvent) {
        self.apply(event.response)
    }

    /// Takes the next event of a stream.
    public mutating func apply(_ response: A2AStreamResponse) {
        switch response.payload {
        case .task(let task): self.replace(with: task)
        case .message(let message): self.message = message
        case .statusUpdate(let update): self.apply(update)
        case .artifactUpdate(let update): self.apply(update)
        case nil: break
        }
    }

    private mutating func replace(with task: A2ATask) {
        self.artifacts = task.artifacts
        self.history = task.history
        self.positions = Dictionary(
            task.artifacts.enumerated().map { ($0.element.artifactID, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        self.completeArtifacts = []
        var head = task
        head.artifacts = []
        head.history = []
        self.head = head
    }

    private mutating func apply(_ update: A2ATaskStatusUpdateEvent) {
        self.begin(taskID: update.taskID, contextID: update.contextID, generation: update.generation)
        // What the agent said before stays in the history when it says something new (§3.7).
        if let previous = self.head?.status, previous.hasMessage,
            self.history.last?.messageID != previous.message.messageID,
            update.status.message.messageID != previous.message.messageID
        {
            self.history.append(previous.message)
        }
        self.head?.status = update.status
    }

    private mutating func apply(_ update: A2ATaskArtifactUpdateEvent) {
        self.begin(taskID: update.taskID, contextID: update.contextID, generation: update.generation)
        let id = update.artifact.artifactID
        if let position = self.positions[id] {
            if update.append {
                self.artifacts[position].append(update.artifact)
            } else {
                self.artifacts[position] = update.artifact
            }
        } else {
            self.positions[id] = self.artifacts.count
            self.artifacts.append(update.artifact)
        }
        if update.lastChunk {
            self.completeArtifacts.insert(id)
        } else {
            self.completeArtifacts.remove(id)
        }
    }

    /// Makes the task when a stream begins with an update, as that of a subscription in the middle may.
    private mutating func begin(taskID: String, contextID: String, generation: Int64) {
        if self.head == nil {
            var task = A2ATask()
            task.id = taskID
            task.contextID = contextID
            self.head = task
        }
        if let known = self.head?.generation, generation > known { self.head?.generation = generation }
    }
}

extension A2AArtifact {
    /// Adds the parts of a chunk at the end; what else the chunk says replaces what was said before.
    fileprivate mutating func append(_ chunk: A2AArtifact) {
        self.parts.append(contentsOf: chunk.parts)
        if !chunk.name.isEmpty { self.name = chunk.name }
        if !chunk.description_p.isEmpty { self.description_p = chunk.description_p }
        if chunk.hasMetadata { self.metadata = chunk.metadata }
        for uri in chunk.extensions where !self.extensions.contains(uri) { self.extensions.append(uri) }
    }
}
