import GRDB

/// The database file that task logs and push notification configurations share.
enum SQLiteDatabase {
    /// The version of SQLite that this process is linked with.
    static var libraryVersion: String {
        get throws { try DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") ?? "" } }
    }
}
