import A2A

extension Fault {
    /// Faults of sending.
    static let sending: [Fault] = [
        Fault("empty-answer", "CORE-SEND-001", "SendMessage answers with neither a task nor a message.")
            .answer { (answer: inout A2ASendMessageResponse) in answer = A2ASendMessageResponse() },
        Fault("ended-task-takes-messages", "CORE-SEND-002", "A task that has ended takes messages.")
            .calls { agent in
                Recovery(code: .unsupportedOperation) { (request: A2ASendMessageRequest, context) in
                    A2ASendMessageResponse.task(try await agent.task(request.message.taskID, context))
                }
            },
        Fault("ended-task-streams", "STREAM-SEND-010", "A task that has ended takes messages of a stream.")
            .calls { agent in
                Recovery(code: .unsupportedOperation) { (request: A2ASendMessageRequest, context) in
                    EventStream([StreamEvent(.task(try await agent.task(request.message.taskID, context)))])
                }
            },
        Fault("any-media-type", "CORE-SEND-003", "Parts of any media type are taken.")
            .request { (request: inout A2ASendMessageRequest) in request.dropMediaTypes() },
        Fault("task-under-id-of-client", "CORE-TASK-005", "A message to an unknown task makes it, under that id.")
            .calls { agent in
                Recovery(code: .taskNotFound) { (request: A2ASendMessageRequest, context) in
                    var request = request
                    let id = request.message.taskID
                    request.message.taskID = ""
                    let answer = try await agent.sendMessage(request, context: context)
                    guard case .task(var task) = answer.payload else {
                        return A2ASendMessageResponse.task(A2ATask(id: id, status: A2ATaskStatus(.completed)))
                    }
                    task.id = id
                    return A2ASendMessageResponse.task(task)
                }
            },
        Fault("same-task-id", "CORE-TASK-001", "All new tasks have one id.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { $0.id = "00000000-0000-4000-8000-00000000feed" }
            },
        Fault("another-context", "CORE-CTX-005", "A message gets another context than the one that it names.")
            .request { (request: inout A2ASendMessageRequest) in
                if request.message.taskID.isEmpty { request.message.contextID = "" }
            },
        Fault("context-mismatch", "CORE-MULTI-006", "A message may name another context than that of its task.")
            .request { (request: inout A2ASendMessageRequest) in
                if !request.message.taskID.isEmpty { request.message.contextID = "" }
            },
        Fault("context-not-of-task", "CORE-MULTI-005", "The answer to a message that names a task has a new context.")
            .answer { (answer: inout A2ASendMessageResponse) in
                answer.changeTask { task in
                    if task.history.count(where: { $0.role == .user }) > 1 { task.contextID = "another" }
                }
            },
        Fault("task-begun-anew", "CORE-MULTI-001", "A message to a task that waits for input begins another task.")
            .request { (request: inout A2ASendMessageRequest) in request.message.taskID = "" },
        Fault("always-waits", "CORE-EXEC-001", "returnImmediately is ignored: the call waits for the end.")
            .request { (request: inout A2ASendMessageRequest) in request.configuration.returnImmediately = false },
        Fault("never-waits", "CORE-EXEC-002", "The call never waits for the end.")
            .request { (request: inout A2ASendMessageRequest) in request.configuration.returnImmediately = true },
        Fault("answer-without-artifacts", "CORE-EXEC-003", "The answer to a waiting call has no artifacts.")
            .answer { (answer: inout A2ASendMessageResponse) in answer.changeTask { $0.artifacts = [] } },
        Fault("history-unbounded", "CORE-HIST-005", "historyLength is ignored.")
            .calls { _ in HistoryIgnored() },
        Fault("history-oldest-first", "CORE-HIST-002", "historyLength gives the oldest messages.")
            .calls { agent in
                Replacement { (request: A2AGetTaskRequest, context) in
                    var task = try await agent.task(request.id, context)
                    if request.hasHistoryLength {
                        task.history = Array(task.history.prefix(Int(request.historyLength)))
                    }
                    return task
                }
            },
        Fault("answers-as-user", "DM-ROLE-001", "Messages of the agent have the role of the user.")
            .answer { (answer: inout A2ASendMessageResponse) in answer.changeMessage { $0.role = .user } },
        Fault("message-without-context", "DM-MSG-002", "A direct answer has no context.")
            .answer { (answer: inout A2ASendMessageResponse) in answer.changeMessage { $0.contextID = "" } },
        Fault("message-without-id", "DM-MSG-001", "A direct answer has no id.")
            .answer { (answer: inout A2ASendMessageResponse) in answer.changeMessage { $0.clearMessageID() } },
        Fault("message-without-parts-taken", "CORE-ERR-002", "A message without parts is taken.")
            .request { (request: inout A2ASendMessageRequest) in
                if request.message.parts.isEmpty { request.message.parts = [.text("nothing")] }
            },
    ]
}

/// No request says how long a history may be.
private struct HistoryIgnored: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var call = call
        if var request = call.request as? A2ASendMessageRequest {
            request.configuration.clearHistoryLength()
            if let request = request as? Request { call.request = request }
        } else if var request = call.request as? A2AGetTaskRequest {
            request.clearHistoryLength()
            if let request = request as? Request { call.request = request }
        } else if var request = call.request as? A2AListTasksRequest {
            request.clearHistoryLength()
            if let request = request as? Request { call.request = request }
        }
        return try await next(call)
    }
}

extension A2AService {
    /// A task as it is.
    func task(_ id: String, _ context: CallContext) async throws -> A2ATask {
        var request = A2AGetTaskRequest()
        request.id = id
        return try await self.getTask(request, context: context)
    }
}

extension A2ASendMessageResponse {
    mutating func changeTask(_ change: (inout A2ATask) -> Void) {
        guard case .task(var task) = self.payload else { return }
        change(&task)
        self = .task(task)
    }

    mutating func changeMessage(_ change: (inout A2AMessage) -> Void) {
        guard case .message(var message) = self.payload else { return }
        change(&message)
        self = .message(message)
    }
}

extension A2ASendMessageRequest {
    /// Every part is plain, but those that tell the agent what to do.
    mutating func dropMediaTypes() {
        let script = "application/vnd.a2a-conformance+json"
        for index in self.message.parts.indices where self.message.parts[index].mediaType != script {
            self.message.parts[index].mediaType = "text/plain"
        }
    }
}
