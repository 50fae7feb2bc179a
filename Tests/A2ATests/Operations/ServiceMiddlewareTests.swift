import A2A
import Synchronization
import Testing

@Suite("Middleware")
struct ServiceMiddlewareTests {
    @Test("the first of the list sees a call first and its answer last", arguments: Operation.all)
    private func order(_ operation: Operation) async throws {
        let log = Log()
        let service = RecordingService(log: log).with(Recorder("a", log), Recorder("b", log))
        try await operation.call(service, CallContext())
        #expect(log.entries == ["a> \(operation)", "b> \(operation)", "\(operation)", "b<", "a<"])
    }

    @Test("all operations of the protocol are there")
    func complete() {
        #expect(Set(Operation.all.compactMap(\.operation)) == Set(A2AOperation.allCases))
        #expect(Operation.all.count == A2AOperation.allCases.count + 1)
    }

    @Test("without middleware the service is as it was")
    func none() async throws {
        let log = Log()
        let service = RecordingService(log: log).with()
        #expect(service is RecordingService)
    }

    @Test("middleware may refuse a call, which then goes no further")
    func refusal() async throws {
        let log = Log()
        let service = RecordingService(log: log).with(Recorder("a", log), Refusal(), Recorder("b", log))
        let error = await #expect(throws: A2AError.self) {
            try await service.getTask(A2AGetTaskRequest(), context: CallContext())
        }
        #expect(error?.code == .permissionDenied)
        #expect(log.entries == ["a> GetTask"])
    }

    @Test("middleware may change the request and the context")
    func change() async throws {
        let log = Log()
        let service = RecordingService(log: log).with(Authentication())
        var request = A2AGetTaskRequest()
        request.id = "t"
        let task = try await service.getTask(request, context: CallContext())
        #expect(task.id == "t")
        #expect(task.contextID == "alice")
    }
}

private final class Log: Sendable {
    private let state = Mutex<[String]>([])
    var entries: [String] { self.state.withLock { $0 } }
    func append(_ entry: String) { self.state.withLock { $0.append(entry) } }
}

private struct Recorder: ServiceMiddleware {
    let name: String
    let log: Log

    init(_ name: String, _ log: Log) {
        self.name = name
        self.log = log
    }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        self.log.append("\(self.name)> \(call.operation?.rawValue ?? "card")")
        let response = try await next(call)
        self.log.append("\(self.name)<")
        return response
    }
}

private struct Refusal: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        throw A2AError(.permissionDenied, "Not you.")
    }
}

private struct Authentication: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>,
        next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        var call = call
        call.context.principal = Principal(id: "alice")
        return try await next(call)
    }
}

/// One way to call a service.
private struct Operation: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    let operation: A2AOperation?
    let call: @Sendable (any A2AService, CallContext) async throws -> Void

    var description: String { self.operation?.rawValue ?? "card" }
    var testDescription: String { self.description }

    static let all: [Operation] = [
        Self(operation: .sendMessage) { _ = try await $0.sendMessage(.init(), context: $1) },
        Self(operation: .sendStreamingMessage) { _ = try await $0.sendStreamingMessage(.init(), context: $1) },
        Self(operation: .getTask) { _ = try await $0.getTask(.init(), context: $1) },
        Self(operation: .listTasks) { _ = try await $0.listTasks(.init(), context: $1) },
        Self(operation: .cancelTask) { _ = try await $0.cancelTask(.init(), context: $1) },
        Self(operation: .subscribeToTask) { _ = try await $0.subscribeToTask(.init(), context: $1) },
        Self(operation: .createTaskPushNotificationConfig) {
            _ = try await $0.createTaskPushNotificationConfig(.init(), context: $1)
        },
        Self(operation: .getTaskPushNotificationConfig) {
            _ = try await $0.getTaskPushNotificationConfig(.init(), context: $1)
        },
        Self(operation: .listTaskPushNotificationConfigs) {
            _ = try await $0.listTaskPushNotificationConfigs(.init(), context: $1)
        },
        Self(operation: .deleteTaskPushNotificationConfig) {
            try await $0.deleteTaskPushNotificationConfig(.init(), context: $1)
        },
        Self(operation: .getExtendedAgentCard) { _ = try await $0.getExtendedAgentCard(.init(), context: $1) },
        Self(operation: nil) { _ = try await $0.getAgentCard(context: $1) },
    ]
}

/// Answers every call with nothing, and writes down which it was.
private struct RecordingService: A2AService {
    let log: Log

    private func record<Response>(_ operation: A2AOperation?, _ response: Response) -> Response {
        self.log.append(operation?.rawValue ?? "card")
        return response
    }

    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse { self.record(.sendMessage, .init()) }

    func sendStreamingMessage(_ request: A2ASendMessageRequest, context: CallContext) async throws -> EventStream {
        self.record(.sendStreamingMessage, EventStream([]))
    }

    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        var task = A2ATask()
        task.id = request.id
        task.contextID = context.principal.id
        return self.record(.getTask, task)
    }

    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        self.record(.listTasks, .init())
    }

    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        self.record(.cancelTask, .init())
    }

    func subscribeToTask(_ request: A2ASubscribeToTaskRequest, context: CallContext) async throws -> EventStream {
        self.record(.subscribeToTask, EventStream([]))
    }

    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { self.record(.createTaskPushNotificationConfig, .init()) }

    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { self.record(.getTaskPushNotificationConfig, .init()) }

    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        self.record(.listTaskPushNotificationConfigs, .init())
    }

    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws { self.record(.deleteTaskPushNotificationConfig, ()) }

    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard { self.record(.getExtendedAgentCard, .init()) }

    func getAgentCard(context: CallContext) async throws -> A2AAgentCard { self.record(nil, .init()) }
}
