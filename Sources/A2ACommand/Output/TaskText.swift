import A2A

/// Tasks, messages and events in the text form.
struct TaskText: Sendable {
    /// Whether everything is shown, or the essence.
    var isVerbose: Bool

    private(set) var blocks = TextBlocks()

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    /// The three lines that every command about a task prints.
    ///
    /// - Parameter generation: Printed as a fourth one unless it is 0: the agent tells none.
    mutating func identity(taskID: String, contextID: String, state: A2ATaskState?, generation: Int64 = 0) {
        self.blocks.field("Task ID", taskID)
        self.blocks.field("Context ID", contextID)
        self.blocks.field("State", state?.name)
        if generation > 0 { self.blocks.field("Generation", "\(generation)") }
    }

    mutating func task(_ task: A2ATask, showsHistory: Bool) {
        self.identity(taskID: task.id, contextID: task.contextID, state: task.status.state, generation: task.generation)
        self.status(task.status)
        if self.isVerbose, task.hasMetadata { self.metadata(task.metadata) }
        for artifact in task.artifacts { self.artifact(artifact) }
        if showsHistory || self.isVerbose {
            for message in task.history { self.message(message, label: "History Message") }
        }
    }

    /// An answer without a task, or one that belongs to one.
    mutating func reply(_ message: A2AMessage) {
        self.blocks.field("Message ID", message.messageID)
        self.blocks.field("Task ID", message.taskID)
        self.blocks.field("Context ID", message.contextID)
        self.parts(message.parts)
        if self.isVerbose, message.hasMetadata { self.metadata(message.metadata) }
    }

    mutating func sent(_ message: A2AMessage) {
        self.message(message, label: "Sent Message")
    }

    /// One event of a stream.
    ///
    /// Whatever it is about, it says of which task and where that stands.
    mutating func event(_ event: A2AStreamResponse, contextID: String, state: A2ATaskState?) {
        switch event.payload {
        case .task(let task):
            self.blocks.field("Event", "task")
            self.task(task, showsHistory: false)
        case .message(let message):
            self.blocks.field("Event", "message")
            self.reply(message)
        case .statusUpdate(let update):
            self.blocks.field("Event", "status")
            self.identity(
                taskID: update.taskID, contextID: update.contextID, state: update.status.state,
                generation: update.generation)
            self.status(update.status)
            if self.isVerbose, update.hasMetadata { self.metadata(update.metadata) }
        case .artifactUpdate(let update):
            self.blocks.field("Event", "artifact")
            self.identity(
                taskID: update.taskID, contextID: update.contextID.isEmpty ? contextID : update.contextID, state: state,
                generation: update.generation)
            if update.append { self.blocks.field("Append", "true") }
            if update.lastChunk { self.blocks.field("Last Chunk", "true") }
            self.artifact(update.artifact)
        case nil: break
        }
    }

    private mutating func status(_ status: A2ATaskStatus) {
        if self.isVerbose, status.hasTimestamp {
            self.blocks.field("Updated", A2ATimestampText.text(status.timestamp))
        }
        if status.hasMessage { self.message(status.message, label: "Status Message") }
    }

    private mutating func message(_ message: A2AMessage, label: String) {
        self.blocks.field(label, message.messageID)
        if self.isVerbose || label == "History Message" {
            self.blocks.field("Role", message.role == .user ? "user" : "agent")
        }
        self.parts(message.parts)
        if self.isVerbose, message.hasMetadata { self.metadata(message.metadata) }
    }

    private mutating func artifact(_ artifact: A2AArtifact) {
        self.blocks.field("Artifact", artifact.artifactID)
        self.blocks.field("Artifact Name", artifact.name)
        self.blocks.field("Artifact Description", artifact.description_p)
        self.parts(artifact.parts)
        if self.isVerbose, artifact.hasMetadata { self.metadata(artifact.metadata) }
    }

    /// Text as text, data as JSON, files by name, type and size.
    ///
    /// None is left out.
    private mutating func parts(_ parts: [A2APart]) {
        for part in parts {
            if self.isVerbose {
                self.blocks.field("Part", part.effectiveMediaType)
            }
            switch part.content {
            case .text(let text): self.blocks.block("Text", text)
            case .data(let value): self.blocks.block("Data", JSONPretty.text(value))
            case .raw(let bytes): self.file(part, size: "\(bytes.count) bytes")
            case .url(let url): self.file(part, size: url)
            case nil: self.blocks.field("Part", "of an unknown kind")
            }
            if self.isVerbose, part.hasMetadata { self.metadata(part.metadata) }
        }
    }

    private mutating func file(_ part: A2APart, size: String) {
        let name = part.filename.isEmpty ? "(unnamed)" : part.filename
        self.blocks.field("File", "\(name) (\(part.effectiveMediaType), \(size))")
    }

    private mutating func metadata(_ metadata: A2AMetadata) {
        self.blocks.block("Metadata", JSONPretty.text(A2AValue(metadata)))
    }
}
