import A2A
import Foundation
import GRDB

// Copies of the file, and looking whether it is sound.

extension SQLiteDatabase {
    /// Copies the database into a new file while it is in use: as it stood at one moment, and whole or not at all.
    ///
    /// Writers go on meanwhile. The write-ahead log keeps growing until the copy is done. The copy is a log of its own: numbers of events
    /// that are given out here from now on mean nothing there (``LogRenewal``).
    ///
    /// - Parameters:
    ///   - path: The new file; it must not exist. While the copy is being made its name goes on with a number and `.partial`.
    ///   - progress: Told now and then how many pages are done, of how many.
    /// - Throws: ``A2AError`` if the file or the log of an earlier one exists, or it cannot be written, or this one cannot be read.
    public func backUp(
        to path: String, progress: (@Sendable (_ done: Int, _ all: Int) -> Void)? = nil
    ) async throws {
        guard !FileManager.default.fileExists(atPath: path) else { throw NewFile.exists(path) }
        try NewFile.requireNoLogs(of: path)
        try makeFolder(of: path)
        let partial = NewFile.partial(of: path)
        do {
            let pool = self.pool
            try await Self.inBackground {
                PrivateFile.prepare(partial)
                let copy = try DatabaseQueue(path: partial)
                try pool.backup(to: copy, pagesPerStep: 1024) { step in
                    progress?(step.completedPageCount, step.totalPageCount)
                }
                try copy.writeWithoutTransaction { db in
                    try LogRenewal.renew(db)
                    try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                }
                try copy.close()
                try NewFile.publish(partial, as: path)
            }
        } catch {
            try? Self.remove(partial)
            guard let error = error as? DatabaseError else { throw error }
            throw A2AError(
                .internal, "The backup '\(path)' cannot be made: \(error.message ?? "\(error.resultCode)").",
                cause: error)
        }
    }

    /// Looks whether the file is sound: its pages and indexes, that its counters agree with what they count, that every log
    /// can be read and ends where its task stands.
    ///
    /// Works on the file as it stood at one moment, beside writers; reads all of it.
    ///
    /// - Returns: What is wrong, in words, at most 100 findings; nothing if the file is sound.
    /// - Throws: ``A2AError`` if the file cannot be read at all.
    public func check() async throws -> [String] {
        do {
            return try await self.pool.read { db in try IntegrityCheck(db).run() }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            return [error.message ?? "the file is damaged"]
        } catch {
            throw self.mapped(error)
        }
    }

    /// Runs what blocks for long on a thread of its own.
    static func inBackground<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Removes a database file and what SQLite keeps beside it.
    static func remove(_ path: String) throws {
        for file in [path, path + "-wal", path + "-shm", path + "-journal"]
        where FileManager.default.fileExists(atPath: file) {
            try FileManager.default.removeItem(atPath: file)
        }
    }
}
