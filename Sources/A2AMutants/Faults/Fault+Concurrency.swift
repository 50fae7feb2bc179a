import A2A
import Synchronization

extension Fault {
    /// Faults that show when much happens at once.
    static let concurrency: [Fault] = [
        Fault("gap-after-snapshot", "STREAM-ORDER-002", "A subscription misses the event that follows its snapshot.")
            .streams { events, call in
                var isNext = false
                return MappedEvents(events) { event in
                    guard call.operation == .subscribeToTask else { return [event] }
                    defer { isNext = event.isTask }
                    return isNext && event.isArtifact ? [] : [event]
                }
            },
        Fault("snapshot-overlaps", "STREAM-ORDER-003", "A subscription has the last event of its snapshot again.")
            .streams { events, call in
                MappedEvents(events) { event in
                    guard call.operation == .subscribeToTask, case .task(let task) = event.response.payload,
                        var artifact = task.artifacts.last, let last = artifact.parts.last
                    else { return [event] }
                    artifact.parts = [last]
                    var update = A2ATaskArtifactUpdateEvent()
                    update.taskID = task.id
                    update.contextID = task.contextID
                    update.artifact = artifact
                    update.append = true
                    return [event, StreamEvent(.artifactUpdate(update))]
                }
            },
        Fault("readers-in-step", "STREAM-ORDER-004", "No stream of a task is more than an event ahead of another.")
            .inStep(),
        Fault("one-task-at-a-time", "CORE-TASK-001", "A message to a context that is at work gets the task of another.")
            .calls { _ in OneTaskPerContext() },
        Fault("every-tenth-order", "STREAM-ORDER-003", "Of twelve streams of a task one has another order.")
            .inOtherOrder(every: 10),
        Fault("cancel-without-effect", "CORE-CANCEL-001", "CancelTask says CANCELED, and the task goes on.")
            .calls { agent in
                Replacement { (request: A2ACancelTaskRequest, context) in
                    var task = try await agent.task(request.id, context)
                    guard !task.status.state.isTerminal else {
                        return try await agent.cancelTask(request, context: context)
                    }
                    task.status.state = .canceled
                    return task
                }
            },
    ]

    private func inStep() -> Fault {
        let readers = Readers()
        return self.streams { events, call in
            guard call.operation == .subscribeToTask else { return MappedEvents(events) { [$0] } }
            let reader = readers.add(call.taskID)
            return ScriptedEvents(events, onEnd: { readers.remove(reader, call.taskID) }) { base in
                while readers.isAhead(reader, call.taskID) { try await Task.sleep(for: .milliseconds(5)) }
                let event = try await base.next()
                readers.advance(reader, call.taskID)
                return event
            }
        }
    }

    private func inOtherOrder(every count: Int) -> Fault {
        let counts = SharedCount()
        return self.streams { events, call in
            let number = counts.next(call.taskID)
            guard call.operation == .subscribeToTask, number % count == count - 1 else {
                return MappedEvents(events) { [$0] }
            }
            var held: StreamEvent?
            return MappedEvents(events) { event in
                if event.isArtifact, held == nil {
                    held = event
                    return []
                }
                defer { held = nil }
                return [event] + (held.map { [$0] } ?? [])
            }
        }
    }
}

/// How far the readers of each task are.
private final class Readers: Sendable {
    private struct State {
        var next = 0
        var positions: [String: [Int: Int]] = [:]
    }

    private let state = Mutex(State())

    func add(_ task: String) -> Int {
        self.state.withLock { state in
            state.next += 1
            state.positions[task, default: [:]][state.next] = 0
            return state.next
        }
    }

    func remove(_ reader: Int, _ task: String) { self.state.withLock { $0.positions[task]?[reader] = nil } }
    func advance(_ reader: Int, _ task: String) { self.state.withLock { $0.positions[task]?[reader]? += 1 } }

    func isAhead(_ reader: Int, _ task: String) -> Bool {
        self.state.withLock { state in
            let positions = state.positions[task] ?? [:]
            return (positions[reader] ?? 0) > (positions.values.min() ?? 0)
        }
    }
}

/// Messages to a context that has one at work get the answer to that.
private struct OneTaskPerContext: ServiceMiddleware {
    private final class Answers: Sendable {
        private let answers = Mutex<[String: A2ASendMessageResponse?]>([:])

        /// Whether nobody is at work; then the caller is.
        func begin(_ context: String) -> Bool {
            self.answers.withLock { answers in
                if let answer = answers[context], answer == nil { return false }
                answers[context] = .some(nil)
                return true
            }
        }

        func end(_ context: String, _ answer: A2ASendMessageResponse) {
            self.answers.withLock { $0[context] = .some(answer) }
        }

        func answer(_ context: String) -> A2ASendMessageResponse? { self.answers.withLock { $0[context] ?? nil } }
    }

    private let answers = Answers()

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard call.operation == .sendMessage, let request = call.request as? A2ASendMessageRequest,
            !request.message.contextID.isEmpty, request.message.taskID.isEmpty
        else { return try await next(call) }
        let context = request.message.contextID
        guard self.answers.begin(context) else {
            while true {
                if let answer = self.answers.answer(context), let response = answer as? Response { return response }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        let response = try await next(call)
        if let answer = response as? A2ASendMessageResponse { self.answers.end(context, answer) }
        return response
    }
}
