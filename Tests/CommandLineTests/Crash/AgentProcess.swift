import Foundation
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

    /// What it has printed on standard error.
    var standardError: String { self.tail.text }

    /// Starts an agent, gives it to `body` when it listens, and kills it before it returns if it still runs.
    static func run<Result: Sendable>(
        _ arguments: [String], _ body: @escaping @Sendable (AgentProcess) async throws -> Result
    ) async throws -> Result {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("a2a-agent").path
        let lifeline = Lifeline()
        return try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", Self.supervisor, "sh", program] + arguments),
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
                throw Failure(text: "The agent ended before it was ready: \(tail.text)")
            }
        }.closureResult
    }

    struct Failure: Error, CustomStringConvertible {
        var text: String
        var description: String { self.text }
    }
}

/// The standard input of the supervisor, which carries nothing but its end.
private struct Lifeline: InputProtocol {
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
