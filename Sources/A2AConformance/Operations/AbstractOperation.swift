import A2A

/// The operations that tests name (ACTS §4.1).
package enum AbstractOperation: String, Sendable, Hashable, CaseIterable {
    case sendMessage = "send_message"
    case sendStreamingMessage = "send_streaming_message"
    case getTask = "get_task"
    case listTasks = "list_tasks"
    case cancelTask = "cancel_task"
    case subscribeToTask = "subscribe_to_task"
    case getAgentCard = "get_agent_card"
    case getExtendedAgentCard = "get_extended_agent_card"
    case createPushConfig = "create_push_config"
    case getPushConfig = "get_push_config"
    case listPushConfigs = "list_push_configs"
    case deletePushConfig = "delete_push_config"

    /// Whether the answer is a stream of events.
    package var isStreaming: Bool { self == .sendStreamingMessage || self == .subscribeToTask }

    /// The operation of the protocol, with the names of A2A 1.0; `nil` for the public card, which is a document.
    var operation: A2AOperation? {
        switch self {
        case .sendMessage: .sendMessage
        case .sendStreamingMessage: .sendStreamingMessage
        case .getTask: .getTask
        case .listTasks: .listTasks
        case .cancelTask: .cancelTask
        case .subscribeToTask: .subscribeToTask
        case .getAgentCard: nil
        case .getExtendedAgentCard: .getExtendedAgentCard
        case .createPushConfig: .createTaskPushNotificationConfig
        case .getPushConfig: .getTaskPushNotificationConfig
        case .listPushConfigs: .listTaskPushNotificationConfigs
        case .deletePushConfig: .deleteTaskPushNotificationConfig
        }
    }
}
