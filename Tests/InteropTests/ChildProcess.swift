import Foundation
import Synchronization

/// A program that runs while a scope lasts, in a process of its own.
///
/// Its life hangs on a pipe to this process: a small shell stands between and stops the program when the pipe closes.
/// So nothing stays behind when a test fails, is cancelled by its time limit, or takes the whole test run down.
struct ChildProcess: Sendable {
    /// The lines that the program prints on standard output, for one reader.
    let lines: AsyncStream<String>

    private let errors: OutputTail
    private let lifeline: FileHandle
    private let exit: AsyncStream<Int32>

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
        let child = try ChildProcess(executable, arguments, environment: environment)
        do {
            let result = try await body(child)
            _ = await child.stop()
            return result
        } catch {
            _ = await child.stop()
            throw error
        }
    }

    /// Runs a program to its end.
    static func output(
        of executable: URL, _ arguments: [String] = [], environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await Self.run(executable, arguments, environment: environment) { child in
            var lines: [String] = []
            for await line in child.lines { lines.append(line) }
            let status = await child.waitForExit()
            try Task.checkCancellation()
            return Outcome(status: status, lines: lines, errors: child.standardError)
        }
    }

    /// Sends SIGTERM to the program and waits until it has ended.
    ///
    /// - Returns: The exit status, or 128 and the signal; -1 if it was returned before.
    func stop() async -> Int32 {
        try? self.lifeline.close()
        return await self.waitForExit()
    }

    /// The end of what the program has printed on standard error so far.
    var standardError: String { self.errors.text }

    /// Waits until the program has ended.
    ///
    /// When the test is cancelled, such as by its time limit, it is stopped first.
    private func waitForExit() async -> Int32 {
        await withTaskCancellationHandler {
            // In a task of its own: an iterator of a cancelled task ends at once.
            await Task.detached { [exit] in
                for await status in exit { return status }
                return -1
            }.value
        } onCancel: {
            try? self.lifeline.close()
        }
    }

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

    private static let starting = Mutex(())

    private init(_ executable: URL, _ arguments: [String], environment: [String: String]) throws {
        // One at a time: a program started between the two steps of another one's pipe would inherit its ends.
        let (process, input, output, errors) = try Self.starting.withLock { _ in
            let input = try Descriptors.pipe()
            let output = try Descriptors.pipe()
            let errors = try Descriptors.pipe()
            let process = try Descriptors.spawn(
                ["/bin/sh", "-c", Self.supervisor, "sh", executable.path] + arguments,
                environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
                standard: [input.reading, output.writing, errors.writing])
            return (process, input, output, errors)
        }
        for descriptor in [input.reading, output.writing, errors.writing] { close(descriptor) }
        self.lifeline = FileHandle(fileDescriptor: input.writing, closeOnDealloc: true)

        let (lines, linesContinuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        Thread.detachNewThread {
            var splitter = LineSplitter()
            Descriptors.read(output.reading) { bytes in
                for line in splitter.append(bytes) { linesContinuation.yield(line) }
            }
            linesContinuation.finish()
        }
        let tail = OutputTail()
        self.errors = tail
        let (exit, exitContinuation) = AsyncStream.makeStream(of: Int32.self)
        self.exit = exit
        Thread.detachNewThread {
            Descriptors.read(errors.reading) { tail.append($0) }
            exitContinuation.yield(Descriptors.wait(process))
            exitContinuation.finish()
        }
    }
}

/// Cuts bytes into lines.
private struct LineSplitter {
    private var rest = Data()

    /// The lines that are complete with these bytes.
    ///
    /// No bytes mean the end: what is left is a line then.
    mutating func append(_ bytes: Data) -> [String] {
        if bytes.isEmpty {
            defer { self.rest = Data() }
            return self.rest.isEmpty ? [] : [String(decoding: self.rest, as: UTF8.self)]
        }
        self.rest.append(bytes)
        var pieces = self.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        self.rest = Data(pieces.removeLast())
        return pieces.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Keeps the end of what a program prints.
private final class OutputTail: Sendable {
    /// In bytes.
    private static let limit = 16 * 1024
    private let bytes = Mutex(Data())

    func append(_ data: Data) {
        self.bytes.withLock { bytes in
            bytes.append(data)
            bytes = Data(bytes.suffix(Self.limit))
        }
    }

    var text: String { self.bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
