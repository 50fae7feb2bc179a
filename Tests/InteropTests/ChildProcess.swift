import Foundation
import Subprocess
import Synchronization

/// A program that runs while a scope lasts, in a process of its own.
///
/// Its life hangs on a pipe to this process: a small shell stands between and stops the program when the pipe closes.
/// So nothing stays behind when a test fails, is cancelled by its time limit, or takes the whole test run down.
struct ChildProcess: Sendable {
    /// The lines that the program prints on standard output, for one reader.
    ///
    /// They end after both outputs, so that ``standardError`` is complete then.
    let lines: AsyncStream<String>

    private let errors = OutputTail()
    private let lifeline = Lifeline()

    /// How long a stopped program may take to end before it is killed, in seconds.
    static let graceTime = 5

    /// How a program ended.
    struct Outcome: Sendable {
        /// The exit status, or 128 and the signal.
        var status: Int32
        /// Everything that was printed on standard output.
        var lines: [String]
        /// The end of what was printed on standard error.
        var errors: String
    }

    /// Starts a program, gives it to `body`, and stops it before it returns.
    static func run<Result: Sendable>(
        _ executable: URL,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        body: (ChildProcess) async throws -> Result
    ) async throws -> Result {
        try await Self.supervise(executable, arguments, environment) { child in
            let result = try await body(child)
            child.stop()
            return result
        }.closureResult
    }

    /// Runs a program to its end.
    ///
    /// - Parameter isLast: Sees each line of standard output as it comes. On `true` the program is stopped.
    static func output(
        of executable: URL,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        until isLast: (String) -> Bool = { _ in false }
    ) async throws -> Outcome {
        let result = try await Self.supervise(executable, arguments, environment) { child in
            var lines: [String] = []
            for await line in child.lines {
                lines.append(line)
                if isLast(line) { child.stop() }
            }
            // The lines of a cancelled test end early.
            try Task.checkCancellation()
            return (lines: lines, errors: child.standardError)
        }
        let (lines, errors) = result.closureResult
        return switch result.terminationStatus {
        case .exited(let status): Outcome(status: status, lines: lines, errors: errors)
        case .signaled(let signal): Outcome(status: 128 + signal, lines: lines, errors: errors)
        }
    }

    /// The end of what the program has printed on standard error so far.
    var standardError: String { self.errors.text }

    /// Sends SIGTERM to the program, and SIGKILL after the grace time.
    private func stop() {
        self.lifeline.cut()
    }

    // MARK: The process

    /// Runs the program "$@", stops it when standard input closes, and ends with its status.
    private static let supervisor = """
        exec 3<&0 </dev/null
        "$@" 3<&- &
        child=$!
        exec >/dev/null 2>&1
        (
            read -r _ <&3
            trap 'kill $sleeper; exit' TERM
            sleep \(Self.graceTime) &
            sleeper=$!
            kill -TERM $child
            wait $sleeper
            kill -KILL $child
        ) &
        watcher=$!
        wait $child
        status=$?
        kill $watcher
        wait $watcher
        exit $status
        """

    private typealias Ending<Value> = ExecutionResult<Value, SequenceOutput, SequenceOutput>

    /// Runs a program to its end, which comes early when `body` throws or the test is cancelled.
    private static func supervise<Value: Sendable>(
        _ executable: URL,
        _ arguments: [String],
        _ environment: [String: String],
        body: (ChildProcess) async throws -> Value
    ) async throws -> Ending<Value> {
        var options = PlatformOptions()
        // No signal: the closed lifeline has told the supervisor already, and without it the program would be left.
        options.teardownSequence = [
            .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: .seconds(2 * Self.graceTime))
        ]
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let (lines, printing) = AsyncStream.makeStream(of: String.self)
        let child = ChildProcess(lines: lines)
        return try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(["-c", Self.supervisor, "sh", executable.path] + arguments),
            environment: .inherit.updating(variables), platformOptions: options,
            input: child.lifeline, output: .sequence, error: .sequence
        ) { process in
            let (output, errors) = (process.standardOutput, process.standardError)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { printing.finish() }
                    async let tail: Void = child.errors.collect(errors)
                    for try await line in output.strings(
                        separatedBy: .unicodeScalarSequence(["\n"]), bufferingPolicy: .unbounded)
                    {
                        printing.yield(line)
                    }
                    try await tail
                }
                do {
                    let result = try await body(child)
                    try await group.waitForAll()
                    return result
                } catch {
                    child.stop()
                    // It may print while it stops.
                    try? await group.waitForAll()
                    throw error
                }
            }
        }
    }
}

/// The standard input of the supervisor, which carries nothing but its end.
private struct Lifeline: InputProtocol {
    private let end: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() {
        (self.end, self.continuation) = AsyncStream.makeStream()
    }

    func cut() {
        self.continuation.finish()
    }

    /// Returns when the line is cut, the test is cancelled or the program has ended; standard input closes then.
    func write(with writer: StandardInputWriter) async throws {
        for await _ in self.end {}
    }
}

/// Keeps the end of what a program prints.
private final class OutputTail: Sendable {
    /// In bytes.
    private static let limit = 16 * 1024
    private let bytes = Mutex<[UInt8]>([])

    func collect(_ output: SubprocessOutputSequence) async throws {
        for try await buffer in output {
            self.bytes.withLock { bytes in
                buffer.withUnsafeBytes { bytes.append(contentsOf: $0) }
                bytes = bytes.suffix(Self.limit)
            }
        }
    }

    var text: String { self.bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
