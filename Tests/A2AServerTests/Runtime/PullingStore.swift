import A2A

@testable import A2AServer

/// A store whose disk can be held up and can fail: steps are made out when it comes to write them.
struct PullingStore: DurableTaskStore {
    var base = MemoryTaskStore()
    /// Called before a step is made out.
    var onWrite: @Sendable () async throws -> Void = {}
    /// Called with what is about to be written.
    var onStep: @Sendable (TurnStep) async throws -> Void = { _ in }
    /// Whether each step is made out twice, as if the first transaction had been undone.
    var undoesFirst = false

    func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep
    ) async throws -> Written {
        try await self.onWrite()
        if self.undoesFirst { _ = try step() }
        let step = try step()
        try await self.onStep(step)
        return try await self.base.write(step, to: id, in: scope)
    }

    // MARK: As in memory

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        try await self.base.create(task, then: changes, in: scope)
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        try await self.base.append(changes, to: id, in: scope, condition: condition)
    }

    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        try await self.base.snapshot(of: id, in: scope, historyLength: historyLength)
    }

    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage {
        try await self.base.events(of: id, in: scope, after: generation, limit: limit)
    }

    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        try await self.base.list(query, in: scope)
    }

    func removeExpired() async throws { try await self.base.removeExpired() }

    // MARK: One process for ever

    func incarnation() async throws -> UInt64 { 1 }

    func create(
        _ task: A2ATask, then changes: [TaskChange], in scope: Scope, turn: TurnRecord
    ) async throws -> CreatedTask { try await self.create(task, then: changes, in: scope) }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, turn: TurnRecord
    ) async throws -> Appended { try await self.append(changes, to: id, in: scope, condition: condition) }

    func endTurn(of id: String, in scope: Scope, fence: Int64) async throws {}
    func giveUpTurn(of id: String, in scope: Scope, fence: Int64) async throws {}
    func note(_ reply: A2AMessage, to turn: TurnRecord, in scope: Scope) async throws {}
    func answer(to message: MessageKey, in scope: Scope) async throws -> KnownAnswer? { nil }
    func beat(now: SuspendingClock.Instant, leaseLength: Duration) async throws -> LeaseBeat {
        LeaseBeat(wasLost: false, hasOrphans: false, isShared: false)
    }
    func takeOrphans(limit: Int) async throws -> [OrphanedTurn] { [] }
    func othersHaveWritten() async throws -> Bool { false }
    func progress(of ids: [String]) async throws -> [TaskProgress] { [] }
    func beginLease() async {}
    func endLease() async throws {}
}

/// Runs a body with something that carries out jobs beside it, as a runtime does for its turns.
func withSpawner(
    _ body: (@escaping @Sendable (@escaping @Sendable () async -> Void) -> Bool) async throws -> Void
) async throws {
    let (jobs, input) = AsyncStream<@Sendable () async -> Void>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            await withDiscardingTaskGroup { group in
                for await job in jobs { group.addTask { await job() } }
            }
        }
        defer { input.finish() }
        try await body { job in
            if case .enqueued = input.yield(job) { true } else { false }
        }
    }
}
