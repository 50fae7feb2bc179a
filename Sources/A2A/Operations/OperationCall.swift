package import SwiftProtobuf

/// One call of a binding, as far as it is the same for every operation: decode the request, perform, encode the answer.
///
/// A server binding writes this once; ``A2AService/perform(_:of:)`` knows which operation takes what.
package protocol OperationCall {
    associatedtype Answer

    func unary<Request: RESTRequest, Output: Message>(
        _ perform: (Request, CallContext) async throws -> Output
    ) async throws -> Answer

    func stream<Request: RESTRequest>(
        _ perform: (Request, CallContext) async throws -> EventStream
    ) async throws -> Answer
}

extension A2AService {
    /// Performs an operation for a call that came over a wire.
    package func perform<Call: OperationCall>(
        _ operation: A2AOperation, of call: Call
    ) async throws -> Call.Answer {
        switch operation {
        case .sendMessage: try await call.unary(self.sendMessage)
        case .sendStreamingMessage: try await call.stream(self.sendStreamingMessage)
        case .getTask: try await call.unary(self.getTask)
        case .listTasks: try await call.unary(self.listTasks)
        case .cancelTask: try await call.unary(self.cancelTask)
        case .subscribeToTask: try await call.stream(self.subscribeToTask)
        case .createTaskPushNotificationConfig: try await call.unary(self.createTaskPushNotificationConfig)
        case .getTaskPushNotificationConfig: try await call.unary(self.getTaskPushNotificationConfig)
        case .listTaskPushNotificationConfigs: try await call.unary(self.listTaskPushNotificationConfigs)
        case .deleteTaskPushNotificationConfig:
            try await call.unary { request, context in
                try await self.deleteTaskPushNotificationConfig(request, context: context)
                return Google_Protobuf_Empty()
            }
        case .getExtendedAgentCard: try await call.unary(self.getExtendedAgentCard)
        }
    }
}
