import A2A
import A2AClient
import A2ATesting
import HTTPTypes
import Synchronization

/// An agent that a test scripts, and that notes what it was asked.
final class ScriptedUpstream: A2AService {
    struct Seen: Sendable {
        var operation: A2AOperation
        var tenant: String
        var context: CallContext
        var request: any Sendable

        func field(_ name: String) -> String? { self.context.parameters[name] }
    }

    /// What it does; by default it echoes.
    struct Script: Sendable {
        var card = A2AAgentCard.testCard(
            capabilities: A2AAgentCapabilities(streaming: true, pushNotifications: true, extendedAgentCard: true))
        var send: @Sendable (A2ASendMessageRequest, CallContext) async throws -> A2ASendMessageResponse = {
            request, _ in
            .message(A2AMessage(role: .agent, parts: request.message.parts, messageID: "reply"))
        }
        var stream: @Sendable (A2ASendMessageRequest, CallContext) async throws -> EventStream = { request, _ in
            EventStream([StreamEvent(.message(A2AMessage(role: .agent, parts: request.message.parts)))])
        }
        var getTask: @Sendable (A2AGetTaskRequest, CallContext) async throws -> A2ATask = { request, _ in
            A2ATask(id: request.id, contextID: "c", status: A2ATaskStatus(.working))
        }
    }

    private let script: Script
    private let state = Mutex<[Seen]>([])

    init(_ script: Script = Script()) { self.script = script }

    var seen: [Seen] { self.state.withLock { $0 } }
    var last: Seen? { self.seen.last }

    private func note<Request: Sendable>(
        _ operation: A2AOperation, _ tenant: String, _ request: Request, _ context: CallContext
    ) {
        context.response.activatedExtensions = context.requestedExtensions.filter { $0 != "urn:unknown" }
        self.state.withLock {
            $0.append(Seen(operation: operation, tenant: tenant, context: context, request: request))
        }
    }

    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        self.note(.sendMessage, request.tenant, request, context)
        return try await self.script.send(request, context)
    }

    func sendStreamingMessage(_ request: A2ASendMessageRequest, context: CallContext) async throws -> EventStream {
        self.note(.sendStreamingMessage, request.tenant, request, context)
        return try await self.script.stream(request, context)
    }

    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        self.note(.getTask, request.tenant, request, context)
        return try await self.script.getTask(request, context)
    }

    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        self.note(.listTasks, request.tenant, request, context)
        return A2AListTasksResponse()
    }

    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        self.note(.cancelTask, request.tenant, request, context)
        return A2ATask(id: request.id, contextID: "c", status: A2ATaskStatus(.canceled))
    }

    func subscribeToTask(_ request: A2ASubscribeToTaskRequest, context: CallContext) async throws -> EventStream {
        self.note(.subscribeToTask, request.tenant, request, context)
        return EventStream([
            StreamEvent(
                .task(A2ATask(id: request.id, contextID: "c", status: A2ATaskStatus(.completed))), generation: 7)
        ])
    }

    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        self.note(.createTaskPushNotificationConfig, request.tenant, request, context)
        return request
    }

    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        self.note(.getTaskPushNotificationConfig, request.tenant, request, context)
        return Self.config(request.taskID, request.id, request.tenant)
    }

    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        self.note(.listTaskPushNotificationConfigs, request.tenant, request, context)
        var response = A2AListTaskPushNotificationConfigsResponse()
        response.configs = [Self.config(request.taskID, "one", request.tenant)]
        return response
    }

    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        self.note(.deleteTaskPushNotificationConfig, request.tenant, request, context)
    }

    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        self.note(.getExtendedAgentCard, request.tenant, request, context)
        var card = self.script.card
        card.name = "extended"
        card.signatures = [A2AAgentCardSignature()]
        return card
    }

    func getAgentCard(context: CallContext) async throws -> A2AAgentCard { self.script.card }

    private static func config(_ task: String, _ id: String, _ tenant: String) -> A2ATaskPushNotificationConfig {
        var config = A2ATaskPushNotificationConfig()
        config.taskID = task
        config.id = id
        config.tenant = tenant
        config.url = "https://example.com/hook"
        return config
    }
}

/// Reaches a service in this process, whatever an interface says.
struct DirectTransports: TransportFactory {
    var service: any A2AService

    func supports(_ interface: A2AAgentInterface) -> Bool { true }
    func makeTransport(for interface: A2AAgentInterface, card: A2AAgentCard) throws -> any A2AService { self.service }
}

/// A stream of the events that a closure makes, counted while somebody holds it.
final class CountedEvents: EventSource {
    private let live: Count
    private let make: @Sendable (Int) async throws -> StreamEvent?
    private var position = 0

    private init(_ live: Count, _ make: @escaping @Sendable (Int) async throws -> StreamEvent?) {
        self.live = live
        self.make = make
        live.add(1)
    }

    deinit { self.live.add(-1) }

    func next() async throws -> StreamEvent? {
        defer { self.position += 1 }
        return try await self.make(self.position)
    }

    static func stream(
        _ live: Count = Count(), _ make: @escaping @Sendable (Int) async throws -> StreamEvent?
    ) -> EventStream { EventStream { CountedEvents(live, make) } }
}

extension StreamEvent {
    static func working(_ text: String, generation: Int64? = nil) -> StreamEvent {
        StreamEvent(
            .statusUpdate(
                A2ATaskStatusUpdateEvent(
                    taskID: "t", contextID: "c", status: A2ATaskStatus(.working, message: .agent(text)))),
            generation: generation)
    }

    static func completed(generation: Int64? = nil) -> StreamEvent {
        StreamEvent(
            .statusUpdate(
                A2ATaskStatusUpdateEvent(taskID: "t", contextID: "c", status: A2ATaskStatus(.completed))),
            generation: generation)
    }
}
