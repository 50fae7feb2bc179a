import A2A
import SwiftProtobuf

/// How the requests and answers of an operation are written in Protocol Buffers.
struct GRPCMethod: Sendable {
    /// From JSON; throws for what the messages have no place for.
    let encode: @Sendable (JSONValue) throws -> [UInt8]
    /// To JSON.
    let decode: @Sendable ([UInt8]) throws -> JSONValue

    private init<Request: Message, Answer: Message>(_ request: Request.Type, _ answer: Answer.Type) {
        self.encode = { value in
            try ModelJSON.decode(request, from: value.bytes[...]).serializedBytes()
        }
        self.decode = { bytes in
            try JSONValue(parsing: try ModelJSON.encode(try answer.init(serializedBytes: bytes)))
        }
    }

    static func of(_ operation: A2AOperation) -> GRPCMethod {
        switch operation {
        case .sendMessage: GRPCMethod(A2ASendMessageRequest.self, A2ASendMessageResponse.self)
        case .sendStreamingMessage: GRPCMethod(A2ASendMessageRequest.self, A2AStreamResponse.self)
        case .getTask: GRPCMethod(A2AGetTaskRequest.self, A2ATask.self)
        case .listTasks: GRPCMethod(A2AListTasksRequest.self, A2AListTasksResponse.self)
        case .cancelTask: GRPCMethod(A2ACancelTaskRequest.self, A2ATask.self)
        case .subscribeToTask: GRPCMethod(A2ASubscribeToTaskRequest.self, A2AStreamResponse.self)
        case .createTaskPushNotificationConfig:
            GRPCMethod(A2ATaskPushNotificationConfig.self, A2ATaskPushNotificationConfig.self)
        case .getTaskPushNotificationConfig:
            GRPCMethod(A2AGetTaskPushNotificationConfigRequest.self, A2ATaskPushNotificationConfig.self)
        case .listTaskPushNotificationConfigs:
            GRPCMethod(A2AListTaskPushNotificationConfigsRequest.self, A2AListTaskPushNotificationConfigsResponse.self)
        case .deleteTaskPushNotificationConfig:
            GRPCMethod(A2ADeleteTaskPushNotificationConfigRequest.self, Google_Protobuf_Empty.self)
        case .getExtendedAgentCard: GRPCMethod(A2AGetExtendedAgentCardRequest.self, A2AAgentCard.self)
        }
    }
}
