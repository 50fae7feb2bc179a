import GRDB

// Large tasks that are not in memory are read beside the writer, before they are changed: the writer has others waiting.

extension SQLiteTaskStore {
    /// Reads the task first, if it is large and not in memory.
    ///
    /// - Parameter change: Makes the change.
    func reading<Value: Sendable>(_ id: String, _ change: () async throws -> Value) async throws -> Value {
        let tasks = self.database.tasks
        guard !tasks.isLoaded(id), let loaded = try await self.reading({ try Self.large(id, $0) }) else {
            return try await change()
        }
        tasks.large.offer(id, loaded)
        defer { tasks.large.withdraw(id) }
        return try await change()
    }

    /// The same for a task of a running turn, which may not be made yet: it is read only if it has been in memory and is no more.
    ///
    /// - Parameter change: Begins the change; it calls what it is given when that is made, or not.
    func readingIfLarge(
        _ id: String, _ change: @escaping @Sendable (_ whenDone: @escaping @Sendable () -> Void) -> Void
    ) {
        let tasks = self.database.tasks
        guard tasks.large.hasLeft(id), !tasks.isLoaded(id) else { return change {} }
        self.database.pool.asyncRead { result in
            // What cannot be read here the writer reads, and says what is wrong.
            guard let db = try? result.get(), let loaded = try? Self.large(id, db) else { return change {} }
            tasks.large.offer(id, loaded)
            change { tasks.large.withdraw(id) }
        }
    }

    private static func large(_ id: String, _ db: Database) throws -> TaskEntry.State? {
        let loader = try TaskLoader(db)
        guard let row = try loader.row(id), row.bytes >= LargeTasks.minBytes else { return nil }
        // The writer looks at what the row says, and not at the epoch.
        return try loader.load(row, epoch: 0)
    }
}
