import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The write-ahead log beside a database that is open: it stays the same file for as long as anybody has the database open.
///
/// If somebody deletes it or puts another one in its place, SQLite goes on writing to what has no name any more, and that is lost
/// with the last process that has it open.
struct WriteAheadLogFile {
    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t
    }

    private let path: String
    /// The file as it was first seen.
    private var identity: Identity?
    /// The size of the file when it was last seen, in bytes.
    private(set) var bytes = 0

    /// - Parameter database: The path of the database.
    init(of database: String) { self.path = database + "-wal" }

    /// - Throws: `DatabaseError` if the file is another one than before, or gone.
    mutating func requireSame() throws {
        var status = stat()
        let found = stat(self.path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
        if self.identity == nil { self.identity = found }
        self.bytes = found == nil ? 0 : Int(status.st_size)
        guard self.identity == found else { throw DatabaseError.logIsGone }
    }
}

extension DatabaseError {
    /// The write-ahead log is no longer where it was.
    static let logIsGone = DatabaseError(
        resultCode: .SQLITE_CANTOPEN_DIRTYWAL, message: "the write-ahead log was moved, deleted or replaced")
}
