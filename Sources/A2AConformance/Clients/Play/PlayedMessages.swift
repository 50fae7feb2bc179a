import A2A
import SwiftProtobuf

/// Requests as an agent reads them from Protocol Buffers, and answers as it writes them.
struct PlayedMessages: Sendable {
    let decode: @Sendable ([UInt8]) throws -> JSONValue
    /// Members that the messages have no place for are left out.
    let encode: @Sendable (JSONValue) throws -> [UInt8]

    private init<Request: Message, Answer: Message>(_ request: Request.Type, _ answer: Answer.Type) {
        self.decode = { bytes in
            try JSONValue(parsing: try ModelJSON.encode(try request.init(serializedBytes: bytes)))
        }
        self.encode = { value in
            try ModelJSON.decodeAnswer(answer, from: value.bytes[...]).serializedBytes()
        }
    }

    static func of(_ operation: A2AOperation) -> PlayedMessages {
        switch operation {
        case .sendMessage: PlayedMessages(A2ASendMessageRequest.self, A2ASendMessageResponse.self)
        case .sendStreamingMessage: PlayedMessages(A2ASendMessageRequest.self, A2AStreamResponse.self)
        case .getTask: PlayedMessages(A2AGetTaskRequest.self, A2ATask.self)
        case .listTasks: PlayedMessages(A2AListTasksRequest.self, A2AListTasksResponse.self)
        case .cancelTask: PlayedMessages(A2ACancelTaskRequest.self, A2ATask.self)
        case .subscribeToTask: PlayedMessages(A2ASubscribeToTaskRequest.self, A2AStreamResponse.self)
        case .createTaskPushNotificationConfig:
            PlayedMessages(A2ATaskPushNotificationConfig.self, A2ATaskPushNotificationConfig.self)
        case .getTaskPushNotificationConfig:
            PlayedMessages(A2AGetTaskPushNotificationConfigRequest.self, A2ATaskPushNotificationConfig.self)
        case .listTaskPushNotificationConfigs:
            PlayedMessages(
                A2AListTaskPushNotificationConfigsRequest.self, A2AListTaskPushNotificationConfigsResponse.self)
        case .deleteTaskPushNotificationConfig:
            PlayedMessages(A2ADeleteTaskPushNotificationConfigRequest.self, Google_Protobuf_Empty.self)
        case .getExtendedAgentCard: PlayedMessages(A2AGetExtendedAgentCardRequest.self, A2AAgentCard.self)
        }
    }
}
