#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lets one process at a time open the files of a folder: two that make a file, or bring one to another schema, get into each other's way.
///
/// The lock is on the folder: nothing is made beside the file, and the locks that SQLite has on the file itself stay untouched.
enum FolderLock {
    /// How long to wait before looking again, in microseconds.
    private static let pause: useconds_t = 5_000

    /// - Parameters:
    ///   - file: A file in the folder; it need not be there.
    ///   - wait: The most time to wait for others. Then, and where folders cannot be locked, `body` runs without the lock.
    static func with<Value>(folderOf file: String, wait: Duration, _ body: () throws -> Value) rethrows -> Value {
        let path = PrivateFile.resolved(file)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return try body() }
        // To close it lets go of the lock.
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + wait
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR,
            ContinuousClock.now < deadline
        {
            usleep(self.pause)
        }
        return try body()
    }
}
