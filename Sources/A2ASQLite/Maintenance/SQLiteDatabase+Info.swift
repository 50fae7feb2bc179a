import A2A
import Foundation
import GRDB

extension SQLiteDatabase {
    /// What is in a file.
    public struct Info: Sendable, Equatable {
        /// The size of the file, in bytes.
        public var fileBytes = 0
        /// The size of the write-ahead log beside it, in bytes.
        public var logBytes = 0
        /// The steps of the schema that the file has.
        public var schema: [String] = []
        /// The version of SQLite that this process is linked with.
        public var libraryVersion = ""
        public var tasks = 0
        /// How many of them have not ended.
        public var unfinishedTasks = 0
        /// How many events the logs have.
        public var events = 0
        public var pushConfigurations = 0
        /// How many of them were given up.
        public var deadPushConfigurations = 0
        /// Files in the folder that a backup or an import has begun and nobody goes on with. The next one removes them.
        public var leftovers: [String] = []
        /// The names of the keys that secrets were encrypted with.
        public var keyIDs: [String] = []

        public init() {}
    }

    /// What is in the file, as it stood at one moment.
    ///
    /// - Throws: ``A2AError`` if the file cannot be read.
    public func info() async throws -> Info {
        let path = self.path
        return try await self.read { db in
            func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
            var info = Info()
            info.fileBytes = Self.size(path)
            info.logBytes = Self.size(path + "-wal")
            info.leftovers = PartialFile.leftovers(besides: path)
            info.schema = try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid")
            info.libraryVersion = try String.fetchOne(db, sql: "SELECT sqlite_version()") ?? ""
            info.tasks = try count("SELECT count(*) FROM tasks")
            info.unfinishedTasks = try count("SELECT count(*) FROM tasks WHERE state NOT IN (3, 4, 5, 7)")
            info.events = try count(
                "SELECT coalesce(sum(events), 0) FROM log WHERE task NOT IN (SELECT task FROM removals)")
            info.pushConfigurations = try count("SELECT count(*) FROM push_registrations")
            info.deadPushConfigurations = try count("SELECT count(*) FROM push_registrations WHERE state = 'dead'")
            info.keyIDs = try String.fetchAll(
                db, sql: "SELECT DISTINCT key_id FROM push_registrations ORDER BY key_id")
            return info
        }
    }

    private static func size(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}
