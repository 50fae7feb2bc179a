public import A2A

// The operations as the specification has them: request in, response out. The tenant of the request is set to that
// of the client's interface, and a message without an identifier gets one.

extension Client {
    /// SendMessage (§3.1.1).
    public func sendMessage(
        _ request: A2ASendMessageRequest, options: CallOptions = .init()
    ) async throws -> A2ASendMessageResponse {
        let request = try self.completed(request)
        return try await self.perform(.sendMessage, options) { service, context in
            try await service.sendMessage(request, context: context)
        }
    }

    /// SendStreamingMessage (§3.1.2).
    ///
    /// The stream goes on after a broken connection, without the message being sent again; see
    /// ``stream(_:configuration:metadata:options:)``.
    public func sendStreamingMessage(
        _ request: A2ASendMessageRequest, options: CallOptions = .init()
    ) async throws -> EventStream {
        let request = try self.completed(request)
        let deadline = self.deadline(of: .sendStreamingMessage, options)
        let stream = try await self.perform(.sendStreamingMessage, options) { service, context in
            try await service.sendStreamingMessage(request, context: context)
        }
        return self.resuming(
            stream,
            origin: .send(continuesTask: !request.message.taskID.isEmpty),
            options: options,
            deadline: deadline
        ) {
            try await self.attempt(.sendStreamingMessage, options, deadline: deadline) { service, context in
                try await service.sendStreamingMessage(request, context: context)
            }
        }
    }

    /// GetTask (§3.1.3).
    public func getTask(_ request: A2AGetTaskRequest, options: CallOptions = .init()) async throws -> A2ATask {
        if request.hasCurrentGeneration { try self.requireGenerations("currentGeneration") }
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.getTask, options) { service, context in
            try await service.getTask(final, context: context)
        }
    }

    /// ListTasks: one page (§3.1.4).
    public func listTasks(
        _ request: A2AListTasksRequest, options: CallOptions = .init()
    ) async throws -> A2AListTasksResponse {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.listTasks, options) { service, context in
            try await service.listTasks(final, context: context)
        }
    }

    /// CancelTask (§3.1.5).
    public func cancelTask(
        _ request: A2ACancelTaskRequest, options: CallOptions = .init()
    ) async throws -> A2ATask {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.cancelTask, options) { service, context in
            try await service.cancelTask(final, context: context)
        }
    }

    /// SubscribeToTask (§3.1.6).
    ///
    /// The stream goes on after a broken connection.
    public func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, options: CallOptions = .init()
    ) async throws -> EventStream {
        var request = request
        request.tenant = self.tenant
        let final = request
        let deadline = self.deadline(of: .subscribeToTask, options)
        let stream = try await self.perform(.subscribeToTask, options) { service, context in
            try await service.subscribeToTask(final, context: context)
        }
        return self.resuming(
            stream, origin: .subscription(taskID: final.id), options: options, deadline: deadline)
    }

    /// CreateTaskPushNotificationConfig (§3.1.7).
    public func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, options: CallOptions = .init()
    ) async throws -> A2ATaskPushNotificationConfig {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.createTaskPushNotificationConfig, options) { service, context in
            try await service.createTaskPushNotificationConfig(final, context: context)
        }
    }

    /// GetTaskPushNotificationConfig (§3.1.8).
    public func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, options: CallOptions = .init()
    ) async throws -> A2ATaskPushNotificationConfig {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.getTaskPushNotificationConfig, options) { service, context in
            try await service.getTaskPushNotificationConfig(final, context: context)
        }
    }

    /// ListTaskPushNotificationConfigs (§3.1.9).
    public func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, options: CallOptions = .init()
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.listTaskPushNotificationConfigs, options) { service, context in
            try await service.listTaskPushNotificationConfigs(final, context: context)
        }
    }

    /// DeleteTaskPushNotificationConfig (§3.1.10).
    public func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, options: CallOptions = .init()
    ) async throws {
        var request = request
        request.tenant = self.tenant
        let final = request
        try await self.perform(.deleteTaskPushNotificationConfig, options) { service, context in
            try await service.deleteTaskPushNotificationConfig(final, context: context)
        }
    }

    /// GetExtendedAgentCard (§3.1.11).
    public func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, options: CallOptions = .init()
    ) async throws -> A2AAgentCard {
        var request = request
        request.tenant = self.tenant
        let final = request
        return try await self.perform(.getExtendedAgentCard, options) { service, context in
            try await service.getExtendedAgentCard(final, context: context)
        }
    }

    /// With the tenant, and with the identifiers that make a repeated message recognisable (§3.3.1).
    private func completed(_ request: A2ASendMessageRequest) throws -> A2ASendMessageRequest {
        if request.configuration.hasIfGenerationMatch { try self.requireGenerations("ifGenerationMatch") }
        var request = request
        request.tenant = self.tenant
        if request.message.messageID.isEmpty { request.message.messageID = Identifier.make() }
        if !request.message.hasRole { request.message.role = .user }
        return request
    }
}

// MARK: - Versions

extension Client {
    /// An agent that is spoken to in 1.0 would ignore the field, and the caller would not know.
    private func requireGenerations(_ field: String) throws {
        guard !self.version.hasGenerations else { return }
        throw A2AError(
            .versionNotSupported,
            "\(field) is of A2A 1.1, and this client speaks \(self.version). Set ClientConfiguration.version to 1.1.")
    }
}

// MARK: - Streams that go on

extension Client {
    private func resuming(
        _ stream: EventStream,
        origin: StreamResumption.Origin,
        options: CallOptions,
        deadline: ContinuousClock.Instant?,
        resend: (@Sendable () async throws -> EventStream)? = nil
    ) -> EventStream {
        let recognizedUntil = resend == nil ? nil : self.recognitionEnd(of: .sendStreamingMessage)
        let policy = self.configuration.resume
        let resumption = StreamResumption(
            origin: origin,
            resumeAfter: options.resumeAfter,
            maxAttemptsWithoutProgress: policy.maxAttemptsWithoutProgress,
            mayResend: recognizedUntil != nil,
            hasNoHoles: self.card.map { ResumeExtension($0) != nil } ?? false
        )
        let calls = ResumingEventSource.Calls(
            subscribe: { taskID, after in
                var options = options
                options.resumeAfter = after
                var request = A2ASubscribeToTaskRequest()
                request.id = taskID
                request.tenant = self.tenant
                let final = request
                return try await self.attempt(.subscribeToTask, options, deadline: deadline) { service, context in
                    try await service.subscribeToTask(final, context: context)
                }
            },
            resend: {
                guard let resend, let recognizedUntil, ContinuousClock.now < recognizedUntil else {
                    throw A2AError(.deadlineExceeded, "The agent may not recognise the message any more.")
                }
                return try await resend()
            },
            getTask: { taskID in try await self.getTask(taskID, options: options) },
            wait: { attempt, requested in
                var delay = policy.backoff.delay(attempt: attempt, random: self.configuration.random())
                // Jitter on top, as with calls that are made again.
                delay += min(max(requested ?? .zero, .zero), self.configuration.retry.maxRequestedDelay)
                try await self.configuration.clock.sleep(for: delay)
            }
        )
        let logger = self.configuration.logger
        let resuming = EventStream {
            ResumingEventSource(stream, resumption: resumption, calls: calls, deadline: deadline, logger: logger)
        }
        guard let provider = options.credentials ?? self.configuration.credentials, provider.identity != nil,
            let keeper = self.service as? any CredentialKeeper
        else { return resuming }
        let renewal = CredentialRenewal(
            provider: provider, keeper: keeper, operation: .subscribeToTask, card: self.card,
            clock: self.configuration.clock, backoff: policy.backoff, random: self.configuration.random, logger: logger)
        return EventStream { WatchedEventSource(resuming, renewal) }
    }
}
