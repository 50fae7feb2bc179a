import A2A

/// What the next notification of a registration is, read from its task's log.
///
/// It holds a page of events, so that one read serves several notifications.
struct PushDelivery: Sendable {
    /// The most events that are read at once.
    static let pageSize = 32

    enum Next: Sendable {
        /// Nothing before the log grows.
        case nothing
        case notification(PushNotification, isSnapshot: Bool, endsTask: Bool)
        /// The task was never made: nobody was promised anything.
        case neverMade
        /// The task is gone, and what was not delivered with it.
        case gone
    }

    let tasks: any TaskStore
    let registration: PushRegistration
    private var page: ArraySlice<LoggedEvent> = []

    init(_ registration: PushRegistration, tasks: any TaskStore) {
        self.registration = registration
        self.tasks = tasks
    }

    /// The notification that follows what was delivered so far.
    ///
    /// - Parameter progress: The registration's progress by now.
    mutating func next(_ progress: PushProgress) async throws -> Next {
        if progress.needsSnapshot { return try await self.snapshot(progress) }
        if self.page.isEmpty {
            do {
                // The creation is no event; the caller was told of it in the answer.
                let events = try await self.tasks.events(
                    of: self.registration.configuration.taskID, in: self.registration.scope,
                    after: max(progress.delivered, 1), limit: Self.pageSize)
                switch events {
                case .events(let events): self.page = events[...]
                case .gap: return try await self.snapshot(progress)
                }
            } catch TaskConflict.notFound {
                return progress.delivered == 0 ? .neverMade : .gone
            }
        }
        guard let event = self.page.popFirst() else { return .nothing }
        return .notification(
            self.notification(event.update, at: event.generation, progress, id: "\(event.generation)"),
            isSnapshot: false, endsTask: event.update.state?.isTerminal == true)
    }

    /// The task as it stands: what the receiver gets in the place of events that are no longer kept.
    private func snapshot(_ progress: PushProgress) async throws -> Next {
        let id = self.registration.configuration.taskID
        guard let snapshot = try await self.tasks.snapshot(of: id, in: self.registration.scope, historyLength: nil)
        else { return progress.delivered == 0 ? .neverMade : .gone }
        // An event of the same generation may have been sent, and its answer lost: this is another notification.
        return .notification(
            self.notification(
                .task(snapshot.task), at: snapshot.generation, progress, id: "\(snapshot.generation)-task"),
            isSnapshot: true, endsTask: snapshot.task.status.state.isTerminal)
    }

    private func notification(
        _ response: A2AStreamResponse, at generation: Int64, _ progress: PushProgress, id: String
    ) -> PushNotification {
        let event = StreamEvent(response, generation: generation).written(for: self.registration.version)
        return PushNotification(
            deliveryID: "\(self.registration.deliveryKey)-\(id)", configuration: self.registration.configuration,
            scope: self.registration.scope, response: event.response, generation: generation,
            version: self.registration.version, attempts: progress.attempts)
    }
}
