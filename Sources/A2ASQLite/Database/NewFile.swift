import A2A
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A database file that is not there yet: nothing of an earlier one gets into it, and no other file is lost to it.
enum NewFile {
    /// Refuses a name beside which the log of an earlier file lies: SQLite would put that into the new one, or throw it away.
    ///
    /// - Throws: ``A2AError`` that names the logs, if there is no file of that name but some.
    static func requireNoLogs(of name: String) throws {
        let path = PrivateFile.resolved(name)
        // The logs first: whoever makes the file now makes them after it.
        let logs = ["-wal", "-journal"].map { path + $0 }.filter {
            var status = stat()
            return stat($0, &status) == 0 && status.st_size > 0
        }
        guard !logs.isEmpty, !FileManager.default.fileExists(atPath: path) else { return }
        let names = logs.map { "'\($0)'" }.joined(separator: " and ")
        throw A2AError(
            .invalidRequest,
            "There is no file '\(path)', but \(names), which may have the newest changes of one that was there. Put that file back, "
                + "or move \(names) away, and the '-shm' beside it.")
    }

    /// Refuses a name that can never be that of a database, which SQLite would say in words that nobody understands.
    ///
    /// - Throws: ``A2AError`` that says what the name stands for.
    static func requireFileName(_ name: String) throws {
        guard !name.isEmpty, name != ":memory:" else {
            throw A2AError(
                .invalidRequest,
                "The task store '\(name)' cannot be opened: that is no file. For tasks that end with the process there is the memory store."
            )
        }
        var status = stat()
        guard stat(name, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw A2AError(
                .invalidRequest,
                "The task store '\(name)' cannot be opened: it is a device, pipe or socket. Give the name of a file.")
        }
        let inside = name.hasSuffix("/") ? name : name + "/"
        throw A2AError(
            .invalidRequest,
            "The task store '\(name)' cannot be opened: it is a folder. Give the name of a file, such as '\(inside)agent.db'."
        )
    }

    /// Gives a finished file, which nobody has open, its name.
    ///
    /// - Throws: ``A2AError`` if another file has the name, or the logs of one.
    static func publish(_ partial: String, as path: String, isDatabase: Bool = true) throws {
        try FileHandle(forUpdatingAtPath: partial)?.synchronize()
        if isDatabase { try self.requireNoLogs(of: path) }
        if link(partial, path) == 0 {
            unlink(partial)
        } else {
            // Without hard links somebody could still be quicker by the blink of an eye.
            guard errno != EEXIST, !FileManager.default.fileExists(atPath: path) else { throw self.exists(path) }
            try FileManager.default.moveItem(atPath: partial, toPath: path)
        }
        PrivateFile.syncFolder(of: path)
    }

    static func exists(_ path: String) -> A2AError {
        A2AError(.invalidRequest, "The file '\(path)' exists already. Choose another name.")
    }
}
