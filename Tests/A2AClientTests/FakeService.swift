import A2A
import A2AClient
import Synchronization

/// A service that a test scripts: every call takes the next answer of its operation.
final class FakeService: A2AService {
    struct Call: Sendable {
        var operation: A2AOperation?
        var tenant: String
        var context: CallContext
        var request: any Sendable
    }

    enum Answer: Sendable {
        case response(any Sendable)
        case error(A2AError)
        /// Never answers; ends when it is cancelled.
        case silence
    }

    private struct State {
        var calls: [Call] = []
        var answers: [A2AOperation?: [Answer]] = [:]
    }

    private let state = Mutex(State())

    var calls: [Call] { self.state.withLock { $0.calls } }

    func calls(of operation: A2AOperation) -> [Call] { self.calls.filter { $0.operation == operation } }

    func answer(_ operation: A2AOperation?, _ answers: Answer...) {
        self.state.withLock { $0.answers[operation, default: []] += answers }
    }

    private func answer<Response: Sendable>(
        _ operation: A2AOperation?, tenant: String, _ request: any Sendable, _ context: CallContext
    ) async throws -> Response {
        let answer = self.state.withLock { state -> Answer? in
            state.calls.append(Call(operation: operation, tenant: tenant, context: context, request: request))
            guard state.answers[operation]?.isEmpty == false else { return nil }
            return state.answers[operation]?.removeFirst()
        }
        switch answer {
        case .response(let response as Response): return response
        case .error(let error): throw error
        case .silence:
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        default: throw A2AError(.internal, "The test has no answer for \(String(describing: operation)).")
        }
    }

    func sendMessage(
        _ request: A2ASendMessageRequest, context: CallContext
    ) async throws -> A2ASendMessageResponse {
        try await self.answer(.sendMessage, tenant: request.tenant, request, context)
    }

    func sendStreamingMessage(_ request: A2ASendMessageRequest, context: CallContext) async throws -> EventStream {
        try await self.answer(.sendStreamingMessage, tenant: request.tenant, request, context)
    }

    func getTask(_ request: A2AGetTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.answer(.getTask, tenant: request.tenant, request, context)
    }

    func listTasks(_ request: A2AListTasksRequest, context: CallContext) async throws -> A2AListTasksResponse {
        try await self.answer(.listTasks, tenant: request.tenant, request, context)
    }

    func cancelTask(_ request: A2ACancelTaskRequest, context: CallContext) async throws -> A2ATask {
        try await self.answer(.cancelTask, tenant: request.tenant, request, context)
    }

    func subscribeToTask(
        _ request: A2ASubscribeToTaskRequest, context: CallContext
    ) async throws -> EventStream {
        try await self.answer(.subscribeToTask, tenant: request.tenant, request, context)
    }

    func createTaskPushNotificationConfig(
        _ request: A2ATaskPushNotificationConfig, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.answer(.createTaskPushNotificationConfig, tenant: request.tenant, request, context)
    }

    func getTaskPushNotificationConfig(
        _ request: A2AGetTaskPushNotificationConfigRequest, context: CallContext
    ) async throws -> A2ATaskPushNotificationConfig {
        try await self.answer(.getTaskPushNotificationConfig, tenant: request.tenant, request, context)
    }

    func listTaskPushNotificationConfigs(
        _ request: A2AListTaskPushNotificationConfigsRequest, context: CallContext
    ) async throws -> A2AListTaskPushNotificationConfigsResponse {
        try await self.answer(.listTaskPushNotificationConfigs, tenant: request.tenant, request, context)
    }

    func deleteTaskPushNotificationConfig(
        _ request: A2ADeleteTaskPushNotificationConfigRequest, context: CallContext
    ) async throws {
        let _: Bool = try await self.answer(
            .deleteTaskPushNotificationConfig, tenant: request.tenant, request, context)
    }

    func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        try await self.answer(.getExtendedAgentCard, tenant: request.tenant, request, context)
    }

    func getAgentCard(context: CallContext) async throws -> A2AAgentCard {
        try await self.answer(nil, tenant: "", (), context)
    }
}

/// A clock on which every wait is over at once; it remembers how long each would have been.
final class ImmediateClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private let waits = Mutex<[Duration]>([])
    private let time = Mutex(Instant())

    /// The waits so far.
    var slept: [Duration] { self.waits.withLock { $0 } }
    var now: Instant { self.time.withLock { $0 } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let before = self.time.withLock { time in
            defer { time = max(time, deadline) }
            return time
        }
        self.waits.withLock { $0.append(before.duration(to: deadline)) }
    }
}

/// Events, and then an error or the end.
final class BreakingSource: EventSource {
    private var rest: ArraySlice<StreamEvent>
    private let error: A2AError?

    init(_ events: [StreamEvent], error: A2AError?) {
        self.rest = events[...]
        self.error = error
    }

    func next() async throws -> StreamEvent? {
        if let event = self.rest.popFirst() { return event }
        if let error = self.error { throw error }
        return nil
    }
}

extension EventStream {
    /// A stream that breaks after some events.
    static func breaking(_ events: [StreamEvent], _ error: A2AError? = .connectionLost) -> EventStream {
        EventStream { BreakingSource(events, error: error) }
    }

    /// All events.
    func all() async throws -> [StreamEvent] {
        var events: [StreamEvent] = []
        for try await event in self { events.append(event) }
        return events
    }
}

extension A2AError {
    static let connectionLost = A2AError.unreachable("The connection was reset.", mayHaveBeenSent: true)
    static let refused = A2AError.unreachable("The connection was refused.", mayHaveBeenSent: false)
}

/// Events of one task.
enum Event {
    static let stamp = A2ATimestamp(milliseconds: 1_700_000_000_000)

    static func status(_ state: A2ATaskState, _ text: String? = nil) -> A2ATaskStatus {
        A2ATaskStatus(
            state, message: text.map { A2AMessage(role: .agent, parts: [.text($0)], messageID: $0) },
            timestamp: self.stamp)
    }

    static func task(
        _ state: A2ATaskState, artifacts: [A2AArtifact] = [], generation: Int64? = nil
    ) -> StreamEvent {
        let task = A2ATask(id: "t", contextID: "c", status: self.status(state), artifacts: artifacts)
        return StreamEvent(.task(task), generation: generation)
    }

    static func update(_ state: A2ATaskState, _ text: String? = nil, generation: Int64? = nil) -> StreamEvent {
        let update = A2ATaskStatusUpdateEvent(taskID: "t", contextID: "c", status: self.status(state, text))
        return StreamEvent(.statusUpdate(update), generation: generation)
    }

    static func chunk(
        _ text: String, artifact: String = "a", append: Bool = true, last: Bool = false, generation: Int64? = nil
    ) -> StreamEvent {
        let update = A2ATaskArtifactUpdateEvent(
            taskID: "t", contextID: "c", artifact: A2AArtifact(parts: [.text(text)], artifactID: artifact),
            append: append, lastChunk: last)
        return StreamEvent(.artifactUpdate(update), generation: generation)
    }

    static func message(_ text: String) -> StreamEvent {
        StreamEvent(.message(A2AMessage(role: .agent, parts: [.text(text)], messageID: text)))
    }
}
