#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file beside the database that a process holds locked while it lives.
///
/// The system lets go of the lock when the process ends, however it ends, whatever the clocks say and whichever container it
/// was in. A process that hangs or is paused still has it.
final class LeaseFile: Sendable {
    private let path: String
    private let descriptor: CInt

    /// Makes the file and locks it; `nil` where that is not possible. Then only the beats tell that the process lives.
    init?(path: String) {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }

    /// Where the file of a lease is.
    static func path(of token: String, beside database: String) -> String { "\(database)-lease-\(token)" }

    /// Whether the process that made a file is certain to be gone.
    static func isAbandoned(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        // Without a file the beats decide.
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    static func remove(_ path: String) { unlink(path) }

    /// Removes the file; the lock stays until the end.
    func remove() { unlink(self.path) }
}
