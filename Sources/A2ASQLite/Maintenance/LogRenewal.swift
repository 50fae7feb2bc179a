import A2A
import GRDB

/// Makes a copy a log of its own.
///
/// A copy and its original are the same up to a moment, and then each may go on: the same number would stand for two events. So
/// whoever has a cursor or a generation of the one must not have it taken for one of the other:
/// - the copy gets another name (`incarnation`), by which cursors over TCP are told apart;
/// - tasks that have not ended get other numbers, all of them higher by one random step: far beyond what anybody can have been told, and
///   another one in each copy. What callers knew before is a gap, or another generation.
///
/// The numbers of tasks that have ended stay: nothing can follow, so the events are the same here and there. Nobody
/// works in the copy yet: all leases are over.
enum LogRenewal {
    /// By how much numbers grow. The least is more events than a task gets in its life; with so many to choose from, two copies do
    /// not meet. 32 copies of copies stay in what JavaScript counts exactly.
    private static let steps: Range<Int64> = 1 << 32..<1 << 48
    /// Beyond this no log is renewed; none that was written by us has come near it.
    static let maxGeneration: Int64 = 1 << 62

    /// The step of a copy.
    static func step() -> Int64 { Int64.random(in: self.steps) }

    /// Tasks that have not ended.
    static let isUnfinished = "state NOT IN (3, 4, 5, 7)"

    /// Renews a database that nobody else has open, in one transaction.
    static func renew(_ db: Database) throws {
        let step = self.step()
        let unfinished = "task IN (SELECT task FROM tasks WHERE \(self.isUnfinished))"
        try db.inTransaction(.immediate) {
            try RemovalWriter.removeAll(db)
            let last = try Int64.fetchOne(db, sql: "SELECT coalesce(max(generation), 0) FROM tasks") ?? 0
            guard last < self.maxGeneration else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a task has the generation \(last)")
            }
            try db.execute(
                sql: """
                    UPDATE incarnation SET name = random() | 1;
                    UPDATE leases SET is_over = 1;
                    DELETE FROM push_owners;
                    UPDATE store SET commits = commits + 1;
                    """)
            // The creation of a task is delivered with the answer to its message.
            try db.execute(
                sql: """
                    UPDATE push_registrations SET delivered = max(delivered, 1) + :step WHERE EXISTS (
                    SELECT 1 FROM tasks t JOIN scopes s ON s.scope = t.scope WHERE t.id = push_registrations.task
                    AND s.tenant = push_registrations.tenant AND s.principal = push_registrations.principal
                    AND t.\(self.isUnfinished))
                    """, arguments: ["step": step])
            for sql in [
                "UPDATE log SET generation = generation + :step WHERE \(unfinished)",
                "UPDATE snapshots SET generation = generation + :step WHERE \(unfinished)",
                "UPDATE turns SET since = since + :step, taken_at = taken_at + :step WHERE \(unfinished)",
                """
                UPDATE tasks SET generation = generation + :step, oldest = oldest + :step, first_row = first_row + :step,
                snapshot = CASE snapshot WHEN 0 THEN 0 ELSE snapshot + :step END WHERE \(self.isUnfinished)
                """,
            ] {
                try db.execute(sql: sql, arguments: ["step": step])
            }
            return .commit
        }
    }
}
