import A2A
import A2AServer
import A2ATesting
import Synchronization

/// A log that several simulated processes share, in memory.
actor SimulatedLog {
    private struct Turn {
        var owner: Int?
        var opening: [UInt8]
        var since: Int64
        var received = 0
        var attempts = 0
        var takenAt: Int64 = 0
    }

    private struct Message: Hashable {
        var scope: Scope
        var id: String
    }

    private let tasks: MemoryTaskStore
    private let wallClock: ManualWallClock
    private var leases: [Int: (beat: Int, isOver: Bool)] = [:]
    private var lastLease = 0
    private var turns: [String: (scope: Scope, turn: Turn)] = [:]
    private var messages: [Message: (fingerprint: UInt64, answer: KnownAnswer, expires: Int64)] = [:]
    private var writes = 0
    private var heads: [String: Appended] = [:]

    init(_ demands: TaskStoreContract.Demands = .init()) {
        var retention = MemoryTaskStore.Retention()
        retention.tasks = demands.maxTasks
        retention.eventsPerTask = demands.maxEventsPerTask
        retention.age = demands.maxAge
        self.wallClock = demands.wallClock
        self.tasks = MemoryTaskStore(retention: retention) { [clock = demands.wallClock] in clock.now }
    }

    // MARK: Leases

    func newLease() -> Int {
        self.lastLease += 1
        self.leases[self.lastLease] = (0, false)
        return self.lastLease
    }

    func isHeld(_ lease: Int) -> Bool { self.leases[lease]?.isOver == false }

    func beat(_ lease: Int) -> Bool {
        guard self.isHeld(lease) else { return false }
        self.leases[lease]?.beat += 1
        return true
    }

    func others(than lease: Int) -> [(lease: Int, beat: Int)] {
        self.leases.filter { $0.key != lease && !$0.value.isOver }.map { ($0.key, $0.value.beat) }
    }

    func end(_ lease: Int) { self.leases[lease]?.isOver = true }

    var hasOrphans: Bool {
        self.leases.contains { $0.value.isOver } || self.turns.contains { $0.value.turn.owner == 0 }
    }

    // MARK: Tasks

    func create(
        _ task: A2ATask, _ changes: [TaskChange], _ scope: Scope, _ record: TurnRecord?, by lease: Int
    ) async throws -> CreatedTask {
        if let record {
            guard self.isHeld(lease) else { throw TaskConflict.fenced }
            try await self.requireNew(record, scope)
        }
        let created = try await self.tasks.create(task, then: changes, in: scope)
        self.writes += 1
        self.note(record, .task(task.id), scope)
        if let record {
            self.turns[task.id] = (scope, Turn(owner: lease, opening: record.opening ?? [], since: 1))
        }
        self.settle(task.id, created.appended)
        return created
    }

    func append(
        _ changes: [TaskChange], _ id: String, _ scope: Scope, _ condition: AppendCondition, _ record: TurnRecord?,
        by lease: Int
    ) async throws -> Appended {
        guard let before = try await self.tasks.snapshot(of: id, in: scope, historyLength: 0) else {
            throw TaskConflict.notFound
        }
        if let record {
            guard self.isHeld(lease) else { throw TaskConflict.fenced }
            try await self.requireNew(record, scope)
            if condition.beginsTurn, let owner = self.turns[id]?.turn.owner, owner != lease,
                before.task.status.state.isActive || self.isHeld(owner)
            {
                throw TaskConflict.busy
            }
        }
        let appended = try await self.tasks.append(changes, to: id, in: scope, condition: condition)
        self.writes += 1
        self.turns[id]?.turn.received += changes.count { $0.received != nil }
        self.note(record, .task(id), scope)
        if let opening = record?.opening {
            let since = condition.beginsTurn ? appended.generation : before.generation
            self.turns[id] = (scope, Turn(owner: lease, opening: opening, since: since))
        }
        self.settle(id, appended)
        return appended
    }

    private func requireNew(_ record: TurnRecord, _ scope: Scope) async throws {
        guard let key = record.message else { return }
        switch try await self.answer(key, scope) {
        case .task(let id): throw TaskConflict.repeated(task: id)
        case .message: throw TaskConflict.repeated(task: nil)
        case nil: break
        }
    }

    private func note(_ record: TurnRecord?, _ answer: KnownAnswer, _ scope: Scope) {
        guard let key = record?.message else { return }
        let expires = self.wallClock.now.milliseconds + (record?.window ?? .zero).milliseconds
        self.messages[Message(scope: scope, id: key.id)] = (key.fingerprint, answer, expires)
    }

    func note(_ reply: A2AMessage, _ record: TurnRecord, _ scope: Scope, by lease: Int) async throws {
        guard self.isHeld(lease) else { throw TaskConflict.fenced }
        try await self.requireNew(record, scope)
        self.note(record, .message(reply), scope)
    }

    private func settle(_ id: String, _ appended: Appended) {
        self.heads[id] = appended
        if appended.state.isTerminal { self.turns[id] = nil }
    }

    func endTurn(_ id: String, _ scope: Scope, _ fence: Int64) async throws {
        // Only its own turn has the fencing number.
        do {
            _ = try await self.tasks.append([], to: id, in: scope, condition: AppendCondition(fence: fence))
            self.turns[id]?.turn.owner = nil
        } catch is TaskConflict {}
    }

    func giveUpTurn(_ id: String, _ scope: Scope, _ fence: Int64) async throws {
        do {
            let appended = try await self.tasks.append([], to: id, in: scope, condition: AppendCondition(fence: fence))
            if appended.state.isActive { self.turns[id]?.turn.owner = 0 }
        } catch is TaskConflict {}
    }

    func answer(_ key: MessageKey, _ scope: Scope) async throws -> KnownAnswer? {
        guard let known = self.messages[Message(scope: scope, id: key.id)], known.fingerprint == key.fingerprint,
            known.expires > self.wallClock.now.milliseconds
        else { return nil }
        guard case .task(let id) = known.answer else { return known.answer }
        return try await self.tasks.snapshot(of: id, in: scope, historyLength: 0) != nil ? known.answer : nil
    }

    func takeOrphans(_ limit: Int, by lease: Int) async throws -> [OrphanedTurn] {
        var taken: [OrphanedTurn] = []
        for (id, (scope, turn)) in self.turns.sorted(by: { $0.key < $1.key }) where taken.count < limit {
            guard let owner = turn.owner, self.leases[owner]?.isOver ?? true,
                let snapshot = try await self.tasks.snapshot(of: id, in: scope, historyLength: 0),
                snapshot.task.status.state.isActive
            else { continue }
            let appended = try await self.tasks.append(
                [], to: id, in: scope, condition: AppendCondition(beginsTurn: true))
            var turn = turn
            turn.attempts = turn.takenAt == snapshot.generation ? turn.attempts + 1 : 1
            turn.takenAt = snapshot.generation
            turn.owner = lease
            self.turns[id] = (scope, turn)
            self.heads[id] = appended
            self.writes += 1
            taken.append(
                OrphanedTurn(
                    taskID: id, scope: scope, opening: turn.opening, fence: appended.fence, since: turn.since,
                    received: turn.received, attempts: turn.attempts))
        }
        if taken.count < limit { self.leases = self.leases.filter { !$0.value.isOver } }
        return taken
    }

    func progress(_ ids: [String]) -> [TaskProgress] {
        ids.compactMap { id in self.heads[id].map { TaskProgress(taskID: id, appended: $0) } }
    }

    var writeCount: Int { self.writes }
    nonisolated var base: MemoryTaskStore { self.tasks }
}

/// One process that uses the log.
final class SimulatedProcess: DurableTaskStore {
    private struct State {
        var lease: Int?
        var hasLeft = false
        var seen: [Int: (beat: Int, at: SuspendingClock.Instant)] = [:]
        var writes = 0
    }

    let log: SimulatedLog
    private let state = Mutex(State())
    /// Whether the beats of the process stay out, as if it were paused.
    let isPaused = Atomic(false)
    /// Whether replies cannot be written.
    let isBroken = Atomic(false)
    private let hook = Mutex<(@Sendable () async throws -> Void)?>(nil)

    /// Called before a task is made.
    var onCreate: (@Sendable () async throws -> Void)? {
        get { self.hook.withLock { $0 } }
        set { self.hook.withLock { $0 = newValue } }
    }

    /// The lease that the process has, if any.
    var currentLease: Int? { self.state.withLock { $0.lease } }

    init(_ log: SimulatedLog) { self.log = log }

    private func lease() async -> Int {
        // A lease that nobody has holds nothing.
        if self.state.withLock({ $0.hasLeft }) { return 0 }
        if let lease = self.state.withLock({ $0.lease }) { return lease }
        let lease = await self.log.newLease()
        self.state.withLock { $0.lease = lease }
        return lease
    }

    func incarnation() async throws -> UInt64 { 7 }

    func create(_ task: A2ATask, then changes: [TaskChange], in scope: Scope) async throws -> CreatedTask {
        try await self.log.create(task, changes, scope, nil, by: self.lease())
    }

    func create(
        _ task: A2ATask, then changes: [TaskChange], in scope: Scope, turn: TurnRecord
    ) async throws -> CreatedTask {
        try await self.onCreate?()
        return try await self.log.create(task, changes, scope, turn, by: self.lease())
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition
    ) async throws -> Appended {
        try await self.log.append(changes, id, scope, condition, nil, by: self.lease())
    }

    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, turn: TurnRecord
    ) async throws -> Appended {
        try await self.log.append(changes, id, scope, condition, turn, by: self.lease())
    }

    func snapshot(of id: String, in scope: Scope, historyLength: Int?) async throws -> TaskSnapshot? {
        try await self.log.base.snapshot(of: id, in: scope, historyLength: historyLength)
    }

    func events(of id: String, in scope: Scope, after generation: Int64, limit: Int) async throws -> EventPage {
        try await self.log.base.events(of: id, in: scope, after: generation, limit: limit)
    }

    func list(_ query: TaskQuery, in scope: Scope) async throws -> TaskPage {
        try await self.log.base.list(query, in: scope)
    }

    func removeExpired() async throws { try await self.log.base.removeExpired() }

    func endTurn(of id: String, in scope: Scope, fence: Int64) async throws {
        try await self.log.endTurn(id, scope, fence)
    }

    func giveUpTurn(of id: String, in scope: Scope, fence: Int64) async throws {
        try await self.log.giveUpTurn(id, scope, fence)
    }

    func note(_ reply: A2AMessage, to turn: TurnRecord, in scope: Scope) async throws {
        if self.isBroken.load(ordering: .relaxed) { throw A2AError(.resourceExhausted, "The disk is full.") }
        try await self.log.note(reply, turn, scope, by: self.lease())
    }

    func answer(to message: MessageKey, in scope: Scope) async throws -> KnownAnswer? {
        try await self.log.answer(message, scope)
    }

    func beat(now: SuspendingClock.Instant, leaseLength: Duration) async throws -> LeaseBeat {
        if self.isPaused.load(ordering: .relaxed) || self.state.withLock({ $0.hasLeft }) {
            return LeaseBeat(wasLost: false, hasOrphans: false, isShared: false)
        }
        let lease = await self.lease()
        guard await self.log.beat(lease) else {
            self.state.withLock { state in
                state.hasLeft = true
                state.lease = nil
            }
            return LeaseBeat(wasLost: true, hasOrphans: false, isShared: false)
        }
        let others = await self.log.others(than: lease)
        var live = 0
        for other in others {
            let isOver = self.state.withLock { state in
                if let seen = state.seen[other.lease], seen.beat == other.beat { return now - seen.at > leaseLength }
                state.seen[other.lease] = (other.beat, now)
                return false
            }
            if isOver { await self.log.end(other.lease) } else { live += 1 }
        }
        return LeaseBeat(wasLost: false, hasOrphans: await self.log.hasOrphans, isShared: live > 0)
    }

    func takeOrphans(limit: Int) async throws -> [OrphanedTurn] {
        try await self.log.takeOrphans(limit, by: self.lease())
    }

    func othersHaveWritten() async throws -> Bool {
        let writes = await self.log.writeCount
        return self.state.withLock { state in
            defer { state.writes = writes }
            return state.writes != writes
        }
    }

    func progress(of ids: [String]) async throws -> [TaskProgress] { await self.log.progress(ids) }

    func beginLease() async { self.state.withLock { $0.hasLeft = false } }

    func endLease() async throws {
        let lease = self.state.withLock { state in
            state.hasLeft = true
            return state.lease.take()
        }
        if let lease { await self.log.end(lease) }
    }
}
