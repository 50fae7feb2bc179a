import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is being made: it has a name of its own until it is whole, so that nobody takes a part for it.
///
/// Beside it is a file that is locked for as long as it is being made. The system lets go of the lock when the process ends, however it
/// ends: a part that nobody makes any more is told by it, and removed by whoever makes a file in the folder next.
package final class PartialFile: Sendable {
    /// `FILE.<number>.partial`.
    package let path: String
    /// What it will be called.
    private let target: String
    /// Open and locked; -1 where files cannot be locked. Then nobody but ``publish(isDatabase:)`` and ``discard()`` removes it.
    private let descriptor: CInt

    private static let ending = ".partial"
    private static let lockEnding = "-lock"
    /// How often another number is tried.
    private static let attempts = 10

    /// Gives it a name and the lock; the file is made by the caller.
    package init(of target: String) {
        var path = Self.name(of: target)
        var descriptor = Self.lock(path)
        // Somebody may take a lock that is about to be held for one of the dead.
        for _ in 1..<Self.attempts where descriptor == nil {
            path = Self.name(of: target)
            descriptor = Self.lock(path)
        }
        self.path = path
        self.target = target
        self.descriptor = descriptor ?? -1
    }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    private static func name(of target: String) -> String {
        "\(target).\(UInt32.random(in: 0 ... .max))\(Self.ending)"
    }

    /// - Returns: `nil` if somebody else was quicker, -1 if there are no locks here.
    private static func lock(_ path: String) -> CInt? {
        let name = path + Self.lockEnding
        let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno == EEXIST ? nil : -1 }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            var status = stat()
            // Removed before it was locked?
            if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return descriptor }
            close(descriptor)
            return nil
        }
        let isTaken = errno == EWOULDBLOCK
        close(descriptor)
        unlink(name)
        return isTaken ? nil : -1
    }

    /// Gives the finished file, which nobody has open, its name.
    ///
    /// - Parameter isDatabase: Whether the log of an earlier database must not lie beside it.
    /// - Throws: ``A2AError`` if another file has the name, or the logs of one; then it stays a part.
    package func publish(isDatabase: Bool = true) throws {
        try NewFile.publish(self.path, as: self.target, isDatabase: isDatabase)
        unlink(self.path + Self.lockEnding)
    }

    /// Removes what was made.
    package func discard() { Self.remove(self.path) }

    // MARK: What is left over

    /// The parts in a file's folder that nobody makes any more, in the order of their names.
    static func leftovers(besides file: String) -> [String] {
        var found: [String] = []
        for path in self.locks(besides: file) { self.ifAbandoned(path) { found.append(path) } }
        return found
    }

    /// Removes them, with what lies beside them.
    ///
    /// - Returns: Those that were removed.
    @discardableResult
    package static func removeLeftovers(besides file: String) -> [String] {
        var removed: [String] = []
        for path in self.locks(besides: file) {
            self.ifAbandoned(path) {
                self.remove(path)
                removed.append(path)
            }
        }
        return removed
    }

    /// The parts in a folder that have a file to be locked, without that one's ending.
    private static func locks(besides file: String) -> [String] {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasSuffix(self.ending + self.lockEnding) else { return nil }
            let words = name.split(separator: ".", omittingEmptySubsequences: false)
            // The name of the file, which may have dots in it, the number, and the ending.
            guard words.count > 3 || (words.count == 3 && !words[0].isEmpty), UInt32(words[words.count - 2]) != nil
            else {
                return nil
            }
            return folder + name.dropLast(self.lockEnding.count)
        }
    }

    /// Does something while it has the lock of a part that nobody makes.
    private static func ifAbandoned(_ path: String, _ body: () -> Void) {
        let descriptor = open(path + self.lockEnding, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { body() }
    }

    /// The lock last: what it stands for is gone then.
    private static func remove(_ path: String) {
        for ending in ["", "-wal", "-shm", "-journal", self.lockEnding] { unlink(path + ending) }
    }
}
