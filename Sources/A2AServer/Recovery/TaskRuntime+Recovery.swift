import A2A
import Logging

// What a runtime does for its turns to outlive the process: it keeps a lease, takes over the turns of processes that are gone, and
// follows what others write.

extension TaskRuntime {
    /// Keeps the lease until it is cancelled.
    func keepLease(_ store: any DurableTaskStore) async {
        let limits = self.configuration.recovery
        var isShared = false
        var nextBeat = SuspendingClock.now
        // Taken over, but the store failed before they could go on.
        var waiting: [OrphanedTurn] = []
        await store.beginLease()
        repeat {
            do {
                let now = SuspendingClock.now
                if now >= nextBeat {
                    nextBeat = now + limits.heartbeatInterval
                    let beat = try await store.beat(now: now, leaseLength: limits.leaseLength)
                    isShared = beat.isShared
                    if beat.wasLost {
                        // Turns that begin from now on are of the new lease, and stay.
                        self.loseLease()
                        waiting = []
                        await store.beginLease()
                        nextBeat = now
                    }
                    waiting = await self.recover(waiting)
                    if beat.hasOrphans, !self.turns.isDraining { try await self.takeOrphans(from: store, &waiting) }
                }
                if isShared, try await store.othersHaveWritten() { try await self.followOthers(store) }
            } catch {
                guard !Task.isCancelled else { return }
                self.logger.error("the lease cannot be kept", metadata: ["error": "\(error)"])
            }
            let pause = isShared ? min(limits.sharedLogInterval, limits.heartbeatInterval) : limits.heartbeatInterval
            guard (try? await Task.sleep(until: min(nextBeat, .now + pause), clock: .suspending)) != nil else { return }
        } while !Task.isCancelled
    }

    /// Others have taken this process for dead: its turns are theirs, and its readers do well to come again.
    private func loseLease() {
        self.logger.warning("this process was silent for too long; others go on with its tasks")
        self.turns.stopAll(.released)
        self.log.watches.interrupt(
            A2AError(
                .unavailable, "This process was silent for too long. Subscribe again to go on.",
                details: [.retryInfo(.milliseconds(100))]))
    }

    /// Goes on with the turns of processes that are gone, as far as there is room.
    ///
    /// - Parameter waiting: Gets those that could not be taken up for now.
    private func takeOrphans(from store: any DurableTaskStore, _ waiting: inout [OrphanedTurn]) async throws {
        let step = max(1, self.configuration.recovery.orphansPerStep)
        var limit = min(step, self.turns.room)
        // The rest waits for the next beat.
        while limit > 0, !Task.isCancelled {
            let orphans = try await store.takeOrphans(limit: limit)
            waiting += await self.recover(orphans)
            guard orphans.count == limit else { return }
            limit = min(step, self.turns.room)
        }
    }

    /// - Returns: Those that could not be taken up, because the store failed.
    private func recover(_ orphans: [OrphanedTurn]) async -> [OrphanedTurn] {
        var failed: [OrphanedTurn] = []
        for orphan in orphans {
            do {
                guard
                    let snapshot = try await self.store.snapshot(
                        of: orphan.taskID, in: orphan.scope, historyLength: nil)
                else { continue }
                try await self.recover(orphan, snapshot)
            } catch {
                self.logger.error(
                    "a task cannot be taken up", metadata: ["a2a.task_id": "\(orphan.taskID)", "error": "\(error)"])
                failed.append(orphan)
            }
        }
        return failed
    }

    private func recover(_ orphan: OrphanedTurn, _ snapshot: TaskSnapshot) async throws {
        let task = snapshot.task
        let metadata: Logger.Metadata = ["a2a.task_id": "\(task.id)"]
        guard self.runner.agent.recovery == .resume else {
            self.logger.notice("task of an earlier process fails", metadata: metadata)
            return try await self.failOrphan(
                orphan,
                "The agent was restarted while it worked on this task, and does not go on with it. Send the "
                    + "message again to begin anew.")
        }
        guard orphan.attempts <= self.configuration.recovery.maxAttempts else {
            self.logger.error("task was taken up too often without success", metadata: metadata)
            return try await self.failOrphan(
                orphan,
                "The agent was restarted \(orphan.attempts) times in a row while it worked on this task, and gives up.")
        }
        let opening: TurnOpening
        do {
            opening = try TurnOpening(decoding: orphan.opening)
        } catch {
            self.logger.error("the beginning of a turn cannot be read", metadata: metadata)
            return try await self.failOrphan(orphan, "The agent was restarted and cannot read how this task began.")
        }
        guard let place = task.history.lastIndex(where: { $0.messageID == opening.messageID && $0.role != .agent })
        else {
            self.logger.error("the message that began a turn is no longer in the history", metadata: metadata)
            return try await self.failOrphan(
                orphan, "The agent was restarted, and the message that it worked on is no longer in the history.")
        }
        self.resume(orphan, snapshot, opening, message: place)
    }

    private func resume(_ orphan: OrphanedTurn, _ snapshot: TaskSnapshot, _ opening: TurnOpening, message place: Int) {
        let task = snapshot.task
        let events = max(0, Int(clamping: snapshot.generation - orphan.since) - orphan.received)
        let resumption = Resumption(
            events: events, generation: snapshot.generation,
            messages: task.history[(place + 1)...].filter { $0.role != .agent }, attempt: orphan.attempts)
        let execution = TurnExecution(
            taskID: task.id, contextID: task.contextID, scope: orphan.scope, opening: task.history[place],
            state: TurnState(
                resuming: task.status.state, fence: orphan.fence, hasAnswered: events > 0,
                messages: resumption.messages),
            log: self.log)
        // During shutdown the lease ends soon, and the turn is an orphan again.
        guard self.turns.resume(execution) else { return }
        self.logger.notice(
            "going on with a task of an earlier process",
            metadata: ["a2a.task_id": "\(task.id)", "events": "\(events)", "attempt": "\(orphan.attempts)"])
        self.start(
            self.makeTurn(
                message: task.history[place], task: task, configuration: opening.configuration,
                metadata: opening.metadata, context: opening.callContext, execution: execution,
                resumption: resumption), settle: {})
    }

    private func failOrphan(_ orphan: OrphanedTurn, _ words: String) async throws {
        do {
            _ = try await self.log.append(
                [TaskChange(.status(A2ATaskStatus(.failed, message: .agent(words))))], to: orphan.taskID,
                in: orphan.scope, condition: AppendCondition(fence: orphan.fence))
        } catch is TaskConflict {
            // Somebody else has ended it or taken it over.
        }
    }

    /// Tells readers and turns of this process what other processes have written.
    private func followOthers(_ store: any DurableTaskStore) async throws {
        let ids = Set(self.log.watches.taskIDs).union(self.turns.taskIDs)
        for progress in try await store.progress(of: Array(ids)) {
            self.log.announce(progress.appended, of: progress.taskID)
            guard let running = self.turns[progress.taskID] else { continue }
            if progress.appended.state.isTerminal {
                running.stop(.cancelled)
            } else if running.hasBegun, progress.appended.fence > running.fence {
                running.stop(.released)
            }
        }
    }

    /// Tells the binding which log the numbers of events belong to, where they outlive the process.
    func nameLog(_ context: CallContext) async throws {
        guard let durable = self.log.durable else { return }
        context.response.logEpoch = try await durable.incarnation()
    }

    /// What a durable store notes when a turn begins; `nil` if the store keeps nothing beyond this process.
    func note(of request: A2ASendMessageRequest, context: CallContext) throws -> TurnNote? {
        guard self.log.durable != nil else { return nil }
        let opening = TurnOpening(request, context: context)
        guard let window = self.configuration.deduplicationWindow else { return TurnNote(opening: opening) }
        return TurnNote(opening: opening, message: try request.message.key(), window: window)
    }

    /// What a message was answered with before this process knew of it.
    func knownAnswer(to note: TurnNote?, in scope: Scope) async throws -> KnownAnswer? {
        guard let key = note?.message, !key.id.isEmpty, let durable = self.log.durable else { return nil }
        return try await durable.answer(to: key, in: scope)
    }
}
