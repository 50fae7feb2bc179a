import A2A
import Foundation
import GRDB
import Logging

// Copies of the file, and looking whether it is sound.

extension SQLiteDatabase {
    /// Copies the database into a new file while it is in use: as it stood at one moment, and whole or not at all.
    ///
    /// Writers go on meanwhile. The write-ahead log keeps growing until the copy is done. The copy is a log of its own: numbers of events
    /// that are given out here from now on mean nothing there (``LogRenewal``).
    ///
    /// - Parameters:
    ///   - path: The new file; it must not exist. While the copy is being made its name goes on with a number and `.partial`; what a process that
    ///     was killed has left so in the folder is removed.
    ///   - progress: Told now and then how many pages are done, of how many.
    /// - Throws: ``A2AError`` if the file or the log of an earlier one exists, or it cannot be written, or this one cannot be read.
    public func backUp(
        to path: String, progress: (@Sendable (_ done: Int, _ all: Int) -> Void)? = nil
    ) async throws {
        let path = PrivateFile.resolved(path)
        guard !FileManager.default.fileExists(atPath: path) else { throw NewFile.exists(path) }
        try NewFile.requireNoLogs(of: path)
        try makeFolder(of: path)
        let partial = self.makingFile(at: path)
        do {
            let pool = self.pool
            try await Self.inBackground {
                PrivateFile.prepare(partial.path)
                let copy = try DatabaseQueue(path: partial.path)
                try pool.backup(to: copy, pagesPerStep: 1024) { step in
                    progress?(step.completedPageCount, step.totalPageCount)
                }
                try copy.writeWithoutTransaction { db in
                    try LogRenewal.renew(db)
                    try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                }
                try copy.close()
                try partial.publish()
            }
        } catch {
            partial.discard()
            guard !(error is A2AError) else { throw error }
            let reason = (error as? DatabaseError).map { $0.message ?? "\($0.resultCode)" } ?? "\(error)"
            throw A2AError(.internal, "The backup '\(path)' cannot be made: \(reason).", cause: error)
        }
    }

    /// Begins a file, and removes those in its folder that others have begun and nobody goes on with.
    private func makingFile(at path: String) -> PartialFile {
        self.logger.noteLeftovers(PartialFile.removeLeftovers(besides: path))
        return PartialFile(of: path)
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
}

extension Logger {
    /// Says what was removed.
    func noteLeftovers(_ paths: [String]) {
        for path in paths {
            self.notice("a file that nobody has finished was removed", metadata: ["file": "\(path)"])
        }
    }
}
