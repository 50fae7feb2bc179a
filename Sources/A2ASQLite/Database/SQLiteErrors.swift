package import A2A
import Foundation
package import GRDB

extension A2AError {
    /// A failure of the database as callers of an agent see it: what it means for them and what helps. Where the file is, and
    /// what SQLite says, is in the cause only.
    package init(_ error: DatabaseError, fileID: String = #fileID, line: Int = #line) {
        let (code, message) = Self.meaning(of: error)
        let isWorthTrying = code != .internal && error.resultCode != .SQLITE_TOOBIG
        self.init(
            code, message, details: isWorthTrying ? [.retryInfo(.seconds(1))] : [], cause: error, fileID: fileID,
            line: line)
    }

    /// A failure to open a file, for whoever starts the program.
    init(opening path: String, _ error: DatabaseError) {
        let (code, _) = Self.meaning(of: error)
        let advice =
            switch error.resultCode {
            case .SQLITE_CANTOPEN, .SQLITE_PERM: "Check that the folder exists and that this user may write there."
            case .SQLITE_READONLY: "Give this user the right to write it, or choose another file."
            case .SQLITE_NOTADB: "It is no SQLite database. Choose another file, or move this one away."
            case .SQLITE_CORRUPT: "It is damaged. Put a backup in its place; its -wal and -shm must go with it."
            case .SQLITE_BUSY, .SQLITE_LOCKED: "Another process holds it. Try again when that has ended."
            case .SQLITE_FULL: "The disk is full. Free some space."
            default: "Look at the message, and at the disk."
            }
        self.init(
            code, "The task store '\(path)' cannot be opened: \(error.message ?? "\(error.resultCode)"). \(advice)",
            cause: error)
    }

    /// Nobody reads or writes any more.
    static var storeIsClosed: A2AError { A2AError(.unavailable, "The agent's task store is closed.") }

    private static func meaning(of error: DatabaseError) -> (Code, String) {
        switch error.resultCode {
        case .SQLITE_FULL:
            (
                .resourceExhausted,
                "The agent's task store has no room left on its disk. Nothing was changed; try again when there is space."
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            (
                .unavailable,
                "The agent's task store is locked by another process. Nothing was changed; try again soon."
            )
        case .SQLITE_READONLY where error.extendedResultCode == .SQLITE_READONLY_DBMOVED:
            (
                .unavailable,
                "The agent's task store was moved or deleted. Nothing was changed; it goes on when the file is back."
            )
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            (
                .unavailable,
                "The agent's task store cannot be written. Nothing was changed; try again when its operator has made it writable."
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            (
                .internal,
                "The agent's task store is damaged. Its operator has to check it (a2a store check) and put a backup in its place, "
                    + "of the old file's -wal and -shm too."
            )
        case .SQLITE_CANTOPEN where error.extendedResultCode == .SQLITE_CANTOPEN_DIRTYWAL:
            (
                .unavailable,
                "The write-ahead log of the agent's task store was moved or deleted. Nothing was changed; its operator has to "
                    + "start the agent again."
            )
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_PROTOCOL, .SQLITE_NOMEM:
            (
                .unavailable,
                "The agent's task store cannot be reached. Nothing was changed; try again soon."
            )
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            (.canceled, "Reading the agent's task store was interrupted.")
        case .SQLITE_TOOBIG:
            (.resourceExhausted, "That is larger than the agent's task store can take in one piece.")
        default: (.internal, "The agent's task store failed.")
        }
    }
}

extension DatabaseError {
    /// Whether the failure is the file's or the machine's: then every write fails, not only the one that met it.
    var concernsAll: Bool {
        switch self.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_RANGE, .SQLITE_ERROR, .SQLITE_MISUSE: false
        default: true
        }
    }

    /// The file is no longer where it was opened.
    static let moved = DatabaseError(
        resultCode: .SQLITE_READONLY_DBMOVED, message: "the database file was moved or deleted")
}

/// Makes the folder of a file, readable for this user only, if it is not there.
func makeFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard !FileManager.default.fileExists(atPath: folder) else { return }
    do {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
        let reason = ((error as? CocoaError)?.underlying as? POSIXError).map {
            String(cString: strerror($0.code.rawValue))
        }
        throw A2AError(
            .internal, "The folder '\(folder)' for the task store cannot be made: \(reason ?? "\(error)").",
            cause: error)
    }
}
