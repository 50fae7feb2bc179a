public import A2A

// Push notifications and cards.

extension Client {
    /// Asks the agent to send a task's updates to a webhook (§3.1.7).
    ///
    /// - Throws: ``A2AError``, as do the other three; `.pushNotificationNotSupported` if the card says that the agent sends none.
    public func createPushConfig(
        _ config: A2ATaskPushNotificationConfig, forTask taskID: String, options: CallOptions = .init()
    ) async throws -> A2ATaskPushNotificationConfig {
        try self.requirePush()
        var config = config
        config.taskID = taskID
        return try await self.createTaskPushNotificationConfig(config, options: options)
    }

    /// One webhook of a task (§3.1.8).
    public func getPushConfig(
        _ id: String, ofTask taskID: String, options: CallOptions = .init()
    ) async throws -> A2ATaskPushNotificationConfig {
        try self.requirePush()
        var request = A2AGetTaskPushNotificationConfigRequest()
        request.taskID = taskID
        request.id = id
        return try await self.getTaskPushNotificationConfig(request, options: options)
    }

    /// The webhooks of a task, one page (§3.1.9).
    ///
    /// - Parameter pageSize: At most so many; `nil` leaves it to the agent.
    public func listPushConfigs(
        ofTask taskID: String, pageSize: Int? = nil, pageToken: String = "", options: CallOptions = .init()
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        try self.requirePush()
        var request = A2AListTaskPushNotificationConfigsRequest()
        request.taskID = taskID
        request.pageToken = pageToken
        if let pageSize { request.pageSize = Int32(clamping: pageSize) }
        return try await self.listTaskPushNotificationConfigs(request, options: options)
    }

    /// Removes a webhook; removing it twice is no error (§3.1.10).
    public func deletePushConfig(
        _ id: String, ofTask taskID: String, options: CallOptions = .init()
    ) async throws {
        try self.requirePush()
        var request = A2ADeleteTaskPushNotificationConfigRequest()
        request.taskID = taskID
        request.id = id
        try await self.deleteTaskPushNotificationConfig(request, options: options)
    }

    private func requirePush() throws {
        guard let card = self.card, !card.capabilities.pushNotifications else { return }
        throw A2AError(
            .pushNotificationNotSupported, "The agent's card says that it sends no push notifications.")
    }

    /// The card for callers who have authenticated (§3.1.11).
    ///
    /// - Throws: ``A2AError`` with `.unsupportedOperation` if the public card declares none.
    public func extendedCard(options: CallOptions = .init()) async throws -> A2AAgentCard {
        if let card = self.card, !card.capabilities.extendedAgentCard {
            throw A2AError(.unsupportedOperation, "The agent's card says that it has no extended card.")
        }
        return try await self.getExtendedAgentCard(A2AGetExtendedAgentCardRequest(), options: options)
    }

    /// The public card as the transport has it now (§8).
    public func publicCard(options: CallOptions = .init()) async throws -> A2AAgentCard {
        try await self.perform(nil, options) { service, context in try await service.getAgentCard(context: context) }
    }
}
