import A2A
import Logging
import Synchronization

/// Delivers push notifications, in the runtime's group.
///
/// At least once, and in order for each configuration: a configuration has one delivery at a time, and its cursor moves when the
/// receiver has taken a notification. Everything that is decided about times and turns is decided by ``PushSchedule``.
final class PushDeliverer: Sendable {
    typealias Key = PushRegistration.Key

    let store: any PushNotificationStore
    let push: PushNotifications
    private let tasks: any TaskStore
    private let logger: Logger
    private let metrics = PushMetrics()
    private let schedule: Mutex<PushSchedule>
    private let wakeUp = WakeUp()
    /// How many lanes there are: what writes to a log looks here first.
    private let laneCount = Atomic<Int>(0)
    /// Since when this process delivers: the time before, in which perhaps nobody did, is not counted against a receiver.
    private let begun: A2ATimestamp

    private var environment: PushNotifications.Environment { self.push.environment }

    /// How many registrations are read at once when delivery begins.
    private static let loadPageSize = 100
    /// How long delivery waits when the store fails.
    private static let storePause: Duration = .seconds(1)

    init(_ push: PushNotifications, tasks: any TaskStore, logger: Logger) {
        self.push = push
        self.store = push.store
        self.tasks = tasks
        self.logger = logger
        self.begun = push.environment.wallClock()
        self.schedule = Mutex(PushSchedule(limits: push.limits))
        for sender in push.senders {
            sender.begin { [weak self] in self?.reachable($0) }
        }
    }

    // MARK: Lanes

    /// What fails together with a configuration; empty if nothing sends to its URL.
    func destination(of configuration: A2ATaskPushNotificationConfig) -> String {
        self.push.sender(for: configuration.url)?.destination(of: configuration) ?? ""
    }

    /// Takes a registration up that was put into the store.
    func add(_ registration: PushRegistration) { self.add(registration, unlessKnown: false) }

    /// Prepares for a registration whose task is still to be made; before it is put into the store.
    func expect(_ key: Key, _ configuration: A2ATaskPushNotificationConfig) {
        self.change { $0.add(key, destination: self.destination(of: configuration), .idle) }
    }

    private func add(_ registration: PushRegistration, unlessKnown: Bool) {
        guard registration.progress.state == .active else { return }
        let now = self.environment.now()
        var start = PushSchedule.Start.ready
        if let time = registration.progress.nextAttempt {
            // Whatever the clock has done since: never longer than a wait can be.
            let left = time.milliseconds - self.environment.wallClock().milliseconds
            let most = max(self.push.limits.backoff.limit, self.push.limits.maxRetryAfter).milliseconds
            if left > 0 { start = .waiting(until: now + .milliseconds(min(left, most))) }
        }
        let destination = self.destination(of: registration.configuration)
        self.change { schedule in
            if unlessKnown, schedule.has(registration.key) { return }
            schedule.add(registration.key, destination: destination, start)
        }
    }

    func remove(_ key: Key) { self.change { $0.remove(key) } }

    /// A task's log has grown.
    func grew(_ taskID: String) {
        guard self.laneCount.load(ordering: .relaxed) > 0 else { return }
        if self.schedule.withLock({ $0.grew(taskID) }) { self.wakeUp.set() }
    }

    /// What waits for a destination is tried at once.
    func reachable(_ destination: String) { self.change { $0.reachable(destination) } }

    private func change(_ body: (inout sending PushSchedule) -> Void) {
        self.schedule.withLock { schedule in
            body(&schedule)
            self.laneCount.store(schedule.laneCount, ordering: .relaxed)
        }
        self.wakeUp.set()
    }

    /// Whether a destination is left alone just now.
    func breaker(of destination: String) -> PushNotificationStatus.Breaker {
        let breaker = self.schedule.withLock { $0.breaker(of: destination) }
        guard breaker.isOpen else { return .closed }
        guard let until = breaker.pausedUntil else { return .probing }
        let left = (until - self.environment.now()).milliseconds
        return .open(until: A2ATimestamp(milliseconds: self.environment.wallClock().milliseconds + max(0, left)))
    }

    // MARK: Running

    /// Delivers until it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.takeUp() }
            while !Task.isCancelled {
                switch self.schedule.withLock({ $0.next(now: self.environment.now()) }) {
                case .start(let key, let destination): group.addTask { await self.serve(key, destination) }
                case .wait(let time): await self.wait(until: time)
                }
            }
            group.cancelAll()
        }
    }

    private func wait(until time: ContinuousClock.Instant?) async {
        guard let time else { return await self.wakeUp.wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wakeUp.wait() }
            group.addTask { try? await self.environment.sleep(time) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Takes up what an earlier run has left, and what other processes do.
    private func takeUp() async {
        await self.load()
        guard let interval = self.store.claimInterval else { return }
        while (try? await self.environment.sleep(self.environment.now() + interval)) != nil {
            do {
                let news = try await self.store.renewClaims()
                for taskID in news.grown { self.grew(taskID) }
                if news.hasOrphans { await self.load() }
            } catch {
                self.logger.error("push configurations cannot be claimed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func load() async {
        var token: String?
        repeat {
            do {
                let page = try await self.store.claim(pageSize: Self.loadPageSize, pageToken: token)
                for registration in page.registrations { self.add(registration, unlessKnown: true) }
                token = page.next
            } catch {
                self.logger.error("push configurations cannot be read", metadata: ["error": "\(error)"])
                guard (try? await self.environment.sleep(self.environment.now() + Self.storePause)) != nil else {
                    return
                }
            }
        } while token != nil && !Task.isCancelled
    }

    /// Waits until what can be sent at once is sent, but not beyond the grace.
    func flush() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled, !self.schedule.withLock({ $0.isQuiet(now: self.environment.now()) }) {
                    // Seldom, short, and at the very end: not worth a list of those who wait.
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            group.addTask { try? await Task.sleep(for: self.push.limits.shutdownGrace) }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: One lane

    private func serve(_ key: Key, _ destination: String) async {
        let finish: PushSchedule.Finish
        do {
            finish = try await self.deliver(key, destination)
        } catch {
            finish = .retry(at: self.environment.now() + Self.storePause)
            if !Task.isCancelled {
                self.logger.error("push notifications cannot be read or noted", metadata: ["error": "\(error)"])
            }
        }
        self.change { $0.finish(key, at: destination, finish, now: self.environment.now()) }
    }

    private func deliver(_ key: Key, _ destination: String) async throws -> PushSchedule.Finish {
        guard let registration = try await self.store.claim(key), registration.progress.state == .active else {
            return .ended
        }
        var progress = registration.progress
        guard let sender = self.push.sender(for: registration.configuration.url) else {
            // Made when the agent was started otherwise; perhaps it will be again.
            let outcome = PushOutcome.failed(reason: "no sender for its scheme", isDestinationAtFault: false)
            return try await self.failed(outcome, registration, progress, destination)
        }
        var delivery = PushDelivery(registration, tasks: self.tasks)
        for _ in 0..<max(1, self.push.limits.batch) {
            if Task.isCancelled { return .more }
            switch try await delivery.next(progress) {
            case .nothing:
                return .caughtUp
            case .neverMade:
                _ = try await self.store.remove(key)
                return .ended
            case .gone:
                let reason = "its task was removed before everything was delivered"
                return try await self.giveUp(registration, progress, reason, destination)
            case .notification(let notification, let isSnapshot, let endsTask):
                let start = self.environment.now()
                let outcome = await sender.send(notification)
                // Interrupted on the way: whether it was taken is not known, so it goes out again.
                if Task.isCancelled, outcome != .delivered { return .more }
                self.metrics.attempted(outcome, took: self.environment.now() - start)
                guard outcome == .delivered else {
                    return try await self.failed(outcome, registration, progress, destination)
                }
                self.note(key, destination, succeeded: true)
                if isSnapshot, !progress.needsSnapshot { self.noteGap(registration, destination) }
                progress.taken(notification.generation, isSnapshot: isSnapshot, endsTask: endsTask)
                let isCurrent = try await self.store.record(progress, for: key, revision: registration.revision)
                if !isCurrent || endsTask { return .ended }
            }
        }
        return .more
    }

    private func failed(
        _ outcome: PushOutcome, _ registration: PushRegistration, _ progress: PushProgress, _ destination: String
    ) async throws -> PushSchedule.Finish {
        let limits = self.push.limits
        switch outcome {
        case .delivered: return .more
        case .refused(let reason):
            self.note(registration.key, destination, succeeded: true)
            return try await self.giveUp(registration, progress, reason, destination)
        case .failed(let reason, let retryAfter, let isDestinationAtFault):
            self.note(registration.key, destination, succeeded: !isDestinationAtFault)
            var progress = progress
            let now = self.environment.wallClock()
            let since = progress.failingSince ?? now
            progress.attempts += 1
            progress.failingSince = since
            progress.lastFailure = reason
            if progress.attempts >= limits.maxAttempts {
                let words = "failed \(progress.attempts) times, at last: \(reason)"
                return try await self.giveUp(registration, progress, words, destination)
            }
            let counted = max(since.milliseconds, self.begun.milliseconds)
            if now.milliseconds - counted >= limits.maxAge.milliseconds {
                return try await self.giveUp(
                    registration, progress, "failed for \(limits.maxAge), at last: \(reason)", destination)
            }
            var delay = limits.backoff.delay(attempt: progress.attempts, random: self.environment.random())
            if let retryAfter { delay = max(delay, min(retryAfter, limits.maxRetryAfter)) }
            progress.nextAttempt = A2ATimestamp(milliseconds: now.milliseconds + delay.milliseconds)
            self.logger.debug(
                "push notification failed", metadata: self.metadata(registration, destination, reason))
            let isCurrent = try await self.store.record(
                progress, for: registration.key, revision: registration.revision)
            return isCurrent ? .retry(at: self.environment.now() + delay) : .ended
        }
    }

    /// The dead letter: the configuration stays, with the reason, and sends nothing more.
    private func giveUp(
        _ registration: PushRegistration, _ progress: PushProgress, _ reason: String, _ destination: String
    ) async throws -> PushSchedule.Finish {
        var progress = progress
        progress.giveUp(reason)
        if try await self.store.record(progress, for: registration.key, revision: registration.revision) {
            self.metrics.gaveUp()
            self.logger.warning(
                "push notifications were given up", metadata: self.metadata(registration, destination, reason))
        }
        return .ended
    }

    private func note(_ key: Key, _ destination: String, succeeded: Bool) {
        let hasOpened = self.schedule.withLock {
            $0.sent(
                of: key, to: destination, succeeded: succeeded, now: self.environment.now(),
                random: self.environment.random())
        }
        guard hasOpened else { return }
        self.metrics.leftAlone()
        self.logger.notice("push destination is left alone for a while", metadata: ["destination": "\(destination)"])
    }

    private func noteGap(_ registration: PushRegistration, _ destination: String) {
        self.metrics.sentSnapshot()
        self.logger.notice(
            "push receiver was away for too long and was sent the task instead of its events",
            metadata: self.metadata(registration, destination, "events no longer kept"))
    }

    // The URL's path and query may hold secrets; its host does not.
    private func metadata(
        _ registration: PushRegistration, _ destination: String, _ reason: String
    ) -> Logger.Metadata {
        [
            "a2a.task_id": "\(registration.configuration.taskID)", "config": "\(registration.configuration.id)",
            "destination": "\(destination)", "reason": "\(reason)",
        ]
    }
}
