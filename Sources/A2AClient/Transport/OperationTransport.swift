package import A2A
package import SwiftProtobuf

/// A wire to an agent, as far as it is the same for every operation. ``TransportService`` makes an ``A2AService`` of it.
package protocol OperationTransport: Sendable {
    /// Makes a call with one answer.
    func call<Request: RESTRequest, Answer: Message>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> Answer

    /// Makes a call whose answer is a stream.
    func stream<Request: RESTRequest>(
        _ operation: A2AOperation, _ request: Request, _ context: CallContext
    ) async throws -> EventStream

    /// The public card of the agent at the other end.
    func card(_ context: CallContext) async throws -> A2AAgentCard
}

/// An agent at the other end of a wire.
package struct TransportService<Transport: OperationTransport>: A2AService {
    package let transport: Transport

    package init(_ transport: Transport) { self.transport = transport }

    package func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        try await self.transport.call(.sendMessage, request, context)
    }

    package func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.transport.stream(.sendStreamingMessage, request, context)
    }

    package func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.transport.call(.getTask, request, context)
    }

    package func listTasks(
        _ request: A2AListTasksRequest, context: CallContext
    ) async throws -> A2AListTasksResponse {
        try await self.transport.call(.listTasks, request, context)
    }

    package func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.transport.call(.cancelTask, request, context)
    }

    package func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.transport.stream(.subscribeToTask, request, context)
    }

    package func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.transport.call(.createTaskPushNotificationConfig, request, context)
    }

    package func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.transport.call(.getTaskPushNotificationConfig, request, context)
    }

    package func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        try await self.transport.call(.listTaskPushNotificationConfigs, request, context)
    }

    package func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        let _: Google_Protobuf_Empty = try await self.transport.call(
            .deleteTaskPushNotificationConfig, request, context)
    }

    package func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        try await self.transport.call(.getExtendedAgentCard, request, context)
    }

    package func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.transport.card(context)
    }
}
