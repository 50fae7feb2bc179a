/// The operations of the protocol (§3.1, §5.3). The raw value is the JSON-RPC method and gRPC method name.
public enum A2AOperation: String, Sendable, Hashable, CaseIterable {
    case sendMessage = "SendMessage"
    case sendStreamingMessage = "SendStreamingMessage"
    case getTask = "GetTask"
    case listTasks = "ListTasks"
    case cancelTask = "CancelTask"
    case subscribeToTask = "SubscribeToTask"
    case createTaskPushNotificationConfig = "CreateTaskPushNotificationConfig"
    case getTaskPushNotificationConfig = "GetTaskPushNotificationConfig"
    case listTaskPushNotificationConfigs = "ListTaskPushNotificationConfigs"
    case deleteTaskPushNotificationConfig = "DeleteTaskPushNotificationConfig"
    case getExtendedAgentCard = "GetExtendedAgentCard"

    /// Whether the answer is a stream of events.
    public var isStreaming: Bool {
        self == .sendStreamingMessage || self == .subscribeToTask
    }

    /// Whether a call that got no answer may simply be made again (§3.3.1).
    ///
    /// Sending is not among them: only an agent that recognises repeated message ids makes it safe.
    public var isIdempotent: Bool {
        switch self {
        case .sendMessage, .sendStreamingMessage, .createTaskPushNotificationConfig: false
        default: true
        }
    }
}
