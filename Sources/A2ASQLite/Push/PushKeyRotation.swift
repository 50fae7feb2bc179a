import GRDB

/// Encrypts anew what was encrypted with an older key, and finds out what cannot be read.
struct PushKeyRotation {
    let database: SQLiteDatabase
    let box: SecretBox

    struct Outcome: Equatable {
        /// How many were encrypted anew.
        var encrypted = 0
        /// How many could not be, because they were altered or belong to something else.
        var altered = 0
        /// How many there are of each key that was not given.
        var strangers: [String: Int] = [:]
    }

    /// How many configurations are encrypted in one transaction.
    private static let batch = 200

    func run() async throws -> Outcome {
        var outcome = Outcome()
        outcome.strangers = try await Self.strangers(in: self.database, to: self.box.keys)
        let older = self.box.keys.ids.filter { $0 != self.box.currentKeyID }
        guard !older.isEmpty else { return outcome }
        // What cannot be encrypted anew is passed over, not found again and again.
        var last: Int64? = 0
        while let after = last {
            let step = try await self.database.write { [box] db in try Self.encrypt(box, older, after: after, db) }
            outcome.encrypted += step.encrypted
            outcome.altered += step.altered
            last = step.last
        }
        return outcome
    }

    /// Encrypts some rows anew.
    ///
    /// - Returns: The last of them; `nil` after all.
    private static func encrypt(
        _ box: SecretBox, _ older: [String], after sequence: Int64, _ db: Database
    ) throws -> (encrypted: Int, altered: Int, last: Int64?) {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(PushRow.columns) FROM push_registrations WHERE sequence > ? AND key_id IN \(Self.marks(older)) \
                ORDER BY sequence LIMIT ?
                """, arguments: [sequence] + StatementArguments(older) + [Self.batch]
        ).map { try PushRow($0) }
        var (encrypted, altered) = (0, 0)
        for row in rows {
            let place = PushRow.place(row.key)
            guard let plain = try? box.open(row.sealed, keyID: row.keyID, place: place) else {
                altered += 1
                continue
            }
            try db.execute(
                sql: "UPDATE push_registrations SET key_id = ?, sealed = ? WHERE sequence = ?",
                arguments: [box.currentKeyID, try box.seal(plain, place: place), row.sequence])
            encrypted += 1
        }
        return (encrypted, altered, rows.count < Self.batch ? nil : rows.last?.sequence)
    }

    /// How many configurations there are of each key that is not one of these.
    static func strangers(in database: SQLiteDatabase, to keys: StoreKeys?) async throws -> [String: Int] {
        let known = keys?.ids ?? []
        return try await database.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT key_id, count(*) FROM push_registrations WHERE key_id NOT IN \(Self.marks(known)) GROUP BY key_id
                    """, arguments: StatementArguments(known))
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as Int) })
        }
    }

    /// Places for values in a statement.
    static func marks(_ values: [String]) -> String { "(\(values.map { _ in "?" }.joined(separator: ", ")))" }
}
