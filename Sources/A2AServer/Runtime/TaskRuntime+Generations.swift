import A2A

// What the draft of version 1.1 adds (§3.2.7): tasks tell their generation, GetTask can wait for the next one, and a message can
// depend on the one that its sender has seen.

extension TaskRuntime {
    /// GetTask that waits until the task's generation is beyond one, or the task has ended, or it has waited long enough; then it
    /// answers the task as it is.
    ///
    /// Who waits holds a watch and nothing else. Too many of them are answered at once, as the specification allows.
    func getTask(_ request: A2AGetTaskRequest, beyond generation: Int64, context: CallContext) async throws -> A2ATask {
        let (id, scope) = (request.id, Scope(context))
        let historyLength = request.hasHistoryLength ? Int(request.historyLength) : nil
        // The watch is taken before the snapshot: whatever is appended after the snapshot is announced to it.
        let handle = self.log.watches.watch(id)
        guard let known = try await self.store.snapshot(of: id, in: scope, historyLength: historyLength) else {
            throw A2AError.taskNotFound(id)
        }
        guard known.generation <= generation, !known.task.status.state.isTerminal, self.longPolls.begin() else {
            return known.task(for: context.version)
        }
        defer { self.longPolls.end() }
        do {
            try await withDeadline(self.endOfLongPoll(context)) {
                try await handle.watch.wait(for: .eventOrEnd, after: generation)
            }
        } catch let error as A2AError where error.code == .deadlineExceeded || error.code == .unavailable {
            // The time is over, or the agent shuts down: the caller gets what there is.
        }
        guard let snapshot = try await self.store.snapshot(of: id, in: scope, historyLength: historyLength) else {
            throw A2AError.taskNotFound(id)
        }
        return snapshot.task(for: context.version)
    }

    /// The caller's own deadline leaves a tenth of its time for the answer.
    private func endOfLongPoll(_ context: CallContext) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        guard let deadline = context.deadline else { return now + self.configuration.longPollLimit }
        return now + min(self.configuration.longPollLimit, now.duration(to: deadline) / 10 * 9)
    }

    static func mismatch(_ id: String, expected: Int64?, current: Int64) -> A2AError {
        var metadata = ["taskId": id, "currentGeneration": "\(current)"]
        if let expected { metadata["expectedGeneration"] = "\(expected)" }
        return A2AError(
            .taskGenerationMismatch,
            "Task '\(id)' stands at generation \(current)\(expected.map { ", not \($0)" } ?? ""). Get the task and decide anew.",
            details: [.errorInfo(reason: A2AError.Code.taskGenerationMismatch.reason, metadata: metadata)])
    }
}

extension TaskSnapshot {
    /// The task as callers of a version see it.
    func task(for version: ProtocolVersion) -> A2ATask {
        guard version.hasGenerations else { return self.task }
        var task = self.task
        task.generation = self.generation
        return task
    }
}

extension A2ASendMessageRequest {
    /// The generation that the named task must stand at; `nil` if the message goes to it in any case.
    func generationToMatch(in version: ProtocolVersion) -> Int64? {
        guard version.hasGenerations, self.configuration.hasIfGenerationMatch else { return nil }
        return self.configuration.ifGenerationMatch
    }
}
