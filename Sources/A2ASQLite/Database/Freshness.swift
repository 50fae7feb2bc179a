import A2A
import GRDB
import GRDBSQLite
import Synchronization

/// Tells whether what is in memory is still what is in the file.
///
/// Every commit of every process counts up a number in the file. If it is larger than the last commit of ours, somebody else has
/// written since, and nothing in memory is believed any more: the *epoch* changes, and what was loaded in an older one is loaded
/// again. So does a commit of ours that fails.
final class Freshness: Sendable {
    private struct State {
        var known: Int64 = 0
        var epoch: Int64 = 0
    }

    private let state = Mutex(State())
    private let counter: Mutex<CommitCounter?>

    init(path: String, busyTimeout: Duration) throws {
        self.counter = Mutex(try CommitCounter(path: path, busyTimeout: busyTimeout))
    }

    var epoch: Int64 { self.state.withLock { $0.epoch } }

    /// The epoch now, after a look at the file.
    ///
    /// - Throws: `DatabaseError`; ``A2AError`` after ``close()``.
    func check() throws -> Int64 {
        let commits = try self.counter.withLock { counter in
            guard let counter else { throw A2AError.storeIsClosed }
            return try counter.read()
        }
        return self.state.withLock { state in
            if commits > state.known {
                state.known = commits
                state.epoch += 1
            }
            return state.epoch
        }
    }

    /// Lets go of the file.
    func close() { self.counter.withLock { $0 = nil } }

    /// The writer has begun, and found this number.
    func writerSees(commits: Int64) {
        self.state.withLock { state in
            guard commits != state.known else { return }
            state.known = commits
            state.epoch += 1
        }
    }

    /// The writer is about to commit under this number.
    func writerCommits(_ commits: Int64) { self.state.withLock { $0.known = commits } }

    /// The writer's commit has failed.
    func writerFailed(commits: Int64) {
        self.state.withLock { state in
            state.known = min(state.known, commits)
            state.epoch += 1
        }
    }
}

/// Reads the number of commits, over a connection of its own, on the caller's thread: it is one row, and waits for nobody.
private final class CommitCounter {
    private let connection: OpaquePointer
    private let statement: OpaquePointer

    init(path: String, busyTimeout: Duration) throws {
        var connection: OpaquePointer?
        let opened = sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
        guard opened == SQLITE_OK, let connection else {
            sqlite3_close_v2(connection)
            throw DatabaseError(resultCode: ResultCode(rawValue: opened))
        }
        sqlite3_busy_timeout(connection, CInt(clamping: Int64(busyTimeout.inSeconds * 1000)))
        var statement: OpaquePointer?
        let prepared = sqlite3_prepare_v2(connection, "SELECT commits FROM store", -1, &statement, nil)
        guard prepared == SQLITE_OK, let statement else {
            let error = DatabaseError(
                resultCode: ResultCode(rawValue: prepared), message: String(cString: sqlite3_errmsg(connection)))
            sqlite3_close_v2(connection)
            throw error
        }
        self.connection = connection
        self.statement = statement
    }

    deinit {
        sqlite3_finalize(self.statement)
        sqlite3_close_v2(self.connection)
    }

    func read() throws -> Int64 {
        defer { sqlite3_reset(self.statement) }
        guard sqlite3_step(self.statement) == SQLITE_ROW else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: sqlite3_extended_errcode(self.connection)),
                message: String(cString: sqlite3_errmsg(self.connection)))
        }
        return sqlite3_column_int64(self.statement, 0)
    }
}
