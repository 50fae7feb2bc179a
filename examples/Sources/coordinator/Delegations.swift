import A2A
import A2AClient
import Logging
import ServiceLifecycle

/// Follows the tasks that this agent has given to others, and cancels those that nobody waits for any more.
///
/// A turn that is cancelled can make no call any more: its Swift task is cancelled, and with it every request that it
/// makes. But the other agents work on until somebody tells them. So the calls are made here, in a service that runs
/// beside the turns and outlives them; a turn only listens.
final class Delegations: Service {
    private typealias Job = @Sendable () async -> Void
    private typealias Events = AsyncThrowingStream<StreamEvent, any Error>

    private let jobs: AsyncStream<Job>
    private let input: AsyncStream<Job>.Continuation
    private let logger: Logger

    /// How long another agent may take to answer a cancellation.
    private static let cancellationTimeout: Duration = .seconds(10)

    init(logger: Logger = Logger(label: "delegations")) {
        (self.jobs, self.input) = AsyncStream.makeStream()
        self.logger = logger
    }

    /// Runs until ``finish()`` or graceful shutdown, and then until the last delegation has ended.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await job in self.jobs { group.addTask { await job() } }
            }
        } onGracefulShutdown: {
            self.finish()
        }
    }

    /// Takes no more delegations.
    func finish() { self.input.finish() }

    /// Sends a message to another agent and hands on what comes of it, until the task has ended.
    ///
    /// If the caller leaves earlier, because it is cancelled or `onEvent` throws, the other agent's task is cancelled.
    /// So is a task that asks for input: there is nobody here to give it.
    ///
    /// - Throws: What the other agent answers instead of a stream, what `onEvent` throws, or `CancellationError`.
    func send(
        _ message: A2AMessage, to client: Client, configuration: A2ASendMessageConfiguration,
        onEvent: (StreamEvent) async throws -> Void
    ) async throws {
        // The buffer is unbounded, but holds no more than the task itself does.
        let (events, output) = Events.makeStream()
        let (departure, depart) = AsyncStream<Void>.makeStream()
        var isOpen = true
        defer {
            if isOpen { depart.yield() }
            depart.finish()
        }
        let job: Job = {
            await self.follow(message, at: client, configuration: configuration, into: output, until: departure)
        }
        guard case .enqueued = self.input.yield(job) else {
            throw A2AError(.unavailable, "The coordinator is shutting down.")
        }
        for try await event in events {
            if case .message = event.response.payload { isOpen = false }
            if let state = event.response.state { isOpen = !state.isTerminal }
            try await onEvent(event)
        }
        // When the task that reads it is cancelled, an AsyncThrowingStream ends as if nothing more were to come.
        try Task.checkCancellation()
    }

    /// The other side of ``send(_:to:configuration:onEvent:)``: makes the calls.
    private func follow(
        _ message: A2AMessage, at client: Client, configuration: A2ASendMessageConfiguration,
        into output: Events.Continuation, until departure: AsyncStream<Void>
    ) async {
        let (taskIDs, taskID) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingOldest(1))
        // Stops reading, if it has not ended yet, at the end of this function.
        async let _ = self.read(
            from: client, message, configuration: configuration, into: output, taskID: taskID)
        // Nobody leaves a task that ends by itself: then both loops do nothing.
        for await _ in departure {
            // Whoever leaves before the other agent has answered leaves a task without an id. The first event has it.
            for await id in taskIDs {
                do {
                    _ = try await client.cancel(id, options: CallOptions(timeout: Self.cancellationTimeout))
                } catch let error as A2AError where error.code == .taskNotCancelable {
                    // It has ended by itself meanwhile.
                } catch {
                    self.logger.warning("task not cancelled", metadata: ["task": "\(id)", "error": "\(error)"])
                }
                break
            }
        }
    }

    private func read(
        from client: Client, _ message: A2AMessage, configuration: A2ASendMessageConfiguration,
        into output: Events.Continuation, taskID: AsyncStream<String>.Continuation
    ) async {
        defer { taskID.finish() }
        do {
            for try await event in try await client.stream(message, configuration: configuration) {
                if let id = event.response.taskID { taskID.yield(id) }
                output.yield(event)
            }
            output.finish()
        } catch {
            output.finish(throwing: error)
        }
    }
}
