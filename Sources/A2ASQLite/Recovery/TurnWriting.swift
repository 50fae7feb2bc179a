import A2A
import A2AServer

/// How the steps of turns are written, inside the writer's transaction: the task's log, and what belongs to the turn.
///
/// What throws something other than `DatabaseError` has changed nothing.
struct TurnWriting: Sendable {
    var retention: TaskRetention
    var wallClock: @Sendable () -> A2ATimestamp
    var keeper: LeaseKeeper

    func create(
        _ task: A2ATask, then changes: [TaskChange], encoded: EncodedChanges, in scope: Scope, turn: TurnRecord?,
        _ session: WriterSession
    ) throws -> CreatedTask {
        let now = self.wallClock()
        var lease: Int64 = 0
        if let turn { lease = try self.check(turn, of: task.id, in: scope, beginsTurn: false, now: now, session) }
        let created = try session.log.create(
            task, then: changes, encoded: encoded, in: scope, retention: self.retention, now: now, session: session)
        if let turn {
            try session.turns.note(
                turn, of: task.id, isNew: true, received: 0, state: created.appended.state, since: 1, lease: lease,
                session)
        }
        return created
    }

    func append(
        _ changes: [TaskChange], encoded: EncodedChanges, to id: String, in scope: Scope, condition: AppendCondition,
        turn: TurnRecord?, _ session: WriterSession
    ) throws -> Appended {
        let now = self.wallClock()
        var lease: Int64 = 0
        if let turn {
            lease = try self.check(turn, of: id, in: scope, beginsTurn: condition.beginsTurn, now: now, session)
        }
        let appended = try session.log.append(
            changes, encoded: encoded, to: id, in: scope, condition: condition, retention: self.retention, now: now,
            session: session)
        let received = changes.count { $0.received != nil }
        if turn != nil || received > 0 || appended.state.isTerminal {
            let since = condition.beginsTurn ? appended.generation : appended.generation - Int64(changes.count)
            try session.turns.note(
                turn, of: id, isNew: false, received: received, state: appended.state, since: since, lease: lease,
                session)
        }
        return appended
    }

    /// Notes that a message was answered with a message.
    func note(_ reply: [UInt8], to turn: TurnRecord, in scope: Scope, _ session: WriterSession) throws {
        _ = try self.check(turn, of: "", in: scope, beginsTurn: false, now: self.wallClock(), session)
        try session.turns.note(reply, to: turn, in: scope, session)
    }

    /// - Returns: The lease of this process.
    private func check(
        _ turn: TurnRecord, of id: String, in scope: Scope, beginsTurn: Bool, now: A2ATimestamp,
        _ session: WriterSession
    ) throws -> Int64 {
        _ = session.stamp(now)
        let turns = try session.turns
        let lease = try turns.lease(self.keeper, session)
        do {
            try turns.check(turn, of: id, in: scope, beginsTurn: beginsTurn, lease: lease, session)
        } catch let conflict as TaskConflict {
            // So that it is looked up when it comes again.
            if case .repeated = conflict, let key = turn.message { self.keeper.add(key, scope) }
            throw conflict
        }
        return lease
    }
}
