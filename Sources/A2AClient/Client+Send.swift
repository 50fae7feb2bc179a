public import A2A

extension Client {
    /// Sends text; answers with a direct message, or with the task once it has ended or waits for the caller
    /// (§3.1.1).
    ///
    /// - Parameters:
    ///   - taskID: The task to go on with.
    ///   - contextID: The conversation that the message belongs to.
    public func send(
        _ text: String,
        taskID: String = "",
        contextID: String = "",
        configuration: A2ASendMessageConfiguration? = nil,
        options: CallOptions = .init()
    ) async throws -> A2ASendMessageResponse {
        let message = A2AMessage(role: .user, parts: [.text(text)], contextID: contextID, taskID: taskID)
        return try await self.send(message, configuration: configuration, options: options)
    }

    /// Sends a message; answers with a direct message, or with the task once it has ended or waits for the caller
    /// (§3.1.1).
    ///
    /// Sent once, unless the request surely never left this side.
    ///
    /// - Parameter generation: Only if the task that the message names stands at this generation; else nothing is done (A2A 1.1 draft).
    /// - Throws: ``A2AError``; `.taskGenerationMismatch` if the task has changed, `.versionNotSupported` if there is a `generation` and
    ///   the client does not speak 1.1.
    public func send(
        _ message: A2AMessage,
        ifGeneration generation: Int64? = nil,
        configuration: A2ASendMessageConfiguration? = nil,
        metadata: A2AMetadata? = nil,
        options: CallOptions = .init()
    ) async throws -> A2ASendMessageResponse {
        try await self.sendMessage(
            Self.request(message, ifGeneration: generation, configuration: configuration, metadata: metadata),
            options: options)
    }

    /// Sends text and follows what comes of it (§3.1.2).
    ///
    /// See ``stream(_:ifGeneration:configuration:metadata:options:)``.
    public func stream(
        _ text: String,
        taskID: String = "",
        contextID: String = "",
        configuration: A2ASendMessageConfiguration? = nil,
        options: CallOptions = .init()
    ) async throws -> EventStream {
        let message = A2AMessage(role: .user, parts: [.text(text)], contextID: contextID, taskID: taskID)
        return try await self.stream(message, configuration: configuration, options: options)
    }

    /// Sends a message and follows what comes of it (§3.1.2).
    ///
    /// The stream is one message, or a task and its updates until it ends or waits for input. When the connection
    /// breaks the client subscribes to the task and goes on; the message is not sent again, unless nothing has come yet and
    /// the agent's card says that it recognises messages (``A2A/ResumeExtension``). From an agent that
    /// numbers its events (its SSE ids are generations) no event comes twice. From another the stream may repeat the
    /// task as a whole after a break: ``TaskAccumulator`` makes the right picture of either.
    ///
    /// - Parameter generation: As in ``send(_:ifGeneration:configuration:metadata:options:)``.
    /// - Throws: ``A2AError``, here or from the stream. `.unavailable` before the first event: the agent may have
    ///   taken the message. `.unsupportedOperation` if the card says that the agent does not stream.
    public func stream(
        _ message: A2AMessage,
        ifGeneration generation: Int64? = nil,
        configuration: A2ASendMessageConfiguration? = nil,
        metadata: A2AMetadata? = nil,
        options: CallOptions = .init()
    ) async throws -> EventStream {
        try self.requireStreaming()
        return try await self.sendStreamingMessage(
            Self.request(message, ifGeneration: generation, configuration: configuration, metadata: metadata),
            options: options)
    }

    /// Follows an existing task: its current state, then its updates (§3.1.6).
    ///
    /// With ``CallOptions/resumeAfter`` set, and an agent that can, the stream begins with what came after that
    /// generation instead.
    public func subscribe(_ taskID: String, options: CallOptions = .init()) async throws -> EventStream {
        try self.requireStreaming()
        var request = A2ASubscribeToTaskRequest()
        request.id = taskID
        return try await self.subscribeToTask(request, options: options)
    }

    private func requireStreaming() throws {
        guard let card = self.card, !card.capabilities.streaming else { return }
        throw A2AError(
            .unsupportedOperation, "The agent's card says that it does not stream. Send without streaming and poll.")
    }

    private static func request(
        _ message: A2AMessage, ifGeneration generation: Int64?, configuration: A2ASendMessageConfiguration?,
        metadata: A2AMetadata?
    ) -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.message = message
        if let configuration { request.configuration = configuration }
        if let metadata { request.metadata = metadata }
        if let generation { request.configuration.ifGenerationMatch = generation }
        return request
    }
}
