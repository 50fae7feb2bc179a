import A2A
import A2ASQLite
import Foundation
import Synchronization

/// A file of lines, read or written one by one. One that is written has its name when all of it is there.
final class LineFile: Sendable {
    private struct State {
        var handle: FileHandle
        var buffer: [UInt8] = []
        /// Where in the buffer the next line begins.
        var position = 0
        var isAtEnd = false
    }

    private let path: String
    /// `nil` for one that is read.
    private let partial: PartialFile?
    private let state: Mutex<State>

    /// How much is read at a time, in bytes.
    private static let chunk = 1 << 20
    /// The longest line, in bytes.
    private static let maxLine = 512 << 20

    /// - Throws: ``ToolError`` if the file cannot be read.
    init(reading path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ToolError(
                code: .internal, message: "The file '\(path)' cannot be read: \(String(cString: strerror(errno))).")
        }
        self.path = path
        self.partial = nil
        self.state = Mutex(State(handle: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)))
        var isFolder: ObjCBool = false
        guard !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || !isFolder.boolValue else {
            throw ToolError(code: .internal, message: "The file '\(path)' cannot be read: it is a folder.")
        }
    }

    /// - Throws: ``ToolError`` if there is such a file, or it cannot be made.
    init(creating path: String) throws {
        let path = SQLiteDatabase.file(of: path)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ToolError.usage("The file '\(path)' exists already. Choose another name.")
        }
        PartialFile.removeLeftovers(besides: path)
        let partial = PartialFile(of: path)
        let descriptor = open(partial.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            partial.discard()
            throw ToolError(code: .internal, message: "The file '\(path)' cannot be made: \(reason).")
        }
        self.path = path
        self.partial = partial
        self.state = Mutex(State(handle: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)))
    }

    func write(_ line: [UInt8]) throws {
        do {
            try self.state.withLock { state in
                state.buffer += line
                guard state.buffer.count >= Self.chunk else { return }
                try state.handle.write(contentsOf: Data(state.buffer))
                state.buffer.removeAll(keepingCapacity: true)
            }
        } catch {
            throw self.unwritten
        }
    }

    /// Writes what is left, to the disk, and gives the file its name.
    func finish() throws {
        do {
            try self.state.withLock { state in
                try state.handle.write(contentsOf: Data(state.buffer))
                try state.handle.synchronize()
            }
            try self.partial?.publish(isDatabase: false)
        } catch let error as A2AError {
            throw ToolError.usage(error.message)
        } catch {
            throw self.unwritten
        }
    }

    /// Removes a file that was not finished.
    func discard() { self.partial?.discard() }

    private var unwritten: ToolError {
        ToolError(code: .internal, message: "The file '\(self.path)' cannot be written. Is the disk full?")
    }

    /// The next line, without its end; `nil` after the last.
    func nextLine() throws -> [UInt8]? {
        try self.state.withLock { state in
            var searched = state.position
            while true {
                if let end = state.buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                    defer { state.position = end + 1 }
                    return Array(state.buffer[state.position..<end])
                }
                if state.isAtEnd {
                    guard state.position < state.buffer.count else { return nil }
                    defer { state.position = state.buffer.count }
                    return Array(state.buffer[state.position...])
                }
                state.buffer.removeFirst(state.position)
                state.position = 0
                searched = state.buffer.count
                guard searched <= Self.maxLine else {
                    throw ToolError(
                        code: .internal, message: "A line of '\(self.path)' is longer than \(Self.maxLine) bytes.")
                }
                do {
                    let more = try state.handle.read(upToCount: Self.chunk) ?? Data()
                    state.isAtEnd = more.isEmpty
                    state.buffer += more
                } catch {
                    throw ToolError(code: .internal, message: "The file '\(self.path)' cannot be read.")
                }
            }
        }
    }
}
