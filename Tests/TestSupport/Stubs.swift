package import A2A
import Synchronization

/// A service made of closures; what is not given is refused.
package struct StubService: A2AService {
    package var onSend: @Sendable (A2ASendMessageRequest, CallContext) async throws -> A2ASendMessageResponse = {
        _, _ in
        throw StubService.refusal
    }
    package var onStream: @Sendable (A2ASendMessageRequest, CallContext) async throws -> EventStream = { _, _ in
        throw StubService.refusal
    }
    package var onSubscribe: @Sendable (A2ASubscribeToTaskRequest, CallContext) async throws -> EventStream = { _, _ in
        throw StubService.refusal
    }

    package var onGet: @Sendable (A2AGetTaskRequest, CallContext) async throws -> A2ATask = { _, _ in
        throw StubService.refusal
    }

    package init(
        onSend: (@Sendable (A2ASendMessageRequest, CallContext) async throws -> A2ASendMessageResponse)? = nil,
        onStream: (@Sendable (A2ASendMessageRequest, CallContext) async throws -> EventStream)? = nil,
        onSubscribe: (@Sendable (A2ASubscribeToTaskRequest, CallContext) async throws -> EventStream)? = nil,
        onGet: (@Sendable (A2AGetTaskRequest, CallContext) async throws -> A2ATask)? = nil
    ) {
        if let onSend { self.onSend = onSend }
        if let onStream { self.onStream = onStream }
        if let onSubscribe { self.onSubscribe = onSubscribe }
        if let onGet { self.onGet = onGet }
    }

    private static var refusal: A2AError { A2AError(.unsupportedOperation, "The test does not use this.") }

    package func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse { try await self.onSend(request, context) }

    package func sendStreamingMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.onStream(request, context)
    }

    package func subscribeToTask(_ request: A2ASubscribeToTaskRequest, context: CallContext) async throws -> EventStream
    {
        try await self.onSubscribe(request, context)
    }

    package func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.onGet(request, context)
    }
    package func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        throw Self.refusal
    }
    package func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        throw Self.refusal
    }
    package func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { throw Self.refusal }
    package func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig { throw Self.refusal }
    package func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse { throw Self.refusal }
    package func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws { throw Self.refusal }
    package func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard { throw Self.refusal }
    package func getAgentCard(context: CallContext) async throws -> A2AAgentCard { throw Self.refusal }
}

/// Something that happens once, to be waited for.
package final class Signal: Sendable {
    private let (events, input) = AsyncStream<Void>.makeStream()

    package init() {}

    package func raise() { self.input.finish() }

    package func wait() async { for await _ in self.events {} }
}

/// An event source made of a closure, which says when it is let go.
package final class ClosureSource: EventSource {
    private let onNext: () async throws -> StreamEvent?
    private let onRelease: @Sendable () -> Void

    package init(_ onNext: @escaping () async throws -> StreamEvent?, onRelease: @escaping @Sendable () -> Void = {}) {
        self.onNext = onNext
        self.onRelease = onRelease
    }

    deinit { self.onRelease() }

    package func next() async throws -> StreamEvent? { try await self.onNext() }
}

/// Events that are handed out one by one.
package final class Rest: Sendable {
    private let events: Mutex<ArraySlice<StreamEvent>>

    package init(_ events: [StreamEvent]) { self.events = Mutex(events[...]) }

    package func next() -> StreamEvent? { self.events.withLock { $0.popFirst() } }
}
