import A2A
import GRDB

/// Encrypts anew what was encrypted with an older key, and finds out whether a key is missing.
struct PushKeyRotation {
    let database: SQLiteDatabase
    let box: SecretBox

    /// How many configurations are encrypted in one transaction.
    private static let batch = 200

    /// - Returns: How many were encrypted anew.
    /// - Throws: ``A2AError`` if there are some whose key was not given.
    func run() async throws -> Int {
        let (known, current) = (self.box.keys.keys.map(\.id), self.box.currentKeyID)
        let stranger = try await self.database.read { db in
            try String.fetchOne(
                db,
                sql: """
                    SELECT key_id FROM push_registrations \
                    WHERE key_id NOT IN (\(known.map { _ in "?" }.joined(separator: ", "))) LIMIT 1
                    """, arguments: StatementArguments(known))
        }
        if let stranger {
            throw A2AError(
                .internal,
                "The push notification configurations in '\(self.database.path)' were encrypted with the key \(stranger), which was "
                    + "not given; given: \(known.joined(separator: ", ")). Give that one too, after the one to use from now on. "
                    + "If it is lost, a new store without them is made by: a2a store export, a2a store import."
            )
        }
        var count = 0
        while true {
            let done = try await self.database.write { [box] db in
                let rows = try Row.fetchAll(
                    db, sql: "SELECT \(PushRow.columns) FROM push_registrations WHERE key_id != ? LIMIT ?",
                    arguments: [current, Self.batch]
                ).map { try PushRow($0) }
                for row in rows {
                    let place = PushRow.place(row.key)
                    let plain = try box.open(row.sealed, keyID: row.keyID, place: place)
                    try db.execute(
                        sql: "UPDATE push_registrations SET key_id = ?, sealed = ? WHERE sequence = ?",
                        arguments: [current, try box.seal(plain, place: place), row.sequence])
                }
                return rows.count
            }
            count += done
            if done < Self.batch { return count }
        }
    }
}
