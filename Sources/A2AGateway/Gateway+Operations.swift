public import A2A
import A2AClient

// The operations: each goes to the upstream as it came.

extension Gateway {
    /// Passes a call on.
    ///
    /// The upstream's errors are thrown as they are; only where it could not be reached, the error says whom.
    private func forward<Request: RESTRequest, Answer>(
        _ request: Request, _ context: CallContext,
        _ call: (Request, Forwarded) async throws -> Answer
    ) async throws -> Answer {
        let forwarded = try self.forwarded(context, tenant: request.tenant)
        var request = request
        if request.tenant != forwarded.context.tenant { request.tenant = forwarded.context.tenant }
        do {
            return try await call(request, forwarded)
        } catch let error as A2AError where error.transportFailure != nil {
            var error = error
            error.code = .unavailable
            error.message = "The gateway cannot reach \(forwarded.upstream.label). \(error.message)"
            throw error
        }
    }

    public func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        try await self.forward(request, context) {
            try await $1.service.sendMessage($1.translated($0), context: $1.context)
        }
    }

    public func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.forward(request, context) {
            try await $1.service.sendStreamingMessage($1.translated($0), context: $1.context)
        }
    }

    public func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.forward(request, context) { try await $1.service.getTask($0, context: $1.context) }
    }

    public func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        try await self.forward(request, context) { try await $1.service.listTasks($0, context: $1.context) }
    }

    public func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.forward(request, context) { try await $1.service.cancelTask($0, context: $1.context) }
    }

    public func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.forward(request, context) { try await $1.service.subscribeToTask($0, context: $1.context) }
    }

    public func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.forward(request, context) {
            $1.translatedBack(try await $1.service.createTaskPushNotificationConfig($0, context: $1.context))
        }
    }

    public func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.forward(request, context) {
            $1.translatedBack(try await $1.service.getTaskPushNotificationConfig($0, context: $1.context))
        }
    }

    public func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        try await self.forward(request, context) {
            var answer = try await $1.service.listTaskPushNotificationConfigs($0, context: $1.context)
            answer.configs = answer.configs.map($1.translatedBack)
            return answer
        }
    }

    public func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        try await self.forward(request, context) {
            try await $1.service.deleteTaskPushNotificationConfig($0, context: $1.context)
        }
    }

    /// The upstream's extended card, with the gateway's own interfaces and without signatures.
    public func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        try await self.forward(request, context) {
            let card = try await $1.service.getExtendedAgentCard($0, context: $1.context)
            return GatewayCard.rewrite(card, interfaces: try self.interfaces(of: $1.upstream))
        }
    }
}

// A push notification configuration names a tenant too.

extension Gateway.Forwarded {
    func translated(_ request: A2ASendMessageRequest) -> A2ASendMessageRequest {
        guard self.callerTenant != self.context.tenant, request.configuration.hasTaskPushNotificationConfig,
            request.configuration.taskPushNotificationConfig.tenant == self.callerTenant
        else { return request }
        var request = request
        request.configuration.taskPushNotificationConfig.tenant = self.context.tenant
        return request
    }

    func translatedBack(_ config: A2ATaskPushNotificationConfig) -> A2ATaskPushNotificationConfig {
        guard config.tenant == self.context.tenant, self.callerTenant != config.tenant else { return config }
        var config = config
        config.tenant = self.callerTenant
        return config
    }
}
