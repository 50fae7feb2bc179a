import A2A
import A2AServer
import Foundation
import GRDB

// Task logs as lines of JSON, for other programs and for other versions of this one. A file begins with a header. Each task is
// a line, which is followed by its snapshot, if it has one, and by the rows of its log, all in the order in which they came to be.

extension SQLiteDatabase {
    /// What was exported or imported.
    public struct Transfer: Sendable, Equatable {
        public var tasks = 0
        public var lines = 0

        public init() {}
    }

    /// Writes all tasks and their logs as lines of JSON, as they stood at one moment, beside writers. It takes no more memory than the
    /// largest line.
    ///
    /// - Parameter write: Takes a line, with its end of line. What it throws ends the export.
    /// - Throws: What `write` throws; ``A2AError`` if the file cannot be read.
    public func export(to write: @escaping @Sendable ([UInt8]) throws -> Void) async throws -> Transfer {
        do {
            return try await self.pool.read { db in
                var exporter = TaskExporter(db, write)
                return try exporter.run()
            }
        } catch is DamagedLog {
            throw A2AError(DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a log makes no sense"))
        } catch {
            throw self.mapped(error)
        }
    }

    /// Makes a database file from the lines of an export, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The new file; it must not exist.
    ///   - nextLine: Gives the next line, without its end; `nil` after the last.
    /// - Throws: What `nextLine` throws; ``A2AError`` with the number of the line that cannot be taken, and why.
    public static func importing(
        into path: String, from nextLine: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Transfer {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw A2AError(
                .invalidRequest,
                "The file '\(path)' exists already. Import into a new file, and then put it in its place.")
        }
        try makeFolder(of: path)
        let partial = path + ".partial"
        try self.remove(partial)
        do {
            return try await self.inBackground {
                let pool = try DatabasePool(path: partial)
                try Migrations.apply(to: pool)
                let transfer = try pool.writeWithoutTransaction { db in
                    var importer = try TaskImporter(db)
                    let transfer = try importer.run(nextLine)
                    try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                    return transfer
                }
                try pool.close()
                try FileHandle(forUpdatingAtPath: partial)?.synchronize()
                try FileManager.default.moveItem(atPath: partial, toPath: path)
                return transfer
            }
        } catch {
            try? self.remove(partial)
            guard let error = error as? DatabaseError else { throw error }
            throw A2AError(
                .internal, "The file '\(path)' cannot be made: \(error.message ?? "\(error.resultCode)").",
                cause: error)
        }
    }
}
