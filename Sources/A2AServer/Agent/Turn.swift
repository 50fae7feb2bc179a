public import A2A
public import Logging

/// One activation of an agent by one message: what came, and the ways to answer.
///
/// The first answer decides: ``reply(_:)-(String)`` answers with a plain message; anything else makes a task and answers
/// with that. All methods may be called from child tasks of the turn. They throw `CancellationError` once the turn
/// has been cancelled and its grace has passed, and ``A2AError`` when the task has already ended.
public struct Turn: Sendable {
    /// The message that the turn answers.
    public var message: A2AMessage { self.contents.message }

    /// The task as it was when the message arrived, with its history, or `nil` if the message begins something new.
    public var task: A2ATask? { self.contents.task }

    /// What was done before, if the turn was at work when its process ended; `nil` for a turn that runs for the first time.
    ///
    /// Only agents whose ``Agent/recovery`` is ``RecoveryPolicy/resume`` get such turns. Then ``task`` is the task as it stands now,
    /// and ``context`` has no parameters: they are not kept.
    public var resumption: Resumption? { self.contents.resumption }

    /// The task's identifier; the one that it will get, if there is no task yet.
    public var taskID: String { self.execution.taskID }

    /// The context that the message belongs to (§3.4.1).
    public var contextID: String { self.execution.contextID }

    /// How the message is to be answered: accepted output modes, history length (§3.2.2).
    public var configuration: A2ASendMessageConfiguration { self.contents.configuration }

    /// The metadata of the request (§3.2.5).
    public var metadata: A2AMetadata { self.contents.metadata }

    /// The call that brought the message: principal, tenant, extensions, parameters.
    public var context: CallContext { self.contents.context }

    /// A logger with the task's and the context's id.
    public var logger: Logger {
        // Most turns log nothing, so the metadata is added when somebody asks.
        var logger = self.contents.logger
        logger[metadataKey: "a2a.task_id"] = "\(self.taskID)"
        logger[metadataKey: "a2a.context_id"] = "\(self.contextID)"
        return logger
    }

    package let execution: TurnExecution
    private let contents: Contents

    /// What a turn consists of, behind one reference: turns are handed from task to task.
    private final class Contents: Sendable {
        let message: A2AMessage
        let task: A2ATask?
        let configuration: A2ASendMessageConfiguration
        let metadata: A2AMetadata
        let context: CallContext
        let logger: Logger
        let resumption: Resumption?
        let loadTask: @Sendable (String) async throws -> A2ATask?

        init(
            message: A2AMessage, task: A2ATask?, configuration: A2ASendMessageConfiguration, metadata: A2AMetadata,
            context: CallContext, logger: Logger, resumption: Resumption?,
            loadTask: @escaping @Sendable (String) async throws -> A2ATask?
        ) {
            self.message = message
            self.task = task
            self.resumption = resumption
            self.configuration = configuration
            self.metadata = metadata
            self.context = context
            self.logger = logger
            self.loadTask = loadTask
        }
    }

    package init(
        message: A2AMessage, task: A2ATask?, configuration: A2ASendMessageConfiguration, metadata: A2AMetadata,
        context: CallContext, logger: Logger, execution: TurnExecution, resumption: Resumption? = nil,
        loadTask: @escaping @Sendable (String) async throws -> A2ATask?
    ) {
        self.execution = execution
        self.contents = Contents(
            message: message, task: task, configuration: configuration, metadata: metadata, context: context,
            logger: logger, resumption: resumption, loadTask: loadTask)
    }

    /// Whether the caller accepts a media type in the answer. Callers that name none accept all.
    public func accepts(_ mediaType: String) -> Bool {
        self.configuration.acceptedOutputModes.isEmpty
            || MediaType.accepts(self.configuration.acceptedOutputModes, mediaType)
    }

    /// The tasks that the message refers to (§3.4.3), as far as they exist and the caller may see them.
    public func referencedTasks() async throws -> [A2ATask] {
        var tasks: [A2ATask] = []
        for id in self.message.referenceTaskIds {
            if let task = try await self.contents.loadTask(id) { tasks.append(task) }
        }
        return tasks
    }

    /// The next message that the caller sends to this task while the turn is at work or waits for input.
    ///
    /// - Throws: `CancellationError` when the turn is cancelled.
    public func nextMessage() async throws -> A2AMessage { try await self.execution.nextMessage() }
}

// MARK: - Answering without a task

extension Turn {
    /// Answers with a plain message; no task is made. At most once in a turn.
    ///
    /// If a task exists already, because the caller did not want to wait for the agent to decide, the message becomes the
    /// task's last status and the task is completed.
    ///
    /// - Throws: ``A2AError`` with `.invalidAgentResponse` if the turn itself has made a task or replied before.
    public func reply(_ message: A2AMessage) async throws { try await self.execution.reply(message) }

    /// Answers with a text.
    public func reply(_ text: String) async throws { try await self.reply(.agent(text)) }
}

// MARK: - Answering with a task

extension Turn {
    /// Waits until everything that the turn has said is in the task's log; over a store on disk, until it is durable.
    ///
    /// Over such a store the methods below may return earlier, except those after which the task rests. Call this before work
    /// that must not be done unless the task says so.
    ///
    /// - Throws: ``A2AError`` if it cannot be written; `CancellationError` if others have taken the task over.
    public func flush() async throws { try await self.execution.flush() }

    /// Makes the task, in state SUBMITTED, if there is none yet; other methods do so when they need one.
    public func openTask() async throws { try await self.execution.openTask() }

    /// Says that the agent is at work.
    ///
    /// - Parameter metadata: Metadata of the update event (§4.2).
    public func working(_ message: A2AMessage? = nil, metadata: A2AMetadata? = nil) async throws {
        try await self.update(.working, message, metadata: metadata)
    }

    /// Says that the agent is at work, and on what.
    public func working(_ text: String, metadata: A2AMetadata? = nil) async throws {
        try await self.working(.agent(text), metadata: metadata)
    }

    /// Adds an artifact, or replaces the one with its id.
    public func artifact(_ artifact: A2AArtifact, lastChunk: Bool = true, metadata: A2AMetadata? = nil) async throws {
        try await self.execution.emit(
            TaskChange(.artifact(artifact, lastChunk: lastChunk), metadata: metadata))
    }

    /// Appends a part to an artifact, which is made if there is none with this id.
    public func append(
        _ part: A2APart, toArtifact id: String, name: String = "", lastChunk: Bool = false
    ) async throws {
        try await self.append(A2AArtifact(parts: [part], artifactID: id, name: name), lastChunk: lastChunk)
    }

    /// Appends the parts of a chunk to the artifact with its id, which is made if there is none.
    public func append(_ chunk: A2AArtifact, lastChunk: Bool = false, metadata: A2AMetadata? = nil) async throws {
        try await self.execution.emit(TaskChange(.chunk(chunk, lastChunk: lastChunk), metadata: metadata))
    }

    /// Asks the caller for more; the next message to the task begins a new turn, or is returned by ``nextMessage()``.
    public func requireInput(_ message: A2AMessage) async throws { try await self.update(.inputRequired, message) }

    /// Asks the caller for more.
    public func requireInput(_ text: String) async throws { try await self.requireInput(.agent(text)) }

    /// Says that an authorisation is missing, and which (§7.6).
    public func requireAuth(_ message: A2AMessage) async throws { try await self.update(.authRequired, message) }

    /// Says that an authorisation is missing.
    public func requireAuth(_ text: String) async throws { try await self.requireAuth(.agent(text)) }

    /// Ends the task well. Returning from `run` does the same without a message.
    public func complete(_ message: A2AMessage? = nil) async throws { try await self.update(.completed, message) }

    /// Ends the task well, with a word.
    public func complete(_ text: String) async throws { try await self.complete(.agent(text)) }

    /// Ends the task because something went wrong.
    public func fail(_ message: A2AMessage) async throws { try await self.update(.failed, message) }

    /// Ends the task because something went wrong.
    public func fail(_ text: String) async throws { try await self.fail(.agent(text)) }

    /// Ends the task because the agent will not do it.
    public func reject(_ message: A2AMessage) async throws { try await self.update(.rejected, message) }

    /// Ends the task because the agent will not do it.
    public func reject(_ text: String) async throws { try await self.reject(.agent(text)) }

    /// Sets any status, with or without a message.
    ///
    /// - Parameter metadata: Metadata of the update event (§4.2).
    public func update(
        _ state: A2ATaskState, _ message: A2AMessage? = nil, metadata: A2AMetadata? = nil
    ) async throws {
        var status = A2ATaskStatus()
        status.state = state
        if let message { status.message = message }
        try await self.execution.emit(TaskChange(.status(status), metadata: metadata))
    }
}
