public import A2A
public import Logging
public import ServiceLifecycle
import Synchronization

/// Runs an agent: the A2A service that turns messages into turns of the agent, and task logs into answers.
///
/// Turns run in the group of ``run()``, so the runtime must be running for messages to be answered; calls that come earlier
/// wait. On graceful shutdown no turn begins any more, those at work have ``RuntimeConfiguration/shutdownGrace`` to end,
/// and streams end with `.unavailable`.
public final class TaskRuntime: A2AService, Service {
    let configuration: RuntimeConfiguration
    let store: any TaskStore
    let log: TaskLog
    let ledger: MessageLedger
    let turns: TurnTable
    let longPolls: LongPolls
    let logger: Logger
    let deliverer: PushDeliverer?
    let runner: TurnRunner
    let leftovers = Leftovers()
    private let extendedCard: (@Sendable (A2AAgentCard, CallContext) async throws -> A2AAgentCard?)?
    private let policyBox: Mutex<CardPolicy>
    private let jobs: AsyncStream<Job>
    private let jobInput: AsyncStream<Job>.Continuation

    private typealias Job = @Sendable () async -> Void

    /// - Parameters:
    ///   - agent: What answers messages.
    ///   - card: The public card. Its capabilities and media types are what calls are checked against.
    ///   - store: Where task logs live.
    ///   - push: How push notifications are sent; `nil` if they are not. The card's capabilities must say so too.
    ///   - extendedCard: Makes the card for authenticated callers from the public one (§3.1.11); `nil` if there is none.
    public init(
        agent: any Agent,
        card: A2AAgentCard,
        store: any TaskStore = MemoryTaskStore(),
        push: PushNotifications? = nil,
        configuration: RuntimeConfiguration = .init(),
        logger: Logger = Logger(label: "a2a.runtime"),
        extendedCard: (@Sendable (_ publicCard: A2AAgentCard, _ context: CallContext) async throws -> A2AAgentCard?)? =
            nil
    ) {
        let (jobs, jobInput) = AsyncStream<Job>.makeStream(bufferingPolicy: .unbounded)
        let spawn: @Sendable (@escaping @Sendable () async -> Void) -> Bool = { job in
            if case .enqueued = jobInput.yield(job) { true } else { false }
        }
        self.configuration = configuration
        self.store = store
        self.deliverer = push.map { PushDeliverer($0, tasks: store, logger: logger) }
        self.log = TaskLog(store: store, watches: TaskWatches(), spawn: spawn, deliverer: self.deliverer)
        self.ledger = MessageLedger(
            window: configuration.deduplicationWindow, capacity: configuration.deduplicationCapacity)
        self.turns = TurnTable(limit: configuration.maxConcurrentTurns)
        self.longPolls = LongPolls(limit: configuration.maxLongPolls)
        self.logger = logger
        self.runner = TurnRunner(
            agent: agent, configuration: configuration, logger: logger,
            leavesTasks: agent.recovery == .resume && store is any DurableTaskStore, leftovers: self.leftovers,
            spawn: spawn)
        self.extendedCard = extendedCard
        self.policyBox = Mutex(CardPolicy(card))
        self.jobs = jobs
        self.jobInput = jobInput
    }

    /// The public card. Setting it changes what calls are checked against from the next call on.
    public var card: A2AAgentCard {
        get { self.policy.card }
        set { self.policyBox.withLock { $0 = CardPolicy(newValue) } }
    }

    /// How long turns may go on when the agent shuts down.
    public var shutdownGrace: Duration { self.configuration.shutdownGrace }

    var policy: CardPolicy { self.policyBox.withLock { $0 } }

    // MARK: Running

    /// Runs turns until graceful shutdown or cancellation.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.removeExpired() }
                group.addTask { await self.writeLeftovers() }
                if let durable = self.log.durable { group.addTask { await self.keepLease(durable) } }
                if let deliverer = self.deliverer { group.addTask { await deliverer.run() } }
                for await job in self.jobs { group.addTask { await job() } }
                // Shut down, or cancelled: no turn begins any more, and nobody is left waiting.
                self.turns.drain()
                self.log.watches.close()
                self.runner.workers.close()
                group.cancelAll()
            }
            self.turns.endAll()
        } onGracefulShutdown: {
            self.turns.drain()
            self.jobInput.yield { await self.endTurns() }
        }
    }

    /// Gives the turns at work their grace, then stops them; then sends the readers away and ends the runtime.
    private func endTurns() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                guard (try? await Task.sleep(for: self.configuration.shutdownGrace)) != nil else { return }
                // With a store that lasts, the next process goes on where this one was.
                self.turns.stopAll(self.runner.leavesTasks ? .released : .shutdown)
                // A turn that does not even stop when it is fenced off keeps the runtime, but not the readers.
                guard (try? await Task.sleep(for: self.configuration.cancellationGrace * 2)) != nil else { return }
                self.log.watches.close()
            }
            await self.turns.waitUntilEmpty()
            group.cancelAll()
        }
        self.log.watches.close()
        self.runner.workers.close()
        await self.endLease()
        await self.deliverer?.flush()
        self.jobInput.finish()
    }

    private func endLease() async {
        do {
            try await self.log.durable?.endLease()
        } catch {
            // It ends by itself.
            self.logger.error("the lease cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    private func removeExpired() async {
        while (try? await Task.sleep(for: self.configuration.retentionInterval)) != nil {
            do {
                try await self.store.removeExpired()
                try await self.deliverer?.store.removeExpired()
            } catch {
                self.logger.error("retention failed", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Turns

    /// Starts a turn in the runtime's group.
    func start(_ turn: Turn, settle: @escaping @Sendable () -> Void) {
        let execution = turn.execution
        let whenDone: @Sendable () -> Void = {
            self.endTurn(execution)
            execution.noteSettled()
            settle()
        }
        let isStarted = self.runner.start(
            TurnJob(
                turn: turn,
                nextTurn: { message in
                    if self.log.durable != nil {
                        let opening = TurnOpening(
                            messageID: message.messageID, configuration: turn.configuration, metadata: turn.metadata,
                            context: turn.context)
                        execution.goesOn(with: TurnNote(opening: opening))
                    }
                    let task = try await self.store.snapshot(
                        of: execution.taskID, in: execution.scope, historyLength: nil)?.task
                    return self.makeTurn(
                        message: message, task: task, configuration: turn.configuration, metadata: turn.metadata,
                        context: turn.context, execution: execution)
                },
                whenDone: whenDone))
        guard !isStarted else { return }
        execution.fail(TurnTable.shuttingDown)
        whenDone()
    }

    /// Notes that a turn is over.
    private func endTurn(_ execution: TurnExecution) {
        self.turns.end(execution)
        guard let durable = self.log.durable, let fence = execution.fenceToGiveBack else { return }
        // Its task waits for the caller. The next turn may begin here at once; in other processes when this is noted.
        _ = self.log.spawn {
            do {
                try await durable.endTurn(of: execution.taskID, in: execution.scope, fence: fence)
            } catch {
                self.logger.error("the end of a turn cannot be noted yet", metadata: ["error": "\(error)"])
                self.leftovers.add(.rest(execution, fence: fence))
            }
        }
    }

    func makeTurn(
        message: A2AMessage, task: A2ATask?, configuration: A2ASendMessageConfiguration, metadata: A2AMetadata,
        context: CallContext, execution: TurnExecution, resumption: Resumption? = nil
    ) -> Turn {
        Turn(
            message: message, task: task, configuration: configuration, metadata: metadata, context: context,
            logger: self.logger, execution: execution, resumption: resumption
        ) { [store = self.store, scope = execution.scope] id in
            try await execution.flush()
            return try await store.snapshot(of: id, in: scope, historyLength: nil)?.task
        }
    }

    // MARK: Cards

    public func getAgentCard(context: CallContext) async throws -> A2AAgentCard { self.policy.card }

    public func getExtendedAgentCard(
        _ request: A2AGetExtendedAgentCardRequest, context: CallContext
    ) async throws -> A2AAgentCard {
        let context = try self.admit(context, tenant: request.tenant)
        let policy = self.policy
        try policy.requireExtendedCard()
        if !policy.card.securityRequirements.isEmpty, context.principal.isAnonymous {
            throw A2AError(.unauthenticated, "The extended card is for authenticated callers.")
        }
        guard let card = try await self.extendedCard?(policy.card, context) else {
            throw A2AError(
                .extendedAgentCardNotConfigured, "This agent declares an extended card but has none configured.")
        }
        return card
    }

    /// Checks what holds for every call; returns the context with its tenant settled.
    func admit(_ context: CallContext, tenant: String) throws -> CallContext {
        var context = context
        if context.tenant.isEmpty {
            context.tenant = tenant
        } else if !tenant.isEmpty, tenant != context.tenant {
            throw A2AError.invalidParams(
                field: "tenant", "is '\(tenant.prefix(100))', but the address of the call says '\(context.tenant)'")
        }
        try self.policy.admit(context)
        if let deliverer = self.deliverer { for sender in deliverer.push.senders { sender.noteCaller(context) } }
        return context
    }
}
