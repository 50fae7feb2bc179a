import A2A
import A2AServer
import FoundationEssentials
import GRDB

// Push notification configurations as lines of an export. What is secret, which is all of a configuration, stays encrypted as it is in
// the file.

extension TaskExporter {
    static func pushConfigurations(_ db: Database) throws -> RowCursor {
        try Row.fetchCursor(
            db,
            sql: """
                SELECT \(PushRow.columns), ended_at, (SELECT t.generation FROM tasks t JOIN scopes s ON s.scope = t.scope \
                WHERE t.id = r.task AND s.tenant = r.tenant AND s.principal = r.principal) AS generation \
                FROM push_registrations r WHERE generation IS NOT NULL ORDER BY sequence
                """)
    }

    static func line(ofPush row: Row) throws -> LineBuilder {
        let push = try PushRow(row)
        let progress = push.progress
        var line = LineBuilder()
        line.add("kind", ExportFormat.push)
        line.add("tenant", push.key.scope.tenant)
        line.add("principal", push.key.scope.principal)
        line.add("taskId", push.key.taskID)
        line.add("id", push.key.id)
        line.add("version", push.version)
        line.add("deliveryKey", push.deliveryKey)
        line.add("origin", push.origin)
        line.add("keyId", push.keyID)
        line.add("sealed", push.sealed.base64EncodedString())
        line.add("bytes", push.bytes)
        line.add("state", progress.state.rawValue)
        // How many events are still to be sent: their numbers may be others where this is imported.
        line.add("pending", max(0, (row["generation"] as Int64) - max(1, progress.delivered)))
        line.add("needsSnapshot", progress.needsSnapshot)
        line.add("attempts", progress.attempts)
        if let time = progress.failingSince { line.add("failingSince", time.milliseconds) }
        if let time = progress.nextAttempt { line.add("nextAttempt", time.milliseconds) }
        line.add("lastFailure", progress.lastFailure)
        line.add("notifications", progress.notifications)
        line.add("snapshots", progress.snapshots)
        if let time = row["ended_at"] as Int64? { line.add("endedAt", time) }
        return line
    }
}

extension LineReader {
    /// What a line says of a configuration's progress; its cursor is not in it.
    func pushProgress() throws -> PushProgress {
        let name = try self.string("state")
        guard let state = PushProgress.State(rawValue: name) else { throw Problem(text: "there is no state '\(name)'") }
        func time(_ name: String) throws -> A2ATimestamp? {
            self.has(name) ? A2ATimestamp(milliseconds: try self.time(name)) : nil
        }
        var progress = PushProgress(delivered: 0, needsSnapshot: self.bool("needsSnapshot"))
        progress.state = state
        progress.attempts = Int(clamping: try self.number("attempts"))
        progress.failingSince = try time("failingSince")
        progress.nextAttempt = try time("nextAttempt")
        progress.lastFailure = try self.string("lastFailure")
        progress.notifications = try self.number("notifications")
        progress.snapshots = try self.number("snapshots")
        return progress
    }
}
