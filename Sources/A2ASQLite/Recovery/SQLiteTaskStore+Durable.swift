public import A2A
public import A2AServer
import GRDB

extension SQLiteTaskStore: DurableTaskStore, StepQueue {
    /// The most messages that one transaction of ``removeExpired()`` forgets.
    static let messagesPerCommit = 2_000

    /// About how many bytes of memory a step of a turn takes while it waits, beside the changes and the opening.
    private static let turnBytes = 512

    public func incarnation() async throws -> UInt64 {
        try await self.reading { db in
            let name = try Int64.fetchOne(db, sql: "SELECT name FROM incarnation") ?? 0
            return UInt64(bitPattern: name)
        }
    }

    public func create(
        _ task: A2ATask, then changes: [TaskChange], in scope: Scope, turn: TurnRecord
    ) async throws -> CreatedTask {
        let encoded = try EncodedChanges(changes, creating: task)
        let bytes = encoded.bytes.count + (turn.opening?.count ?? 0) + Self.turnBytes
        let writing = self.writing
        return try await self.database.submit(bytes: bytes) { session in
            try writing.create(task, then: changes, encoded: encoded, in: scope, turn: turn, session)
        }
    }

    public func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, turn: TurnRecord
    ) async throws -> Appended {
        try await self.append(changes, to: id, in: scope, condition: condition, record: turn)
    }

    /// Appends changes and keeps the turns right.
    func append(
        _ changes: [TaskChange], to id: String, in scope: Scope, condition: AppendCondition, record: TurnRecord?
    ) async throws -> Appended {
        let encoded = try EncodedChanges(changes)
        let bytes = encoded.bytes.count + (record?.opening?.count ?? 0) + Self.turnBytes
        let writing = self.writing
        return try await self.reading(id) {
            try await self.database.submit(bytes: bytes) { session in
                try writing.append(
                    changes, encoded: encoded, to: id, in: scope, condition: condition, turn: record, session)
            }
        }
    }

    public func write(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep
    ) async throws -> Written {
        try await withCheckedThrowingContinuation { continuation in
            self.enqueue(to: id, in: scope, bytes: bytes, step) { continuation.resume(with: $0) }
        }
    }

    package func enqueue(
        to id: String, in scope: Scope, bytes: Int, _ step: @escaping @Sendable () throws -> TurnStep,
        whenDone: @escaping @Sendable (Result<Written, any Error>) -> Void
    ) {
        let writing = self.writing
        let change: @Sendable (WriterSession) throws -> Written = { session in
            let step = try step()
            let encoded = try EncodedChanges(step.changes, creating: step.begins)
            guard let task = step.begins else {
                return .appended(
                    try writing.append(
                        step.changes, encoded: encoded, to: id, in: scope,
                        condition: AppendCondition(fence: step.fence), turn: step.turn, session))
            }
            return .created(
                try writing.create(
                    task, then: step.changes, encoded: encoded, in: scope, turn: step.turn, session))
        }
        self.readingIfLarge(id) { [database = self.database] withdraw in
            database.submit(bytes: bytes + Self.turnBytes, change) {
                withdraw()
                whenDone($0)
            }
        }
    }

    private var writing: TurnWriting {
        TurnWriting(retention: self.retention, wallClock: self.wallClock, keeper: self.keeper)
    }

    public func endTurn(of id: String, in scope: Scope, fence: Int64) async throws {
        try await self.reading(id) {
            try await self.database.submit(bytes: Self.turnBytes) { session in
                do {
                    try session.turns.endTurn(of: id, in: scope, fence: fence, session)
                } catch TaskConflict.notFound {
                    // Removed meanwhile.
                }
            }
        }
    }

    public func giveUpTurn(of id: String, in scope: Scope, fence: Int64) async throws {
        try await self.reading(id) {
            try await self.database.submit(bytes: Self.turnBytes) { session in
                do {
                    try session.turns.giveUpTurn(of: id, in: scope, fence: fence, session)
                } catch TaskConflict.notFound {
                    // Removed meanwhile.
                }
            }
        }
    }

    // MARK: Messages

    public func note(_ reply: A2AMessage, to turn: TurnRecord, in scope: Scope) async throws {
        let octets: [UInt8] = try reply.serializedBytes()
        let writing = self.writing
        try await self.database.submit(bytes: octets.count + Self.turnBytes) { session in
            try writing.note(octets, to: turn, in: scope, session)
        }
    }

    public func answer(to message: MessageKey, in scope: Scope) async throws -> KnownAnswer? {
        while true {
            switch self.keeper.decide(message, scope) {
            case .unknown: return nil
            case .load: self.keeper.loaded(try await self.knownMessages())
            case .lookUp: return try await self.find(message, scope)
            }
        }
    }

    private func find(_ message: MessageKey, _ scope: Scope) async throws -> KnownAnswer? {
        let now = self.wallClock().milliseconds
        return try await self.reading { db in
            let row = try PreparedStatement(
                cachedIn: db,
                """
                SELECT m.task, m.reply FROM scopes s JOIN messages m ON m.scope = s.scope AND m.id = ?
                WHERE s.tenant = ? AND s.principal = ? AND m.fingerprint = ?
                AND m.expires > max(?, (SELECT clock FROM store))
                AND (m.reply IS NOT NULL OR EXISTS (SELECT 1 FROM tasks k WHERE k.id = m.task))
                """)
            row.bind(1, message.id)
            row.bind(2, scope.tenant)
            row.bind(3, scope.principal)
            row.bind(4, Int64(bitPattern: message.fingerprint))
            row.bind(5, now)
            defer { row.reset() }
            guard try row.step() else { return nil }
            guard !row.isNull(1) else { return .task(row.string(0)) }
            guard let reply = try? A2AMessage(serializedBytes: row.bytes(1)) else { throw DamagedLog() }
            return .message(reply)
        }
    }

    private func knownMessages() async throws -> Set<Int>? {
        try await self.reading { db in
            let limit = LeaseKeeper.maxKnownMessages
            let row = try PreparedStatement(
                cachedIn: db,
                """
                SELECT s.tenant, s.principal, m.id FROM messages m JOIN scopes s ON s.scope = m.scope
                WHERE m.expires > (SELECT clock FROM store) LIMIT ?
                """)
            row.bind(1, limit + 1)
            defer { row.reset() }
            var known: Set<Int> = []
            while try row.step() {
                guard known.count < limit else { return nil }
                known.insert(
                    LeaseKeeper.hash(row.string(2), Scope(tenant: row.string(0), principal: row.string(1))))
            }
            return known
        }
    }

    // MARK: Leases

    public func beginLease() async { self.keeper.enter() }

    public func beat(now: SuspendingClock.Instant, leaseLength: Duration) async throws -> LeaseBeat {
        guard !self.keeper.hasLeft else { return LeaseBeat(wasLost: false, hasOrphans: false, isShared: false) }
        // A beat alone makes nobody read again what he has in memory.
        return try await self.database.submit(bytes: Self.turnBytes, isQuiet: true) {
            [keeper = self.keeper] session in
            try session.turns.beat(keeper, now: now, leaseLength: leaseLength, session)
        }
    }

    public func takeOrphans(limit: Int) async throws -> [OrphanedTurn] {
        let large = try await self.largeOrphans(limit: max(1, limit))
        for (id, loaded) in large { self.database.tasks.large.offer(id, loaded) }
        defer { for (id, _) in large { self.database.tasks.large.withdraw(id) } }
        return try await self.database.submit(bytes: Self.turnBytes) { [keeper = self.keeper] session in
            let turns = try session.turns
            return try turns.takeOrphans(
                limit: max(1, limit), lease: try turns.lease(keeper, session), session)
        }
    }

    /// Large tasks that ``takeOrphans(limit:)`` will change, as far as they fit in memory.
    private func largeOrphans(limit: Int) async throws -> [(id: String, TaskEntry.State)] {
        try await self.reading { [maxBytes = self.database.options.cacheBytes] db in
            let ids = try PreparedStatement(
                cachedIn: db,
                """
                SELECT k.id FROM turns r JOIN tasks k ON k.task = r.task
                WHERE r.lease IN (SELECT lease FROM leases WHERE is_over = 1 UNION ALL SELECT 0)
                AND k.state IN (1, 2) AND k.bytes >= ? LIMIT ?
                """)
            ids.bind(1, LargeTasks.minBytes)
            ids.bind(2, limit)
            defer { ids.reset() }
            let loader = try TaskLoader(db)
            var found: [(id: String, TaskEntry.State)] = []
            var bytes = 0
            while bytes < maxBytes, try ids.step() {
                guard let state = try loader.load(ids.string(0), epoch: 0) else { continue }
                bytes += state.byteCount
                found.append((ids.string(0), state))
            }
            return found
        }
    }

    public func othersHaveWritten() async throws -> Bool {
        self.keeper.isNew(try self.epoch())
    }

    public func progress(of ids: [String]) async throws -> [TaskProgress] {
        guard !ids.isEmpty else { return [] }
        return try await self.reading { db in
            let row = try PreparedStatement(
                cachedIn: db, "SELECT generation, state, fence FROM tasks WHERE id = ?")
            return try ids.compactMap { id in
                row.bind(1, id)
                defer { row.reset() }
                guard try row.step() else { return nil }
                let appended = Appended(
                    generation: row.int64(0), state: A2ATaskState(rawValue: row.int(1)) ?? .unspecified,
                    fence: row.int64(2))
                return TaskProgress(taskID: id, appended: appended)
            }
        }
    }

    public func endLease() async throws {
        guard let held = self.keeper.leave() else { return }
        try await self.database.submit(bytes: Self.turnBytes) { session in
            try session.turns.end(held.lease)
        }
        held.file?.remove()
    }
}
