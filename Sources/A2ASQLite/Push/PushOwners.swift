import Foundation
import GRDB
import Synchronization

/// The processes that deliver push notifications from one file, as one of them sees the others.
///
/// A process is there as long as it holds its lock: one byte of the file `<database>-owners`, which the system gives back when a process ends,
/// however it ends. One that holds it and shows no sign of life (it was stopped, or its disk hangs) loses its registrations too, after a time that
/// the others measure themselves: no clock on the wall has a say.
final class PushOwners: Sendable {
    /// A process as the database has it.
    struct Sighting: Sendable {
        var owner: Int64
        /// Grows with every sign of life.
        var beat: Int64
        var hasLock: Bool

        static func all(_ db: Database) throws -> [Sighting] {
            try Row.fetchAll(db, sql: "SELECT owner, beat, has_lock FROM push_owners").map {
                Sighting(owner: $0[0], beat: $0[1], hasLock: $0[2])
            }
        }
    }

    /// This process, or rather this object.
    let id: Int64
    /// Whether others can tell by the lock that this process is there.
    let hasLock: Bool

    private let descriptor: Int32
    private let timeout: Duration
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let seen = Mutex<[Int64: (beat: Int64, since: ContinuousClock.Instant)]>([:])

    init(database path: String, timeout: Duration, clock: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.id = Int64.random(in: 1...Int64.max / 2)
        self.timeout = timeout
        self.clock = clock
        self.descriptor = open(path + "-owners", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        self.hasLock = Self.lock(self.descriptor, self.id)
    }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    private static func lock(_ descriptor: Int32, _ id: Int64) -> Bool {
        var lock = Self.byte(id)
        return descriptor >= 0 && fcntl(descriptor, Self.setLock, &lock) == 0
    }

    private static func byte(_ id: Int64) -> flock {
        flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: off_t(id), l_len: 1, l_pid: 0)
    }

    // Locks of an open file, not of the process: two stores in one process do not take each other for one.
    private static let getLock: Int32 = 36
    private static let setLock: Int32 = 37

    /// Whether a process is no longer there.
    func isDead(_ other: Sighting) -> Bool {
        if other.hasLock, self.hasLock {
            var lock = Self.byte(other.owner)
            if fcntl(self.descriptor, Self.getLock, &lock) == 0, lock.l_type == Int16(F_UNLCK) { return true }
        }
        let now = self.clock()
        return self.seen.withLock { seen in
            guard let last = seen[other.owner], last.beat == other.beat else {
                seen[other.owner] = (other.beat, now)
                return false
            }
            guard now - last.since >= self.timeout else { return false }
            seen[other.owner] = nil
            return true
        }
    }

    /// A sign of life.
    static func announce(_ owner: Int64, hasLock: Bool, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO push_owners VALUES (?, 1, ?) ON CONFLICT (owner) DO UPDATE SET beat = beat + 1
                """, arguments: [owner, hasLock])
    }
}
