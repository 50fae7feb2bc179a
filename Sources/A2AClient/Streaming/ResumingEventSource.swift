import A2A
import Logging

/// The events of a stream across its connections. The decisions are ``StreamResumption``'s.
// Unchecked: an event source has one reader, which does not ask again before it has its answer. The task group of a
// deadline runs `advance()` elsewhere, but the reader waits for it.
final class ResumingEventSource: EventSource, @unchecked Sendable {
    /// What the source asks of the agent.
    struct Calls: Sendable {
        var subscribe: @Sendable (_ taskID: String, _ after: Int64?) async throws -> EventStream
        var resend: @Sendable () async throws -> EventStream
        var getTask: @Sendable (_ taskID: String) async throws -> A2ATask
        /// Waits before an attempt, for as long as the agent asked for, if it did.
        var wait: @Sendable (_ attempt: Int, _ requested: Duration?) async throws -> Void
    }

    private let calls: Calls
    private let deadline: ContinuousClock.Instant?
    private let logger: Logger
    private var resumption: StreamResumption
    private var iterator: EventStream.AsyncIterator?
    private var isFinished = false
    /// How long the agent asked to be left alone when it last failed.
    private var requestedDelay: Duration?

    init(
        _ stream: EventStream,
        resumption: StreamResumption,
        calls: Calls,
        deadline: ContinuousClock.Instant?,
        logger: Logger
    ) {
        self.iterator = stream.makeAsyncIterator()
        self.resumption = resumption
        self.calls = calls
        self.deadline = deadline
        self.logger = logger
    }

    func next() async throws -> StreamEvent? {
        guard !self.isFinished else { return nil }
        do {
            let event = try await withDeadline(self.deadline) { try await self.advance() }
            if event == nil { self.finish() }
            return event
        } catch {
            self.finish()
            throw A2AError(wrapping: error)
        }
    }

    private func finish() {
        self.isFinished = true
        self.iterator = nil
    }

    private func advance() async throws -> StreamEvent? {
        while true {
            try Task.checkCancellation()
            let broken: StreamResumption.OnBreak
            do {
                if let event = try await self.read() {
                    switch self.resumption.received(event) {
                    case .deliver(let event): return event
                    case .deliverLast(let event):
                        self.finish()
                        return event
                    case .skip: continue
                    case .finish: return nil
                    case .refuse(let last, let next): throw StreamResumption.hole(after: last, before: next)
                    }
                }
                broken = self.resumption.ended()
            } catch {
                try Task.checkCancellation()
                self.iterator = nil
                broken = self.resumption.failed(self.noted(error))
            }
            switch try await self.reconnect(broken) {
            case .reading: continue
            case .event(let event): return event
            case .finished: return nil
            }
        }
    }

    /// The next event of the current connection.
    ///
    /// It is let go when it ends or fails.
    private func read() async throws -> StreamEvent? {
        guard var iterator = self.iterator else { return nil }
        self.iterator = nil
        guard let event = try await iterator.next() else { return nil }
        self.iterator = iterator
        return event
    }

    /// The error as the caller gets it, if nothing helps.
    private func noted(_ error: any Error) -> A2AError {
        let error = A2AError(wrapping: error)
        self.requestedDelay = error.retryDelay
        return error
    }

    private func wait(_ attempt: Int) async throws {
        try await self.calls.wait(attempt, self.requestedDelay.take())
    }

    private enum Outcome {
        case reading
        case event(StreamEvent)
        case finished
    }

    private func reconnect(_ first: StreamResumption.OnBreak) async throws -> Outcome {
        var step = first
        while true {
            try Task.checkCancellation()
            switch step {
            case .finish:
                return .finished
            case .fail(let error):
                throw error
            case .resubscribe(let taskID, let after, let attempt):
                self.logger.debug(
                    "resuming stream",
                    metadata: ["task": "\(taskID)", "after": "\(after ?? 0)", "attempt": "\(attempt)"])
                try await self.wait(attempt)
                do {
                    self.iterator = try await self.calls.subscribe(taskID, after).makeAsyncIterator()
                    self.resumption.resubscribed()
                    return .reading
                } catch {
                    step = self.resumption.resubscriptionFailed(self.noted(error))
                }
            case .resend(let attempt):
                self.logger.debug("sending the message again", metadata: ["attempt": "\(attempt)"])
                try await self.wait(attempt)
                do {
                    self.iterator = try await self.calls.resend().makeAsyncIterator()
                    return .reading
                } catch {
                    step = self.resumption.failed(self.noted(error))
                }
            case .fetchTask(let taskID):
                do {
                    switch self.resumption.fetched(try await self.calls.getTask(taskID)) {
                    case .deliver(let event): return .event(event)
                    case .deliverLast(let event):
                        self.finish()
                        return .event(event)
                    case .skip: step = self.resumption.ended()
                    case .finish: return .finished
                    case .refuse(let last, let next): throw StreamResumption.hole(after: last, before: next)
                    }
                } catch {
                    step = self.resumption.failed(self.noted(error))
                }
            }
        }
    }
}
