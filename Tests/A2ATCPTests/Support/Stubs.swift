import A2A
import A2AServer
import Synchronization

/// An agent made of a closure.
struct ClosureAgent: Agent {
    let body: @Sendable (Turn) async throws -> Void

    init(_ body: @escaping @Sendable (Turn) async throws -> Void) { self.body = body }

    func run(_ turn: Turn) async throws { try await self.body(turn) }
}

/// A service made of closures; what is not given is refused.
struct StubService: A2AService {
    var onSend: @Sendable (A2ASendMessageRequest, CallContext) async throws -> A2ASendMessageResponse = { _, _ in
        throw StubService.refusal
    }
    var onStream: @Sendable (A2ASendMessageRequest, CallContext) async throws -> EventStream = { _, _ in
        throw StubService.refusal
    }
    var onSubscribe: @Sendable (A2ASubscribeToTaskRequest, CallContext) async throws -> EventStream = { _, _ in
        throw StubService.refusal
    }

    private static var refusal: A2AError { A2AError(.unsupportedOperation, "The test does not use this.") }

    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse { try await self.onSend(request, context) }

    func sendStreamingMessage(_ request: A2ASendMessageRequest, context: CallContext) async throws -> EventStream {
        try await self.onStream(request, context)
    }

    func subscribeToTask(_ request: A2ASubscribeToTaskRequest, context: CallContext) async throws -> EventStream {
        try await self.onSubscribe(request, context)
    }

    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask { throw Self.refusal }
    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        throw Self.refusal
    }
    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        throw Self.refusal
    }
    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { throw Self.refusal }
    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { throw Self.refusal }
    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse { throw Self.refusal }
    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws { throw Self.refusal }
    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard { throw Self.refusal }
    func getAgentCard(context: CallContext) async throws -> A2AAgentCard { throw Self.refusal }
}

/// Something that happens once, to be waited for.
final class Signal: Sendable {
    private let (events, input) = AsyncStream<Void>.makeStream()

    func raise() { self.input.finish() }

    func wait() async { for await _ in self.events {} }
}

/// An event source made of a closure, which says when it is let go.
final class ClosureSource: EventSource {
    private let onNext: () async throws -> StreamEvent?
    private let onRelease: @Sendable () -> Void

    init(_ onNext: @escaping () async throws -> StreamEvent?, onRelease: @escaping @Sendable () -> Void = {}) {
        self.onNext = onNext
        self.onRelease = onRelease
    }

    deinit { self.onRelease() }

    func next() async throws -> StreamEvent? { try await self.onNext() }
}

/// Events that are handed out one by one.
final class Rest: Sendable {
    private let events: Mutex<ArraySlice<StreamEvent>>

    init(_ events: [StreamEvent]) { self.events = Mutex(events[...]) }

    func next() -> StreamEvent? { self.events.withLock { $0.popFirst() } }
}
