import A2A
// Queues may be shared, although they do not say so on every platform.
@preconcurrency import Dispatch
import GRDB
import GRDBSQLite
import Logging

/// The writer: takes what waits, and makes it durable in one commit.
final class GroupCommit {
    /// The most changes of one commit.
    static let maxJobs = 1024
    /// How long the writer waits for readers to begin the log anew, in milliseconds.
    private static let logWait = 500

    private let session: WriterSession
    private let queue: WriteQueue
    private let path: String
    private var log: WriteAheadLogFile
    private let logger: Logger
    private var pace = CommitPace()
    private let maxLogBytes: Int
    private let busyTimeout: Duration
    /// From which size of the log on it is to be begun anew.
    private var logLimit: Int
    /// Those who wait are told beside the writer, which goes on meanwhile.
    private let answers = DispatchQueue(label: "a2a.sqlite.answers")

    init(_ session: WriterSession, queue: WriteQueue, path: String, options: SQLiteDatabase.Options, logger: Logger) {
        self.session = session
        self.queue = queue
        self.path = path
        self.log = WriteAheadLogFile(of: path)
        self.maxLogBytes = options.maxLogBytes
        self.logLimit = options.maxLogBytes
        self.busyTimeout = options.busyTimeout
        self.logger = logger
    }

    /// Works until the queue is closed.
    func run() {
        while true {
            if let pause = self.pace.pause(waiting: self.queue.count) {
                self.pace.paused(pause, changes: self.queue.wait(for: pause))
            }
            guard let jobs = self.queue.take() else { break }
            var rest = jobs[...]
            while !rest.isEmpty {
                self.commit(rest.prefix(Self.maxJobs))
                rest = rest.dropFirst(Self.maxJobs)
                if self.log.bytes > self.logLimit { self.shortenLog() }
            }
        }
        // So that the file alone is everything, unless others are still reading it.
        try? self.session.db.execute(sql: "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)")
        self.answers.sync {}
        self.queue.finish()
    }

    private func commit(_ jobs: ArraySlice<WriteJob>) {
        for job in jobs where job.isRead {
            do { try job.perform(self.session)() } catch { job.fail(error) }
        }
        let writes = jobs.filter { !$0.isRead }
        guard !writes.isEmpty else { return }
        do {
            try self.transact(writes)
        } catch {
            // If one of them is to blame, it alone shall fail.
            guard writes.count > 1, let error = error as? DatabaseError, !error.concernsAll else {
                return self.fail(writes, error)
            }
            for job in writes {
                do { try self.transact([job]) } catch { self.fail([job], error) }
            }
        }
    }

    private func transact(_ jobs: [WriteJob]) throws {
        var answers: [@Sendable () -> Void] = []
        answers.reserveCapacity(jobs.count)
        do {
            try self.requireFile()
            let begin = ContinuousClock.now
            try self.session.begin()
            for job in jobs {
                if !job.isQuiet { self.session.noteChange() }
                do {
                    answers.append(try job.perform(self.session))
                } catch let error as DatabaseError {
                    throw error
                } catch {
                    // Refused, perhaps because of a change before it in this commit: it hears so when that is durable.
                    answers.append { job.fail(error) }
                }
            }
            let end = ContinuousClock.now
            try self.session.commit()
            self.pace.committed(jobs.count, in: .now - end, after: end - begin)
        } catch {
            self.session.rollBack()
            throw error
        }
        self.queue.noteCommit()
        self.answers.async { [answers] in for answer in answers { answer() } }
    }

    /// Moves the log into the file and begins it anew, which SQLite by itself does only when nobody reads.
    private func shortenLog() {
        let before = self.log.bytes
        do {
            let timeout = Int64(self.busyTimeout.inSeconds * 1000)
            let db = self.session.db
            try db.execute(sql: "PRAGMA busy_timeout = \(Self.logWait)")
            defer { try? db.execute(sql: "PRAGMA busy_timeout = \(timeout)") }
            let isBusy = try Bool.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") ?? true
            guard isBusy else {
                self.logLimit = self.maxLogBytes
                return
            }
        } catch {
            self.logger.error(
                "the write-ahead log cannot be moved", metadata: ["file": "\(self.path)", "error": "\(error)"])
        }
        // Not again at once: everybody waits for it.
        self.logLimit = 2 * before
        self.logger.notice(
            "the write-ahead log grows: somebody has been reading for long",
            metadata: ["file": "\(self.path)", "bytes": "\(before)"])
    }

    private func fail(_ jobs: [WriteJob], _ error: any Error) {
        self.logger.error(
            "writing the task store failed",
            metadata: ["file": "\(self.path)", "changes": "\(jobs.count)", "error": "\(error)"])
        let told = (error as? DatabaseError).map { A2AError($0) } ?? error
        for job in jobs { job.fail(told) }
    }

    /// A file that was deleted or moved can still be written, and what is written is lost: do not.
    private func requireFile() throws {
        var hasMoved: CInt = 0
        guard
            sqlite3_file_control(self.session.db.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
                == SQLITE_OK, hasMoved == 0
        else { throw DatabaseError.moved }
        do {
            try self.log.requireSame()
        } catch {
            // What is in the lost log is in the file after this, so that nothing goes with the process.
            try? self.session.db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
            throw error
        }
    }
}
