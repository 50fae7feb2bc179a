/// Something that sees every call of a service: authentication, limits, metrics, logging.
///
/// One method covers all operations. To treat one operation specially, look at `call.operation`.
public protocol ServiceMiddleware: Sendable {
    /// Handles a call, usually by passing it on to `next`.
    ///
    /// For a streaming operation the response is an ``EventStream``, and `next` returns before its first event.
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response

    /// Looks at a call whose request has not come yet, and refuses it by throwing.
    ///
    /// Bindings ask that know of a call before its request is there; a call that is admitted comes to
    /// ``intercept(_:next:)`` later. By default everything passes.
    ///
    /// - Returns: The context with which the call goes on.
    func admit(
        _ operation: A2AOperation,
        context: CallContext,
        next: @Sendable (CallContext) async throws -> CallContext
    ) async throws -> CallContext

    /// Whether callers must say who they are: bindings then give little to those who have not. By default false.
    var requiresAuthentication: Bool { get }
}

extension ServiceMiddleware {
    public func admit(
        _ operation: A2AOperation,
        context: CallContext,
        next: @Sendable (CallContext) async throws -> CallContext
    ) async throws -> CallContext {
        try await next(context)
    }

    public var requiresAuthentication: Bool { false }
}

/// A call on its way through middleware.
public struct ServiceCall<Request: Sendable>: Sendable {
    /// The operation, or `nil` for the public card.
    public let operation: A2AOperation?
    public var request: Request
    public var context: CallContext

    public init(operation: A2AOperation?, request: Request, context: CallContext) {
        self.operation = operation
        self.request = request
        self.context = context
    }
}

extension A2AService {
    /// This service behind middleware. The first in the list sees a call first.
    public func with(_ middleware: any ServiceMiddleware...) -> any A2AService {
        middleware.reversed().reduce(self as any A2AService) { InterceptedService(base: $0, middleware: $1) }
    }
}

/// A service that shows every call to one middleware first.
private struct InterceptedService: A2AService {
    let base: any A2AService
    let middleware: any ServiceMiddleware

    var requiresAuthentication: Bool { self.middleware.requiresAuthentication || self.base.requiresAuthentication }

    func admit(_ operation: A2AOperation, context: CallContext) async throws -> CallContext {
        try await self.middleware.admit(operation, context: context) {
            try await self.base.admit(operation, context: $0)
        }
    }

    private func pass<Request: Sendable, Response: Sendable>(
        _ operation: A2AOperation?,
        _ request: Request,
        _ context: CallContext,
        _ next: @Sendable (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        try await self.middleware.intercept(
            ServiceCall(operation: operation, request: request, context: context)
        ) { call in try await next(call.request, call.context) }
    }

    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        try await self.pass(.sendMessage, request, context) { try await self.base.sendMessage($0, context: $1) }
    }

    func sendStreamingMessage(_ request: A2ASendMessageRequest, context: CallContext) async throws -> EventStream {
        try await self.pass(.sendStreamingMessage, request, context) {
            try await self.base.sendStreamingMessage($0, context: $1)
        }
    }

    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.pass(.getTask, request, context) { try await self.base.getTask($0, context: $1) }
    }

    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        try await self.pass(.listTasks, request, context) { try await self.base.listTasks($0, context: $1) }
    }

    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.pass(.cancelTask, request, context) { try await self.base.cancelTask($0, context: $1) }
    }

    func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.pass(.subscribeToTask, request, context) {
            try await self.base.subscribeToTask($0, context: $1)
        }
    }

    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.pass(.createTaskPushNotificationConfig, request, context) {
            try await self.base.createTaskPushNotificationConfig($0, context: $1)
        }
    }

    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.pass(.getTaskPushNotificationConfig, request, context) {
            try await self.base.getTaskPushNotificationConfig($0, context: $1)
        }
    }

    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        try await self.pass(.listTaskPushNotificationConfigs, request, context) {
            try await self.base.listTaskPushNotificationConfigs($0, context: $1)
        }
    }

    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        try await self.pass(.deleteTaskPushNotificationConfig, request, context) {
            try await self.base.deleteTaskPushNotificationConfig($0, context: $1)
        }
    }

    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        try await self.pass(.getExtendedAgentCard, request, context) {
            try await self.base.getExtendedAgentCard($0, context: $1)
        }
    }

    func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.pass(nil, (), context) { _, context in try await self.base.getAgentCard(context: context) }
    }
}
