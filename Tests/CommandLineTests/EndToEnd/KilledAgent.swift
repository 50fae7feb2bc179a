import Foundation
import Subprocess
import Synchronization
import Testing

/// A program of this package that runs in a process of its own until it is killed (SIGKILL).
///
/// It is killed too when its scope ends, however that ends, and when the test process goes: its life hangs on a pipe.
struct KilledProgram: Sendable {
    private let end: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    /// Kills the program.
    func kill() { self.continuation.finish() }

    /// Closes standard input, which is what the shell waits for.
    private struct Lifeline: InputProtocol {
        let end: AsyncStream<Never>
        func write(with writer: StandardInputWriter) async throws {
            for await _ in self.end {}
        }
    }

    private static let shell = """
        "$@" </dev/null &
        child=$!
        exec >/dev/null 2>&1
        read -r _
        kill -KILL $child
        wait $child
        """

    /// Runs a program while `body` runs.
    ///
    /// - Parameter body: Is given what follows `READY ` in its output.
    static func run<Result: Sendable>(
        _ name: String, _ arguments: [String], environment: [String: String] = [:],
        _ body: (_ ready: String, _ program: KilledProgram) async throws -> Result
    ) async throws -> Result {
        let executable = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent(name).path
        try #require(FileManager.default.isExecutableFile(atPath: executable), "\(executable) is not built")
        let (end, continuation) = AsyncStream<Never>.makeStream()
        let program = KilledProgram(end: end, continuation: continuation)
        var variables: [Environment.Key: String?] = [:]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        return try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", Self.shell, "sh", executable] + arguments),
            environment: .inherit.updating(variables), input: Lifeline(end: end), output: .sequence, error: .sequence
        ) { process in
            defer { program.kill() }
            let output = process.standardOutput
            let errors = process.standardError
            return try await withThrowingTaskGroup(of: Void.self) { group in
                let said = Mutex("")
                let (ready, found) = AsyncStream<String>.makeStream()
                group.addTask {
                    for try await line in output.strings(separatedBy: .unicodeScalarSequence(["\n"])) {
                        if line.hasPrefix("READY ") { found.yield(String(line.dropFirst(6))) }
                    }
                    found.finish()
                }
                group.addTask {
                    for try await line in errors.strings(separatedBy: .unicodeScalarSequence(["\n"])) {
                        said.withLock { $0 += line + "\n" }
                    }
                }
                for await url in ready {
                    let result = try await body(url, program)
                    program.kill()
                    return result
                }
                throw NotReady(said: said.withLock { $0 })
            }
        }.closureResult
    }

    struct NotReady: Error {
        var said: String
    }
}
