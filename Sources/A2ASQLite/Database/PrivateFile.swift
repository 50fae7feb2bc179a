import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps a database from the eyes of other users, whatever its folder: it holds what callers sent.
enum PrivateFile {
    private static let mode: mode_t = 0o600
    private static let others: mode_t = 0o007

    /// Makes the file of a database, empty and with mode 0600, if it is not there; takes the rights of all the world from one that is. The
    /// rights of its group stay: somebody must have given them. What SQLite makes beside a database has the database's mode.
    ///
    /// What fails here fails again, with a reason, when the database is opened.
    static func prepare(_ name: String) {
        let path = self.resolved(name)
        var status = stat()
        guard stat(path, &status) == 0 else { return self.make(path) }
        for file in [path, path + "-wal", path + "-shm"] { self.closeToOthers(file) }
    }

    private static func closeToOthers(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & self.others != 0 else {
            return
        }
        chmod(path, status.st_mode & ~(S_IFMT | self.others))
    }

    /// The file appears under its name when nobody here has it open any more: to close a file lets go of all locks that this process has on it,
    /// and SQLite's may be among them. Where there are no hard links it is made under its name: nobody can have locked it before.
    private static func make(_ path: String) {
        let temporary = "\(path).\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, self.mode)
        guard descriptor >= 0 else { return }
        close(descriptor)
        defer { unlink(temporary) }
        guard link(temporary, path) != 0, errno != EEXIST else { return }
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, self.mode)
        if made >= 0 { close(made) }
    }

    /// Where a path leads, through symbolic links, as SQLite follows them; also if nothing is there.
    static func resolved(_ path: String) -> String {
        var path = path
        // As many as Linux follows.
        for _ in 0..<40 {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
            path = target.hasPrefix("/") ? target : folder + target
        }
        return path
    }

    /// Lets a new name in a folder outlive a power failure.
    static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
