import A2A
import A2ATesting
import Synchronization
import Testing

@testable import A2AServer

/// A door: who comes waits until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var next = 0
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
    }
    private let state = Mutex(State())

    func open() {
        let waiters = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for the door to open; throws when cancelled.
    func wait() async throws {
        let key = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await self.enter(key) { Task.isCancelled }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: key) }?.resume(throwing: CancellationError())
        }
    }

    /// Waits for the door to open, whatever happens.
    func waitStubbornly() async {
        let key = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        try? await self.enter(key) { false }
    }

    private func enter(_ key: Int, _ isCancelled: () -> Bool) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let outcome: Result<Void, any Error>? = self.state.withLock { state in
                if state.isOpen { return .success(()) }
                if isCancelled() { return .failure(CancellationError()) }
                state.waiters[key] = continuation
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }
}

/// Values that several tasks write down.
final class Notes<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    func add(_ value: Value) { self.values.withLock { $0.append(value) } }
    var all: [Value] { self.values.withLock { $0 } }
    var count: Int { self.values.withLock { $0.count } }
}

/// Waits until something holds that other tasks are about to bring about; the suite's time limit ends the wait.
func eventually(_ condition: () async throws -> Bool) async throws {
    while !(try await condition()) {
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// Expects an `A2AError` with a code.
@discardableResult
func expectError<Result>(
    _ code: A2AError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Result
) async -> A2AError? {
    do {
        _ = try await body()
        Issue.record("should throw \(code.name)", sourceLocation: sourceLocation)
    } catch let error as A2AError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("threw \(error) instead of \(code.name)", sourceLocation: sourceLocation)
    }
    return nil
}

/// A configuration under which nothing happens because of time.
func patient(_ adjust: (inout RuntimeConfiguration) -> Void = { _ in }) -> RuntimeConfiguration {
    var configuration = RuntimeConfiguration()
    configuration.decisionGrace = .seconds(3600)
    configuration.cancellationGrace = .seconds(3600)
    configuration.shutdownGrace = .seconds(3600)
    configuration.recovery.endGrace = .seconds(3600)
    adjust(&configuration)
    return configuration
}

func request(
    _ text: String, id: String? = nil, task: String = "", context: String = "", immediate: Bool = false,
    historyLength: Int? = nil
) -> A2ASendMessageRequest {
    var request = A2ASendMessageRequest()
    request.message = A2AMessage(
        role: .user, parts: [.text(text)], messageID: id, contextID: context, taskID: task)
    if immediate { request.configuration.returnImmediately = true }
    if let historyLength { request.configuration.historyLength = Int32(historyLength) }
    return request
}

extension CallContext {
    static var plain: CallContext { CallContext() }
    static func by(_ principal: String, tenant: String = "") -> CallContext {
        CallContext(principal: Principal(id: principal), tenant: tenant)
    }
}

extension A2AService {
    /// Sends a text and expects a task.
    func task(
        _ text: String, id: String? = nil, task: String = "", context: String = "", immediate: Bool = false,
        as call: CallContext = .plain, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> A2ATask {
        let response = try await self.sendMessage(
            request(text, id: id, task: task, context: context, immediate: immediate), context: call)
        guard case .task(let task) = response.payload else {
            Issue.record("a message came instead of a task", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        return task
    }

    func get(_ id: String, as call: CallContext = .plain) async throws -> A2ATask {
        var request = A2AGetTaskRequest()
        request.id = id
        return try await self.getTask(request, context: call)
    }

    func cancel(_ id: String, as call: CallContext = .plain) async throws -> A2ATask {
        var request = A2ACancelTaskRequest()
        request.id = id
        return try await self.cancelTask(request, context: call)
    }

    func subscribe(
        _ id: String, after generation: Int64? = nil, as call: CallContext = .plain
    ) async throws -> EventStream {
        var request = A2ASubscribeToTaskRequest()
        request.id = id
        var call = call
        call.resumeAfter = generation
        return try await self.subscribeToTask(request, context: call)
    }

    func stream(
        _ text: String, id: String? = nil, task: String = "", as call: CallContext = .plain
    ) async throws -> EventStream {
        try await self.sendStreamingMessage(request(text, id: id, task: task), context: call)
    }

    func list(as call: CallContext = .plain) async throws -> [A2ATask] {
        try await self.listTasks(A2AListTasksRequest(), context: call).tasks
    }
}

extension EventStream {
    /// All events until the stream ends.
    func all() async throws -> [StreamEvent] {
        var events: [StreamEvent] = []
        for try await event in self { events.append(event) }
        return events
    }
}

extension StreamEvent {
    /// A word for the event: the state's name, or the text of the artifact.
    var word: String {
        switch self.response.payload {
        case .task(let task): "task \(task.status.state)"
        case .message(let message): "message \(message.text)"
        case .statusUpdate(let update): "\(update.status.state)"
        case .artifactUpdate(let update): update.artifact.text
        case nil: ""
        }
    }
}

/// Runs a runtime, and waits until nothing of any turn or reader is left when `body` has let go of its streams.
func withCleanRuntime(
    _ agent: ClosureAgent, configuration: RuntimeConfiguration = patient(), _ body: (TaskRuntime) async throws -> Void
) async throws {
    try await withRuntime(agent, configuration: configuration) { runtime in
        try await body(runtime)
        try await runtime.expectNothingLeft()
    }
}

extension TaskRuntime {
    /// Waits until nothing of any turn or reader is left.
    func expectNothingLeft() async throws {
        try await eventually { self.turns.count == 0 && self.log.watches.count == 0 }
    }
}
