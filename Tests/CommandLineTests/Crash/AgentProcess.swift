import Foundation
import GRDB
import Subprocess
import Synchronization

/// The reference agent in a process of its own, which a test can kill and stop.
///
/// A small shell stands between and kills the agent when this process is gone, however it ended.
final class AgentProcess: Sendable {
    /// Where it listens for HTTP.
    let url: String
    private let pid: pid_t
    private let tail: Tail

    /// The most bytes that are kept of what it prints on standard error.
    private static let errorLimit = 64 << 10

    private static let supervisor = """
        exec 3<&0 </dev/null
        "$@" 3<&- &
        child=$!
        echo "PID $child"
        exec >/dev/null 2>&1
        ( read -r _ <&3; kill -KILL $child ) &
        watcher=$!
        wait $child
        kill $watcher
        """

    private init(url: String, pid: pid_t, tail: Tail) {
        self.url = url
        self.pid = pid
        self.tail = tail
    }

    /// Sends a signal.
    func send(_ signal: CInt) { _ = Foundation.kill(self.pid, signal) }

    /// Stops the process between two commits. One that is stopped in the middle of a commit holds the file, and nobody can take it
    /// from it.
    func pause(using file: String) async throws {
        while true {
            self.send(SIGSTOP)
            while !(try self.isStopped) { await Task.yield() }
            if try Self.isFree(file) { return }
            self.send(SIGCONT)
            await Task.yield()
        }
    }

    /// Whether all of its threads are stopped.
    private var isStopped: Bool {
        get throws {
            let folder = "/proc/\(self.pid)/task"
            return try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { thread in
                // The state comes after the name, which is in parentheses. A thread may end meanwhile.
                guard let stat = try? String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8),
                    let end = stat.lastIndex(of: ")")
                else { return true }
                return stat[end...].dropFirst(2).first == "T"
            }
        }
    }

    /// Whether somebody could write to a database now.
    private static func isFree(_ file: String) throws -> Bool {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        do {
            try DatabaseQueue(path: file, configuration: configuration).inDatabase {
                try $0.inTransaction(.immediate) { .rollback }
            }
            return true
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return false
        }
    }

    /// What it has printed on standard error.
    var standardError: String { self.tail.text }

    /// The files as the agent sees them, if it was started with mounts of its own.
    var root: String { "/proc/\(self.pid)/root" }

    /// Limits how large a file may become that the agent writes, in bytes; `nil` takes the limit away.
    func limitFileSize(_ bytes: Int?) async throws {
        let result = try await Subprocess.run(
            .name("prlimit"),
            arguments: ["--pid", "\(self.pid)", "--fsize=\(bytes.map { "\($0)" } ?? "unlimited"):unlimited"],
            output: .discarded, error: .discarded)
        guard result.terminationStatus.isSuccess else { throw Failure(text: "the size of files cannot be limited") }
    }

    /// Starts an agent, gives it to `body` when it listens, and kills it before it returns if it still runs.
    ///
    /// - Parameter wrapper: A program and its arguments that become the agent with `exec`.
    static func run<Result: Sendable>(
        _ arguments: [String], wrapper: [String] = [], _ body: @escaping @Sendable (AgentProcess) async throws -> Result
    ) async throws -> Result {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("a2a-agent").path
        let lifeline = Lifeline()
        return try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", Self.supervisor, "sh"] + wrapper + [program] + arguments),
            input: lifeline, output: .sequence, error: .sequence
        ) { process in
            defer { lifeline.cut() }
            let (output, errors) = (process.standardOutput, process.standardError)
            var pid: pid_t?
            let tail = Tail()
            return try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask {
                    for try await buffer in errors {
                        buffer.withUnsafeBytes { bytes in tail.add(bytes, limit: Self.errorLimit) }
                    }
                    return nil
                }
                for try await line in output.strings(
                    separatedBy: .unicodeScalarSequence(["\n"]), bufferingPolicy: .unbounded)
                {
                    if line.hasPrefix("PID ") { pid = pid_t(line.dropFirst(4)) }
                    guard line.hasPrefix("READY "), let pid else { continue }
                    let agent = AgentProcess(url: String(line.dropFirst(6)), pid: pid, tail: tail)
                    group.addTask {
                        defer { agent.send(SIGKILL) }
                        return try await body(agent)
                    }
                    while let end = try await group.next() {
                        if let result = end { return result }
                    }
                }
                // All of what it has said.
                _ = try await group.next()
                throw Failure(text: "The agent ended before it was ready: \(tail.text)")
            }
        }.closureResult
    }

    struct Failure: Error, CustomStringConvertible {
        var text: String
        var description: String { self.text }
    }
}

/// A standard input that carries nothing but its end.
struct Lifeline: InputProtocol {
    private let end: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() { (self.end, self.continuation) = AsyncStream.makeStream() }

    func cut() { self.continuation.finish() }

    func write(with writer: StandardInputWriter) async throws {
        for await _ in self.end {}
    }
}

/// The end of what a process prints.
private final class Tail: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func add(_ more: UnsafeRawBufferPointer, limit: Int) {
        self.bytes.withLock { bytes in
            bytes.append(contentsOf: more)
            bytes = bytes.suffix(limit)
        }
    }

    var text: String { self.bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
