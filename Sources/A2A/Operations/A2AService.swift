/// The A2A protocol as a Swift protocol: the 11 operations and the card (§3.1).
///
/// Both sides conform. On the server it is the task runtime, possibly wrapped in middleware; on the
/// client it is a transport that reaches a service over a wire. So a binding serves any `A2AService`, a
/// gateway is a binding that serves a client transport, and an in-process client is the runtime itself.
///
/// Every operation throws ``A2AError`` and nothing else that a caller need tell apart.
public protocol A2AService: Sendable {
    /// Sends a message; answers with a direct message or with the task that handles it (§3.1.1).
    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse

    /// Sends a message and follows what comes of it (§3.1.2).
    ///
    /// The stream is one message, or a task and then its updates. Errors that are known before the
    /// first event are thrown here; later ones are thrown by the stream.
    func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream

    /// The current state of a task (§3.1.3).
    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask

    /// A page of the caller's tasks, newest status first (§3.1.4).
    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse

    /// Cancels a task (§3.1.5).
    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask

    /// Follows an existing task: its current state, then its updates (§3.1.6).
    ///
    /// With ``CallContext/resumeAfter`` set, the stream begins with what came after that generation.
    func subscribeToTask(_ request: A2ASubscribeToTaskRequest, context: CallContext) async throws -> EventStream

    /// Sets up a webhook for a task's updates (§3.1.7).
    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig

    /// One webhook configuration of a task (§3.1.8).
    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig

    /// The webhook configurations of a task (§3.1.9).
    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse

    /// Removes a webhook configuration; removing it twice is no error (§3.1.10).
    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws

    /// The card for callers who have authenticated (§3.1.11).
    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard

    /// The public card (§8).
    func getAgentCard(context: CallContext) async throws -> A2AAgentCard

    /// Looks at a call whose request has not come yet, and refuses it by throwing.
    ///
    /// For bindings that know of a call before its request is there. By default everything passes.
    ///
    /// - Returns: The context with which the operation is to be called.
    func admit(_ operation: A2AOperation, context: CallContext) async throws -> CallContext

    /// Whether callers must say who they are for anything but the public card. By default false.
    var requiresAuthentication: Bool { get }
}

extension A2AService {
    public func admit(_ operation: A2AOperation, context: CallContext) async throws -> CallContext { context }

    public var requiresAuthentication: Bool { false }
}
