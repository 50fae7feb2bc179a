import GRDB
import GRDBSQLite

/// A prepared statement, bound and stepped without GRDB's values and rows in between: the writer's thread is what limits how
/// much can be written.
struct PreparedStatement {
    private let statement: Statement
    private let handle: OpaquePointer

    init(_ db: Database, _ sql: String) throws {
        self.statement = try db.makeStatement(sql: sql)
        self.handle = self.statement.sqliteStatement
    }

    /// One that its connection keeps.
    init(cachedIn db: Database, _ sql: String) throws {
        self.statement = try db.cachedStatement(sql: sql)
        self.handle = self.statement.sqliteStatement
    }

    func bind(_ index: CInt, _ value: Int64) { sqlite3_bind_int64(self.handle, index, value) }

    func bindNull(_ index: CInt) { sqlite3_bind_null(self.handle, index) }

    func bind(_ index: CInt, _ value: Int) { sqlite3_bind_int64(self.handle, index, Int64(value)) }

    func bind(_ index: CInt, _ value: String) {
        var value = value
        value.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { text in
                // An empty text has no address, which would be NULL.
                guard let base = text.baseAddress, !text.isEmpty else {
                    _ = sqlite3_bind_text(self.handle, index, "", 0, Self.copied)
                    return
                }
                sqlite3_bind_text(self.handle, index, base, CInt(text.count), Self.copied)
            }
        }
    }

    func bind(_ index: CInt, _ value: [UInt8]) {
        guard !value.isEmpty else {
            sqlite3_bind_zeroblob(self.handle, index, 0)
            return
        }
        value.withUnsafeBytes { bytes in
            _ = sqlite3_bind_blob64(self.handle, index, bytes.baseAddress, UInt64(bytes.count), Self.copied)
        }
    }

    /// Runs a statement that has no rows.
    func run() throws {
        defer { sqlite3_reset(self.handle) }
        while try self.step() {}
    }

    /// Goes on to the next row; `false` after the last.
    func step() throws -> Bool {
        switch sqlite3_step(self.handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let failure = self.failure
            // Else it would take no other values, and begin again with those that it has.
            sqlite3_reset(self.handle)
            throw failure
        }
    }

    /// Ends reading. What is bound stays.
    func reset() { sqlite3_reset(self.handle) }

    /// How many rows the last change has changed.
    var changes: Int { Int(sqlite3_changes(sqlite3_db_handle(self.handle))) }

    /// The row that the last insertion has made.
    var insertedRow: Int64 { sqlite3_last_insert_rowid(sqlite3_db_handle(self.handle)) }

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(self.handle, column) == SQLITE_NULL }

    func int64(_ column: CInt) -> Int64 { sqlite3_column_int64(self.handle, column) }

    func int(_ column: CInt) -> Int { Int(sqlite3_column_int64(self.handle, column)) }

    func string(_ column: CInt) -> String {
        guard let text = sqlite3_column_text(self.handle, column) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(self.handle, column))),
            as: UTF8.self)
    }

    func bytes(_ column: CInt) -> [UInt8] {
        guard let blob = sqlite3_column_blob(self.handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(self.handle, column))))
    }

    private var failure: DatabaseError {
        let connection = sqlite3_db_handle(self.handle)
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)), sql: self.statement.sql)
    }

    /// SQLite's word for "make a copy" (SQLITE_TRANSIENT), which is a macro in C.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
