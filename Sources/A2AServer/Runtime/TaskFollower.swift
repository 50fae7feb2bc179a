import A2A

/// A reader of one task's log: the source of one streaming response.
///
/// It holds a cursor and one page of events. What the agent writes waits in the log, not here.
final class TaskFollower: EventSource {
    /// The most events that are read from the store at once.
    static let pageSize = 128

    private let taskID: String
    private let scope: Scope
    private let store: any TaskStore
    private let handle: TaskWatches.Handle
    private var cursor: Int64
    private var first: StreamEvent?
    private var page: ArraySlice<LoggedEvent> = []
    private let endsWhenWaiting: Bool
    private let deadline: ContinuousClock.Instant?
    private let version: ProtocolVersion
    private var hasEnded = false

    /// - Parameters:
    ///   - first: What the stream begins with, usually the task as it stands at `cursor`.
    ///   - cursor: The generation after which events are sent.
    ///   - endsWhenWaiting: Whether the stream ends at once if its first event says that the task waits for input: true for
    ///     the answer to a message, false for a subscription.
    ///   - context: Of the call that it answers. The stream fails with `.deadlineExceeded` if it has to wait at its deadline.
    init(
        taskID: String, scope: Scope, store: any TaskStore, handle: TaskWatches.Handle, first: StreamEvent?,
        cursor: Int64, endsWhenWaiting: Bool = false, context: CallContext
    ) {
        self.taskID = taskID
        self.scope = scope
        self.store = store
        self.handle = handle
        self.first = first
        self.cursor = cursor
        self.endsWhenWaiting = endsWhenWaiting
        self.deadline = context.deadline
        self.version = context.version
    }

    func next() async throws -> StreamEvent? {
        if let event = self.first {
            self.first = nil
            let state = event.response.state
            self.hasEnded = (self.endsWhenWaiting ? state?.closesStream : state?.isTerminal) == true
            return event.written(for: self.version)
        }
        guard !self.hasEnded else { return nil }
        while self.page.isEmpty {
            switch try await self.readPage() {
            case .events(let events) where !events.isEmpty:
                self.page = events[...]
            case .events:
                try await self.waitForEvent()
            case .gap(let oldest):
                throw A2AError.fellBehind(at: self.cursor, oldest: oldest)
            }
        }
        let event = self.page.removeFirst()
        self.cursor = event.generation
        self.hasEnded = event.update.closesStream
        return StreamEvent(event.update, generation: event.generation).written(for: self.version)
    }

    private func waitForEvent() async throws {
        guard let deadline = self.deadline else {
            return try await self.handle.watch.wait(for: .event, after: self.cursor)
        }
        try await withDeadline(deadline) { [watch = self.handle.watch, cursor = self.cursor] in
            try await watch.wait(for: .event, after: cursor)
        }
    }

    private func readPage() async throws -> EventPage {
        do {
            return try await self.store.events(
                of: self.taskID, in: self.scope, after: self.cursor, limit: Self.pageSize)
        } catch TaskConflict.notFound {
            // Retention removed it while the reader was behind.
            throw A2AError.taskNotFound(self.taskID)
        }
    }
}
