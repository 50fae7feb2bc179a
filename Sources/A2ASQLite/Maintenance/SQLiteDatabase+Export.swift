import A2A
import A2AServer
import Foundation
import GRDB

// Task logs as lines of JSON, for other programs and for other versions of this one. A file begins with a header. Each task is
// a line, which is followed by its snapshot, if it has one, and by the rows of its log, all in the order in which they came to be.

extension SQLiteDatabase {
    /// What was exported or imported.
    public struct Transfer: Sendable, Equatable {
        /// The tasks that were written.
        public var tasks = 0
        /// How many of them have taken the place of others.
        public var replaced = 0
        /// The tasks that were there already, the same.
        public var skipped = 0
        public var pushConfigurations = 0
        /// The lines that were written or read.
        public var lines = 0

        public init() {}
    }

    /// Writes all tasks and their logs as lines of JSON, as they stood at one moment, beside writers. It takes no more memory than the
    /// largest line.
    ///
    /// - Parameters:
    ///   - includingPushConfigurations: Whether push notification configurations are included, as they are in the file: their URLs, tokens and
    ///     credentials encrypted, to be read with the same key only.
    ///   - write: Takes a line, with its end of line. What it throws ends the export.
    /// - Throws: What `write` throws; ``A2AError`` if the file cannot be read.
    public func export(
        includingPushConfigurations: Bool = false, to write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> Transfer {
        do {
            return try await self.pool.read { db in
                var exporter = TaskExporter(db, includingPush: includingPushConfigurations, write)
                return try exporter.run()
            }
        } catch is DamagedLog {
            throw A2AError(DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a log makes no sense"))
        } catch {
            throw self.mapped(error)
        }
    }

    /// Puts the lines of an export into a database file, whole or not at all.
    ///
    /// If the file is not there it is made. If it is, nobody else may have it open. A task that is in it already, the same for
    /// whoever sees it, is passed over. One that differs makes the import fail, unless it is to be replaced.
    ///
    /// What is imported is a log of its own, as a backup is (``backUp(to:progress:)``). Turns are not part of an export: nobody works on
    /// tasks that had not ended before a message comes for them.
    ///
    /// - Parameters:
    ///   - path: The file. While a new one is being made its name goes on with a number and `.partial`; what a process that was killed has
    ///     left so in the folder is removed.
    ///   - replacing: Whether tasks of the export take the place of others with the same id.
    ///   - nextLine: Gives the next line, without its end; `nil` after the last.
    /// - Throws: What `nextLine` throws; ``A2AError`` with the number of the line that cannot be taken, and why; with the ids of the tasks that
    ///   differ; or that the file is in use.
    public static func importing(
        into path: String, replacing: Bool = false, from nextLine: @escaping @Sendable () throws -> [UInt8]?
    ) async throws -> Transfer {
        let path = PrivateFile.resolved(path)
        PartialFile.removeLeftovers(besides: path)
        do {
            try NewFile.requireFileName(path)
            if FileManager.default.fileExists(atPath: path) {
                return try await self.inBackground { try self.merge(into: path, replacing: replacing, nextLine) }
            }
            return try await self.inBackground { try self.make(path, nextLine) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw A2AError(
                .unavailable,
                "The store '\(path)' is in use. Stop the agent that has it, or import into a new file.", cause: error)
        } catch let error as DatabaseError {
            throw A2AError(opening: path, error)
        }
    }

    private static func make(_ path: String, _ nextLine: () throws -> [UInt8]?) throws -> Transfer {
        try NewFile.requireNoLogs(of: path)
        try makeFolder(of: path)
        let partial = PartialFile(of: path)
        do {
            PrivateFile.prepare(partial.path)
            let database = try DatabaseQueue(path: partial.path)
            let transfer = try self.fill(database) { db in
                var importer = try TaskImporter(db)
                return try importer.run(nextLine)
            }
            try partial.publish()
            return transfer
        } catch {
            partial.discard()
            throw error
        }
    }

    private static func merge(
        into path: String, replacing: Bool, _ nextLine: () throws -> [UInt8]?
    ) throws -> Transfer {
        PrivateFile.prepare(path)
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        // Nobody else may have it open: what others have in memory of its tasks would be wrong afterwards.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        return try self.fill(database) { db in
            var importer = try TaskImporter(db, replaces: replacing)
            return try importer.run(isOneTransaction: true, nextLine)
        }
    }

    private static func fill(
        _ database: DatabaseQueue, _ body: (Database) throws -> Transfer
    ) throws -> Transfer {
        defer { try? database.close() }
        try Migrations.apply(to: database)
        return try database.writeWithoutTransaction { db in
            let transfer = try body(db)
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            return transfer
        }
    }
}
