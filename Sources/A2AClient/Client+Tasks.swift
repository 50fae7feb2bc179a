public import A2A

extension Client {
    /// The current state of a task (§3.1.3).
    ///
    /// - Parameter historyLength: How many of the newest messages to include; `nil` for all, 0 for none.
    public func getTask(
        _ id: String, historyLength: Int? = nil, options: CallOptions = .init()
    ) async throws -> A2ATask {
        var request = A2AGetTaskRequest()
        request.id = id
        if let historyLength { request.historyLength = Int32(clamping: historyLength) }
        return try await self.getTask(request, options: options)
    }

    /// The state of a task once its generation is beyond one that the caller has seen (§3.2.7, A2A 1.1 draft).
    ///
    /// The agent answers when the task changes, ends, or after a while of its own with the task as it is: compare
    /// `task.generation`. A generation of 0 says that the agent has none; then do not ask again without a pause.
    ///
    /// - Parameters:
    ///   - generation: The one of the task as the caller knows it; 0 answers at once.
    ///   - historyLength: How many of the newest messages to include; `nil` for all, 0 for none.
    /// - Throws: ``A2AError`` with `.versionNotSupported` if the client does not speak 1.1; see ``ClientConfiguration/version``.
    public func getTask(
        _ id: String, waitingBeyond generation: Int64, historyLength: Int? = nil, options: CallOptions = .init()
    ) async throws -> A2ATask {
        var request = A2AGetTaskRequest()
        request.id = id
        request.currentGeneration = generation
        if let historyLength { request.historyLength = Int32(clamping: historyLength) }
        return try await self.getTask(request, options: options)
    }

    /// One page of the caller's tasks, newest status first (§3.1.4).
    public func listTasks(
        contextID: String = "",
        status: A2ATaskState = .unspecified,
        pageSize: Int? = nil,
        pageToken: String = "",
        historyLength: Int? = nil,
        includeArtifacts: Bool = false,
        options: CallOptions = .init()
    ) async throws -> A2AListTasksResponse {
        let request = Self.listRequest(
            contextID, status, pageSize, pageToken, historyLength, includeArtifacts)
        return try await self.listTasks(request, options: options)
    }

    /// All of the caller's tasks, newest status first, fetched page by page as they are read (§3.1.4).
    public func tasks(
        contextID: String = "",
        status: A2ATaskState = .unspecified,
        pageSize: Int? = nil,
        historyLength: Int? = nil,
        includeArtifacts: Bool = false,
        options: CallOptions = .init()
    ) -> TaskSequence {
        let request = Self.listRequest(contextID, status, pageSize, "", historyLength, includeArtifacts)
        return TaskSequence(first: request) { try await self.listTasks($0, options: options) }
    }

    /// Cancels a task (§3.1.5).
    public func cancel(
        _ id: String, metadata: A2AMetadata? = nil, options: CallOptions = .init()
    ) async throws -> A2ATask {
        var request = A2ACancelTaskRequest()
        request.id = id
        if let metadata { request.metadata = metadata }
        return try await self.cancelTask(request, options: options)
    }

    /// Waits until a task has changed after a generation, or has ended (A2A 1.1 draft).
    ///
    /// - Parameters:
    ///   - generation: The one of the task as the caller knows it.
    ///   - interval: The pause before asking again an agent that answers at once, although nothing has changed. Default 2 s.
    ///   - timeout: How long to go on. `nil` for ever.
    /// - Throws: ``A2AError`` with `.deadlineExceeded` when the time is up, `.versionNotSupported` if the client does not speak 1.1,
    ///   `.invalidAgentResponse` if the agent tells no generations.
    public func waitForTask(
        _ id: String,
        beyond generation: Int64,
        historyLength: Int? = nil,
        interval: Duration = .seconds(2),
        timeout: Duration? = nil,
        options: CallOptions = .init()
    ) async throws -> A2ATask {
        do {
            return try await withDeadline(timeout.map { ContinuousClock.now.advanced(by: $0) }) {
                let interval = max(interval, Self.minPollInterval)
                while true {
                    let start = ContinuousClock.now
                    let task = try await self.getTask(
                        id, waitingBeyond: generation, historyLength: historyLength, options: options)
                    guard task.generation > 0 else {
                        throw A2AError(
                            .invalidAgentResponse,
                            "The agent does not tell the task's generation, so it cannot wait for one.")
                    }
                    if task.generation > generation || task.status.state.isTerminal { return task }
                    let waited = start.duration(to: .now)
                    if waited < interval { try await self.configuration.clock.sleep(for: interval - waited) }
                }
            }
        } catch {
            throw A2AError(wrapping: error)
        }
    }

    /// Asks for a task again and again until it has ended or waits for the caller.
    ///
    /// - Parameters:
    ///   - interval: The wait between two questions; it grows by half each time, up to ``maxPollInterval``.
    ///     Default 2 s.
    ///   - timeout: How long to go on. `nil` for ever.
    ///   - onUpdate: Sees the task each time.
    /// - Throws: ``A2AError`` with `.deadlineExceeded` when the time is up.
    public func waitForTask(
        _ id: String,
        historyLength: Int? = nil,
        interval: Duration = .seconds(2),
        timeout: Duration? = nil,
        options: CallOptions = .init(),
        onUpdate: @escaping @Sendable (A2ATask) -> Void = { _ in }
    ) async throws -> A2ATask {
        do {
            return try await withDeadline(timeout.map { ContinuousClock.now.advanced(by: $0) }) {
                var interval = max(interval, Self.minPollInterval)
                let limit = max(interval, Self.maxPollInterval)
                while true {
                    let task = try await self.getTask(id, historyLength: historyLength, options: options)
                    onUpdate(task)
                    let state = task.status.state
                    if state.isTerminal || state.isInterrupted { return task }
                    try await self.configuration.clock.sleep(for: interval)
                    interval = min(interval * 3 / 2, limit)
                }
            }
        } catch {
            throw A2AError(wrapping: error)
        }
    }

    /// The shortest wait between two questions of ``waitForTask(_:historyLength:interval:timeout:options:onUpdate:)``.
    public static let minPollInterval = Duration.milliseconds(10)

    /// The longest wait that the questions grow to, unless the caller starts with a longer one.
    public static let maxPollInterval = Duration.seconds(15)

    private static func listRequest(
        _ contextID: String,
        _ status: A2ATaskState,
        _ pageSize: Int?,
        _ pageToken: String,
        _ historyLength: Int?,
        _ includeArtifacts: Bool
    ) -> A2AListTasksRequest {
        var request = A2AListTasksRequest()
        request.contextID = contextID
        request.status = status
        request.pageToken = pageToken
        if let pageSize { request.pageSize = Int32(clamping: pageSize) }
        if let historyLength { request.historyLength = Int32(clamping: historyLength) }
        if includeArtifacts { request.includeArtifacts = true }
        return request
    }
}

/// The tasks of a list, page after page.
///
/// A page is fetched when the one before it has been read.
public struct TaskSequence: AsyncSequence, Sendable {
    public typealias Element = A2ATask
    package typealias Fetch = @Sendable (A2AListTasksRequest) async throws -> A2AListTasksResponse

    private let first: A2AListTasksRequest
    private let fetch: Fetch

    package init(first: A2AListTasksRequest, fetch: @escaping Fetch) {
        self.first = first
        self.fetch = fetch
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(next: self.first, fetch: self.fetch) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private var request: A2AListTasksRequest?
        private var page: ArraySlice<A2ATask> = []
        private let fetch: Fetch

        fileprivate init(next: A2AListTasksRequest, fetch: @escaping Fetch) {
            self.request = next
            self.fetch = fetch
        }

        public mutating func next() async throws -> A2ATask? {
            while true {
                if let task = self.page.popFirst() { return task }
                guard let request = self.request else { return nil }
                let response = try await self.fetch(request)
                self.page = response.tasks[...]
                self.request = nil
                // An agent that answers with the token it was asked with would keep us for ever.
                if !response.nextPageToken.isEmpty, response.nextPageToken != request.pageToken {
                    self.request = request
                    self.request?.pageToken = response.nextPageToken
                }
            }
        }
    }
}
