import A2A
import A2AConformance

extension Fault {
    /// Faults of reading and cancelling tasks.
    static let tasks: [Fault] = [
        Fault("unknown-task-made-up", "CORE-GET-002", "GetTask answers with a task that is not there.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (request: A2AGetTaskRequest, _) in
                    A2ATask(id: request.id, status: A2ATaskStatus(.submitted))
                }
            },
        Fault("stale-task", "CORE-GET-001", "GetTask gives the task without what it has brought forth.")
            .answer { (task: inout A2ATask) in task.artifacts = [] },
        Fault("reading-changes", "CORE-IDEM-003", "Each GetTask sets the time of the status.")
            .answer { (task: inout A2ATask) in task.status.timestamp = .now },
        Fault("task-without-status", "DM-TASK-001", "A task has no status.")
            .answer { (answer: inout A2ASendMessageResponse) in answer.changeTask { $0.clearStatus() } },
        Fault("ended-task-cancelled", "CORE-CANCEL-002", "A task that has ended can be cancelled.")
            .calls { agent in
                Recovery(code: .taskNotCancelable) { (request: A2ACancelTaskRequest, context) in
                    try await agent.task(request.id, context)
                }
            },
        Fault("cancel-answers-before", "CORE-CANCEL-001", "CancelTask answers with the task as it was before.")
            .calls { agent in
                Replacement { (request: A2ACancelTaskRequest, context) in
                    let before = try await agent.task(request.id, context)
                    _ = try await agent.cancelTask(request, context: context)
                    return before
                }
            },
        Fault("unknown-task-cancelled", "CORE-CANCEL-003", "A task that is not there can be cancelled.")
            .calls { _ in
                Recovery(code: .taskNotFound) { (request: A2ACancelTaskRequest, _) in
                    A2ATask(id: request.id, status: A2ATaskStatus(.canceled))
                }
            },
        Fault("cancelled-goes-on", "CORE-IDEM-004", "A second CancelTask sets the task to FAILED.")
            .calls { agent in
                let cancelled = SharedSet()
                return CancelledTwice(agent: agent, cancelled: cancelled)
            },
    ]
}

/// Whoever cancels twice makes the task fail.
private struct CancelledTwice: ServiceMiddleware {
    let agent: any A2AService
    let cancelled: SharedSet
    private let failed = SharedSet()

    init(agent: any A2AService, cancelled: SharedSet) {
        self.agent = agent
        self.cancelled = cancelled
    }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        if let request = call.request as? A2ACancelTaskRequest {
            if self.cancelled.contains(request.id) { self.failed.insert(request.id) }
            self.cancelled.insert(request.id)
        }
        let response = try await next(call)
        guard var task = response as? A2ATask, self.failed.contains(task.id) else { return response }
        task.status.state = .failed
        return task as? Response ?? response
    }
}

extension Fault {
    /// Faults of listing tasks.
    static let listing: [Fault] = [
        Fault("list-of-all-contexts", "CORE-LIST-011", "ListTasks ignores contextId.")
            .request { (request: inout A2AListTasksRequest) in request.contextID = "" },
        Fault("list-of-all-states", "CORE-LIST-012", "ListTasks ignores status.")
            .request { (request: inout A2AListTasksRequest) in request.status = .unspecified },
        Fault("list-of-all-times", "CORE-LIST-013", "ListTasks ignores statusTimestampAfter.")
            .request { (request: inout A2AListTasksRequest) in request.clearStatusTimestampAfter() },
        Fault("page-token-ignored", "CORE-LIST-017", "ListTasks ignores pageToken: every page is the first.")
            .request { (request: inout A2AListTasksRequest) in request.pageToken = "" },
        Fault("page-size-ignored", "CORE-LIST-015", "ListTasks ignores pageSize.")
            .request { (request: inout A2AListTasksRequest) in
                if (1...100).contains(request.pageSize) { request.pageSize = 100 }
            },
        Fault("page-size-unchecked", "CORE-LIST-014", "ListTasks takes any pageSize.")
            .request { (request: inout A2AListTasksRequest) in
                if request.hasPageSize { request.pageSize = min(max(request.pageSize, 1), 100) }
            },
        Fault("total-of-page", "CORE-LIST-016", "totalSize counts the tasks of the page.")
            .answer { (answer: inout A2AListTasksResponse) in answer.totalSize = Int32(answer.tasks.count) },
        Fault("oldest-first", "CORE-LIST-006", "Tasks are listed oldest first.")
            .answer { (answer: inout A2AListTasksResponse) in answer.tasks.reverse() },
        Fault("artifacts-always", "CORE-LIST-001", "Listed tasks always have their artifacts.")
            .request { (request: inout A2AListTasksRequest) in request.includeArtifacts = true },
        Fault("artifacts-never", "CORE-LIST-009", "Listed tasks never have their artifacts.")
            .answer { (answer: inout A2AListTasksResponse) in
                for index in answer.tasks.indices { answer.tasks[index].artifacts = [] }
            },
        Fault("pages-by-number", "CORE-LIST-005", "A page begins after a number of tasks, not after a task.")
            .calls { agent in
                Replacement { (request: A2AListTasksRequest, context) in
                    try await Fault.pageByNumber(request, context, agent)
                }
            },
        Fault("null-artifacts", "CORE-LIST-001", "What a listed task does not have is null.")
            .http(
                .payload { list in
                    guard let tasks = list["tasks"]?.elements else { return }
                    list["tasks"] = .array(
                        tasks.map { task in
                            var task = task
                            if task["artifacts"] == nil { task["artifacts"] = .null }
                            return task
                        })
                }),
        Fault("no-page-token", "CORE-LIST-002", "The last page has no nextPageToken.")
            .http(.payload { if $0["nextPageToken"] == "" { $0["nextPageToken"] = nil } }),
        Fault("token-on-last-page", "CORE-LIST-003", "The last page has a nextPageToken, and leads to an empty one.")
            .answer { (answer: inout A2AListTasksResponse) in
                if answer.nextPageToken.isEmpty { answer.nextPageToken = "end" }
            },
        Fault("no-total", "CORE-LIST-018", "The answer has no totalSize.")
            .http(.payload { if $0["tasks"] != nil { $0["totalSize"] = nil } }),
    ]

    private static func pageByNumber(
        _ request: A2AListTasksRequest, _ context: CallContext, _ agent: any A2AService
    ) async throws -> A2AListTasksResponse {
        guard request.hasPageSize, (1...100).contains(request.pageSize) else {
            return try await agent.listTasks(request, context: context)
        }
        let start = Int(request.pageToken) ?? 0
        var whole = request
        whole.pageToken = ""
        whole.pageSize = 100
        var answer = try await agent.listTasks(whole, context: context)
        let end = start + Int(request.pageSize)
        answer.nextPageToken = end < answer.tasks.count ? "\(end)" : ""
        answer.tasks = Array(answer.tasks.dropFirst(start).prefix(Int(request.pageSize)))
        answer.pageSize = request.pageSize
        return answer
    }
}
