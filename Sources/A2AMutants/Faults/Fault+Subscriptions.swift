import A2A
import A2AConformance
import Synchronization

extension Fault {
    /// Faults of subscriptions, and of several streams of one task.
    static let subscriptions: [Fault] = [
        Fault("no-snapshot", "STREAM-SUB-001", "A subscription does not begin with the task.")
            .streams { events, call in
                MappedEvents(events) { call.operation == .subscribeToTask && $0.isTask ? [] : [$0] }
            },
        Fault("stale-snapshot", "STREAM-SUB-001", "A subscription begins with the task as it was when it was made.")
            .streams { events, call in
                MappedEvents(events) { event in
                    guard call.operation == .subscribeToTask, case .task(var task) = event.response.payload else {
                        return [event]
                    }
                    task.status.state = .submitted
                    task.artifacts = []
                    event.response = .task(task)
                    return [event]
                }
            },
        Fault("subscription-stays-open", "STREAM-SUB-002", "A subscription does not end with its task.")
            .streams { events, call in
                ScriptedEvents(events) { base in
                    if let event = try await base.next() { return event }
                    if call.operation == .subscribeToTask { try await Task.sleep(for: .seconds(60)) }
                    return nil
                }
            },
        Fault("ended-task-subscribed", "STREAM-SUB-003", "A task that has ended can be subscribed to.")
            .calls { agent in
                Recovery(code: .unsupportedOperation) { (request: A2ASubscribeToTaskRequest, context) in
                    EventStream([StreamEvent(.task(try await agent.task(request.id, context)))])
                }
            },
        Fault("unknown-task-subscribed", "STREAM-SUB-004", "A task that is not there can be subscribed to.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (request: A2ASubscribeToTaskRequest, _) in
                    EventStream([StreamEvent(.task(A2ATask(id: request.id, status: A2ATaskStatus(.submitted))))])
                }
            },
        Fault("waiting-task-not-subscribed", "STREAM-SUB-005", "A task that waits for input cannot be subscribed to.")
            .calls { agent in WaitingRefused(agent: agent) },
        Fault("second-stream-misses", "STREAM-ORDER-002", "Every second subscription of a task misses an event.")
            .onSecondStream { events in
                var count = 0
                return MappedEvents(events) { event in
                    if event.isArtifact { count += 1 }
                    return event.isArtifact && count == 1 ? [] : [event]
                }
            },
        Fault("second-stream-in-other-order", "STREAM-ORDER-003", "Subscriptions of a task have different orders.")
            .onSecondStream { events in
                var held: StreamEvent?
                var isDone = false
                return MappedEvents(events) { event in
                    if event.isArtifact, held == nil, !isDone {
                        held = event
                        return []
                    }
                    isDone = isDone || held != nil
                    defer { held = nil }
                    return [event] + (held.map { [$0] } ?? [])
                }
            },
        Fault("end-ends-all", "STREAM-ORDER-004", "When one stream of a task is left, all end.")
            .endingTogether(),
        Fault("task-ends-with-stream", "STREAM-ORDER-007", "A task fails when its caller leaves the stream.")
            .calls { _ in AbandonedTasks() },
    ]

    private func onSecondStream(_ change: @escaping @Sendable (EventStream) -> any EventSource) -> Fault {
        let counts = SharedCount()
        return self.streams { events, call in
            guard call.operation == .subscribeToTask, counts.next(call.taskID) % 2 == 1 else {
                return MappedEvents(events) { [$0] }
            }
            return change(events)
        }
    }

    private func endingTogether() -> Fault {
        let left = SharedSet()
        return self.streams { events, call in
            ScriptedEvents(events, onEnd: { left.insert(call.taskID) }) { base in
                let event = try await base.next()
                return left.contains(call.taskID) && !call.taskID.isEmpty ? nil : event
            }
        }
    }
}

/// Refuses subscriptions of tasks that wait.
private struct WaitingRefused: ServiceMiddleware {
    let agent: any A2AService

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        if let request = call.request as? A2ASubscribeToTaskRequest {
            let task = try await self.agent.task(request.id, call.context)
            if task.status.state.isInterrupted {
                throw A2AError(.unsupportedOperation, "The task waits for its caller.")
            }
        }
        return try await next(call)
    }
}

/// Tasks whose stream was left before its end have failed.
private struct AbandonedTasks: ServiceMiddleware {
    private let abandoned = SharedSet()

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        let response = try await next(call)
        if let stream = response as? EventStream {
            let abandoned = self.abandoned
            let watched = EventStream {
                let state = Mutex((task: "", isOver: false))
                return ScriptedEvents(
                    stream,
                    onEnd: {
                        let (task, isOver) = state.withLock { $0 }
                        if !isOver { abandoned.insert(task) }
                    },
                    { base in
                        let event = try await base.next()
                        state.withLock { state in
                            if let id = event?.response.taskID { state.task = id }
                            if event == nil { state.isOver = true }
                        }
                        return event
                    })
            }
            return watched as? Response ?? response
        }
        guard var task = response as? A2ATask, self.abandoned.contains(task.id) else { return response }
        task.status.state = .failed
        return task as? Response ?? response
    }
}
