import A2A
import A2AServer
import GRDB
import Synchronization

/// Notes turns, leases and messages, inside the writer's transaction.
///
/// What throws something other than `DatabaseError` has changed nothing.
final class TurnWriter {
    private let addLease: PreparedStatement
    private let findLease: PreparedStatement
    private let beatLease: PreparedStatement
    private let otherLeases: PreparedStatement
    private let endLease: PreparedStatement
    private let anyOver: PreparedStatement
    private let removeLeases: PreparedStatement
    private let addTurn: PreparedStatement
    private let findTurn: PreparedStatement
    private let receive: PreparedStatement
    private let freeTurn: PreparedStatement
    private let removeTurn: PreparedStatement
    private let removeWaiting: PreparedStatement
    private let orphans: PreparedStatement
    private let takeOrphan: PreparedStatement
    private let giveUpTurn: PreparedStatement
    private let addMessage: PreparedStatement
    private let findMessage: PreparedStatement
    private let removeMessages: PreparedStatement

    init(_ db: Database) throws {
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(db, sql) }
        self.addLease = try prepare("INSERT INTO leases (token, beat, is_over) VALUES (?, 0, 0)")
        self.findLease = try prepare("SELECT 1 FROM leases WHERE lease = ? AND is_over = 0")
        self.beatLease = try prepare("UPDATE leases SET beat = beat + 1 WHERE lease = ? AND is_over = 0")
        self.otherLeases = try prepare("SELECT lease, beat, token FROM leases WHERE is_over = 0 AND lease <> ?")
        self.endLease = try prepare("UPDATE leases SET is_over = 1 WHERE lease = ?")
        // Whose turns are anybody's: 0 has those that were given up.
        let over = "(SELECT lease FROM leases WHERE is_over = 1 UNION ALL SELECT 0)"
        self.anyOver = try prepare(
            "SELECT 1 FROM leases WHERE is_over = 1 UNION ALL SELECT 1 FROM turns WHERE lease = 0 LIMIT 1")
        self.removeLeases = try prepare("DELETE FROM leases WHERE is_over = 1")
        self.addTurn = try prepare("INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?, 0, 0, 0)")
        self.findTurn = try prepare(
            "SELECT t.lease, l.is_over FROM turns t LEFT JOIN leases l ON l.lease = t.lease WHERE t.task = ?")
        self.receive = try prepare("UPDATE turns SET received = received + ? WHERE task = ?")
        self.freeTurn = try prepare("UPDATE turns SET lease = NULL WHERE task = ?")
        self.removeTurn = try prepare("DELETE FROM turns WHERE task = ?")
        self.removeWaiting = try prepare("DELETE FROM turns WHERE lease IN \(over)")
        self.orphans = try prepare(
            """
            SELECT r.task, k.id, s.tenant, s.principal, k.generation, r.opening, r.since, r.received, r.attempts, r.taken_at
            FROM turns r JOIN tasks k ON k.task = r.task JOIN scopes s ON s.scope = k.scope
            WHERE r.lease IN \(over) AND k.state IN (1, 2) LIMIT ?
            """)
        self.giveUpTurn = try prepare("UPDATE turns SET lease = 0 WHERE task = ?")
        self.takeOrphan = try prepare("UPDATE turns SET lease = ?, attempts = ?, taken_at = ? WHERE task = ?")
        self.addMessage = try prepare(
            "INSERT OR REPLACE INTO messages (scope, id, fingerprint, task, expires, reply) VALUES (?, ?, ?, ?, ?, ?)")
        self.findMessage = try prepare(
            """
            SELECT fingerprint, task, reply IS NOT NULL FROM messages m
            WHERE scope = ? AND id = ? AND expires > ?
            AND (reply IS NOT NULL OR EXISTS (SELECT 1 FROM tasks k WHERE k.id = m.task))
            """)
        self.removeMessages = try prepare(
            """
            DELETE FROM messages WHERE (scope, id) IN (SELECT scope, id FROM messages WHERE expires <= ? LIMIT ?)
            """)
    }

    // MARK: Leases

    /// The lease of this process, which begins here if it has none.
    ///
    /// - Throws: ``TaskConflict/fenced`` if the lease is over.
    func lease(_ keeper: LeaseKeeper, _ session: WriterSession) throws -> Int64 {
        guard let held = keeper.held else {
            guard !keeper.hasLeft else { throw TaskConflict.fenced }
            return try self.begin(keeper, session)
        }
        guard held.verified != session.epoch else { return held.lease }
        self.findLease.bind(1, held.lease)
        defer { self.findLease.reset() }
        guard try self.findLease.step() else { throw TaskConflict.fenced }
        keeper.verify(in: session.epoch)
        return held.lease
    }

    private func begin(_ keeper: LeaseKeeper, _ session: WriterSession) throws -> Int64 {
        let token = Identifier.make()
        // Locked before others can know of it: they would take it for abandoned.
        let file = LeaseFile(path: LeaseFile.path(of: token, beside: keeper.path))
        session.noteChange()
        self.addLease.bind(1, token)
        try self.addLease.run()
        let lease = self.addLease.insertedRow
        keeper.held = LeaseKeeper.Held(lease: lease, file: file, verified: session.epoch)
        session.ifRolledBack {
            keeper.held = nil
            file?.remove()
        }
        return lease
    }

    func beat(
        _ keeper: LeaseKeeper, now: SuspendingClock.Instant, leaseLength: Duration, _ session: WriterSession
    ) throws -> LeaseBeat {
        guard !keeper.hasLeft else { return LeaseBeat(wasLost: false, hasOrphans: false, isShared: false) }
        if let held = keeper.held {
            self.beatLease.bind(1, held.lease)
            try self.beatLease.run()
            guard self.beatLease.changes > 0 else {
                _ = keeper.leave()
                return LeaseBeat(wasLost: true, hasOrphans: false, isShared: false)
            }
            keeper.verify(in: session.epoch)
        }
        let lease = try self.lease(keeper, session)
        var others: Set<Int64> = []
        var over: [Int64: String] = [:]
        self.otherLeases.bind(1, lease)
        while try self.otherLeases.step() {
            let (other, token) = (self.otherLeases.int64(0), self.otherLeases.string(2))
            let path = LeaseFile.path(of: token, beside: keeper.path)
            let beat = self.otherLeases.int64(1)
            others.insert(other)
            if LeaseFile.isAbandoned(path)
                || keeper.isSilent(other, beat: beat, now: now, leaseLength: leaseLength)
            {
                over[other] = path
            }
        }
        self.otherLeases.reset()
        keeper.keepOnly(others)
        if !over.isEmpty { session.noteChange() }
        for (other, path) in over {
            self.endLease.bind(1, other)
            try self.endLease.run()
            LeaseFile.remove(path)
        }
        let isShared = others.count > over.count
        keeper.noteShared(isShared)
        defer { self.anyOver.reset() }
        return LeaseBeat(wasLost: false, hasOrphans: try self.anyOver.step(), isShared: isShared)
    }

    func end(_ lease: Int64) throws {
        self.endLease.bind(1, lease)
        try self.endLease.run()
    }

    // MARK: Turns

    /// What has to hold before a step of a turn.
    ///
    /// - Throws: ``TaskConflict``.
    func check(
        _ turn: TurnRecord, of id: String, in scope: Scope, beginsTurn: Bool, lease: Int64, _ session: WriterSession
    ) throws {
        if let key = turn.message, !key.id.isEmpty, let number = try session.log.knownNumber(of: scope) {
            let row = self.findMessage
            row.bind(1, number)
            row.bind(2, key.id)
            row.bind(3, session.totals.clock)
            defer { row.reset() }
            if try row.step(), row.int64(0) == Int64(bitPattern: key.fingerprint) {
                throw TaskConflict.repeated(task: row.int(2) == 0 ? row.string(1) : nil)
            }
        }
        guard beginsTurn else { return }
        let entry = try session.log.entry(id, session)
        guard let (task, isActive) = entry.state.withLock({ $0.map { ($0.task, $0.fold.state.isActive) } }) else {
            throw TaskConflict.notFound
        }
        self.findTurn.bind(1, task)
        defer { self.findTurn.reset() }
        guard try self.findTurn.step(), !self.findTurn.isNull(0), self.findTurn.int64(0) != lease else { return }
        let isHeld = !self.findTurn.isNull(1) && self.findTurn.int64(1) == 0
        if isActive || isHeld { throw TaskConflict.busy }
    }

    /// Notes what has come of a step.
    ///
    /// - Parameters:
    ///   - isNew: Whether the step has made the task.
    ///   - since: The generation after which events are of the turn that begins.
    func note(
        _ turn: TurnRecord?, of id: String, isNew: Bool, received: Int, state: A2ATaskState, since: Int64,
        lease: Int64, _ session: WriterSession
    ) throws {
        guard let (task, scope) = session.pin(id).state.withLock({ $0.map { ($0.task, $0.scopeID) } }) else { return }
        if let turn { try self.addMessage(of: turn, scope: scope, task: id, session) }
        if state.isTerminal {
            guard !isNew else { return }
            self.removeTurn.bind(1, task)
            return try self.removeTurn.run()
        }
        if let opening = turn?.opening {
            self.addTurn.bind(1, task)
            self.addTurn.bind(2, lease)
            self.addTurn.bind(3, opening)
            self.addTurn.bind(4, since)
            try self.addTurn.run()
        } else if received > 0 {
            self.receive.bind(1, received)
            self.receive.bind(2, task)
            try self.receive.run()
        }
    }

    func endTurn(of id: String, in scope: Scope, fence: Int64, _ session: WriterSession) throws {
        let task = try session.log.entry(id, session).state.withLock { state in
            state.flatMap { $0.scope == scope && $0.fence == fence ? $0.task : nil }
        }
        guard let task else { return }
        self.freeTurn.bind(1, task)
        try self.freeTurn.run()
    }

    func giveUpTurn(of id: String, in scope: Scope, fence: Int64, _ session: WriterSession) throws {
        let task = try session.log.entry(id, session).state.withLock { state in
            state.flatMap { $0.scope == scope && $0.fence == fence && $0.fold.state.isActive ? $0.task : nil }
        }
        guard let task else { return }
        self.giveUpTurn.bind(1, task)
        try self.giveUpTurn.run()
    }

    // MARK: Orphans

    private typealias Orphan = (task: Int64, generation: Int64, takenAt: Int64, turn: OrphanedTurn)

    func takeOrphans(limit: Int, lease: Int64, _ session: WriterSession) throws -> [OrphanedTurn] {
        var found: [Orphan] = []
        let row = self.orphans
        row.bind(1, limit)
        while try row.step() {
            let turn = OrphanedTurn(
                taskID: row.string(1), scope: Scope(tenant: row.string(2), principal: row.string(3)),
                opening: row.bytes(5), fence: 0, since: row.int64(6), received: row.int(7), attempts: row.int(8))
            found.append((row.int64(0), row.int64(4), row.int64(9), turn))
        }
        row.reset()
        let taken = try found.compactMap { orphan in
            do {
                return try self.take(orphan, lease, session)
            } catch let error as DatabaseError {
                throw error
            } catch {
                // Its log makes no sense: nobody goes on with it, and it is in nobody's way.
                self.freeTurn.bind(1, orphan.task)
                try self.freeTurn.run()
                return nil
            }
        }
        if found.count < limit {
            // Those that are left wait for their callers.
            try self.removeWaiting.run()
            try self.removeLeases.run()
        }
        return taken
    }

    private func take(_ orphan: Orphan, _ lease: Int64, _ session: WriterSession) throws -> OrphanedTurn {
        var turn = orphan.turn
        turn.attempts = orphan.takenAt == orphan.generation ? turn.attempts + 1 : 1
        turn.fence = try session.log.append(
            [], encoded: try EncodedChanges([]), to: turn.taskID, in: turn.scope,
            condition: AppendCondition(beginsTurn: true), retention: .durable, now: A2ATimestamp(), session: session
        ).fence
        self.takeOrphan.bind(1, lease)
        self.takeOrphan.bind(2, turn.attempts)
        self.takeOrphan.bind(3, orphan.generation)
        self.takeOrphan.bind(4, orphan.task)
        try self.takeOrphan.run()
        return turn
    }

    // MARK: Messages

    /// Notes that a message was answered with a message.
    func note(_ reply: [UInt8], to turn: TurnRecord, in scope: Scope, _ session: WriterSession) throws {
        try self.addMessage(of: turn, scope: try session.log.number(of: scope), task: "", reply: reply, session)
    }

    private func addMessage(
        of turn: TurnRecord, scope: Int64, task: String, reply: [UInt8]? = nil, _ session: WriterSession
    ) throws {
        guard let key = turn.message, !key.id.isEmpty else { return }
        self.addMessage.bind(1, scope)
        self.addMessage.bind(2, key.id)
        self.addMessage.bind(3, Int64(bitPattern: key.fingerprint))
        self.addMessage.bind(4, task)
        let (expiry, isNever) = session.totals.clock.addingReportingOverflow(turn.window.milliseconds)
        self.addMessage.bind(5, isNever ? .max : expiry)
        if let reply { self.addMessage.bind(6, reply) } else { self.addMessage.bindNull(6) }
        try self.addMessage.run()
    }

    /// - Returns: How many were removed.
    func removeMessages(before time: Int64, limit: Int) throws -> Int {
        self.removeMessages.bind(1, time)
        self.removeMessages.bind(2, limit)
        try self.removeMessages.run()
        return self.removeMessages.changes
    }
}
