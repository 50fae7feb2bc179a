import Foundation
import GRDBSQLite
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Lets reads and writes of chosen files fail, as a disk does: below SQLite, in the system calls that it makes.
enum DiskFaults {
    enum Call: Hashable { case read, write }

    /// What goes wrong with one kind of call.
    struct Fault {
        var error: CInt
        /// How many calls go well before.
        var after = 0
        /// How many calls fail then.
        var times = Int.max
    }

    private struct State {
        /// By the folder that the files are in.
        var faults: [String: [Call: Fault]] = [:]
        var failures: [String: Int] = [:]
        var isInstalled = false
    }

    private static let state = Mutex(State())

    /// Lets calls fail for files below a folder from now on; `nil` lets them all go well.
    static func set(_ fault: Fault?, for call: Call, in folder: String) {
        self.state.withLock { state in
            if !state.isInstalled {
                state.isInstalled = true
                Self.install()
            }
            state.faults[folder, default: [:]][call] = fault
        }
    }

    /// How many calls have failed below a folder; forgets the folder.
    @discardableResult
    static func remove(_ folder: String) -> Int {
        self.state.withLock { state in
            state.faults[folder] = nil
            return state.failures.removeValue(forKey: folder) ?? 0
        }
    }

    /// The error that a call shall fail with.
    fileprivate static func error(of call: Call, on descriptor: CInt) -> CInt? {
        self.state.withLock { state in
            guard !state.faults.isEmpty,
                let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)"),
                let folder = state.faults.keys.first(where: { path.hasPrefix($0 + "/") }),
                var fault = state.faults[folder]?[call]
            else { return nil }
            defer { state.faults[folder]?[call] = fault }
            if fault.after > 0 {
                fault.after -= 1
                return nil
            }
            guard fault.times > 0 else { return nil }
            fault.times -= 1
            state.failures[folder, default: 0] += 1
            return fault.error
        }
    }

    /// Puts our calls in the place of those that SQLite makes, whichever of them this build of it uses.
    private static func install() {
        guard let files = sqlite3_vfs_find(nil) else { return }
        func replace(_ name: String, _ call: sqlite3_syscall_ptr) {
            guard files.pointee.xGetSystemCall(files, name) != nil else { return }
            _ = files.pointee.xSetSystemCall(files, name, call)
        }
        for name in ["pwrite", "pwrite64"] { replace(name, unsafeBitCast(pwriteOrFail, to: sqlite3_syscall_ptr.self)) }
        for name in ["pread", "pread64"] { replace(name, unsafeBitCast(preadOrFail, to: sqlite3_syscall_ptr.self)) }
        replace("write", unsafeBitCast(writeOrFail, to: sqlite3_syscall_ptr.self))
        replace("read", unsafeBitCast(readOrFail, to: sqlite3_syscall_ptr.self))
    }
}

private let pwriteOrFail: @convention(c) (CInt, UnsafeRawPointer?, Int, off_t) -> Int = { file, bytes, count, offset in
    guard let error = DiskFaults.error(of: .write, on: file) else { return pwrite(file, bytes, count, offset) }
    errno = error
    return -1
}

private let writeOrFail: @convention(c) (CInt, UnsafeRawPointer?, Int) -> Int = { file, bytes, count in
    guard let error = DiskFaults.error(of: .write, on: file) else { return write(file, bytes, count) }
    errno = error
    return -1
}

private let preadOrFail: @convention(c) (CInt, UnsafeMutableRawPointer?, Int, off_t) -> Int = {
    file, bytes, count, offset in
    guard let error = DiskFaults.error(of: .read, on: file) else { return pread(file, bytes, count, offset) }
    errno = error
    return -1
}

private let readOrFail: @convention(c) (CInt, UnsafeMutableRawPointer?, Int) -> Int = { file, bytes, count in
    guard let error = DiskFaults.error(of: .read, on: file) else { return read(file, bytes, count) }
    errno = error
    return -1
}
