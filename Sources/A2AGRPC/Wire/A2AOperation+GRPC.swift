import A2A
import GRPCCore

extension A2AOperation {
    /// The method of an operation; they have the same name.
    var descriptor: MethodDescriptor {
        switch self {
        case .sendMessage: A2AA2AService.Method.SendMessage.descriptor
        case .sendStreamingMessage: A2AA2AService.Method.SendStreamingMessage.descriptor
        case .getTask: A2AA2AService.Method.GetTask.descriptor
        case .listTasks: A2AA2AService.Method.ListTasks.descriptor
        case .cancelTask: A2AA2AService.Method.CancelTask.descriptor
        case .subscribeToTask: A2AA2AService.Method.SubscribeToTask.descriptor
        case .createTaskPushNotificationConfig: A2AA2AService.Method.CreateTaskPushNotificationConfig.descriptor
        case .getTaskPushNotificationConfig: A2AA2AService.Method.GetTaskPushNotificationConfig.descriptor
        case .listTaskPushNotificationConfigs: A2AA2AService.Method.ListTaskPushNotificationConfigs.descriptor
        case .deleteTaskPushNotificationConfig: A2AA2AService.Method.DeleteTaskPushNotificationConfig.descriptor
        case .getExtendedAgentCard: A2AA2AService.Method.GetExtendedAgentCard.descriptor
        }
    }
}
