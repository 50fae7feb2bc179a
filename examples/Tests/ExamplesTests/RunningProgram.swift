import Foundation
import Subprocess

/// One of the examples, started as a user starts it.
enum RunningProgram {
    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    /// What a program printed, and how it ended.
    struct Outcome: Sendable {
        /// The exit status, or 128 and the signal.
        var status: Int32
        var lines: [String]
    }

    /// How long a program may take to end when the test has failed or run out of time, before it is killed.
    static let graceTime = Duration.seconds(5)

    /// Runs a program to its end.
    ///
    /// Nothing stays behind when `onLine` throws or the test is cancelled: the program gets SIGTERM, later SIGKILL.
    ///
    /// - Parameter onLine: Sees each line of both outputs as it comes. On `false` the program gets SIGTERM.
    static func run(
        _ name: String, _ arguments: [String] = [], onLine: (String) async throws -> Bool = { _ in true }
    ) async throws -> Outcome {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.graceTime)]
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(["-c", #"exec "$0" "$@""#, try Self.executable(name).path] + arguments),
            platformOptions: options, input: .none, output: .sequence, error: .combinedWithOutput
        ) { program in
            var lines: [String] = []
            for try await line in program.standardOutput.strings(separatedBy: .unicodeScalarSequence(["\n"])) {
                lines.append(line)
                if try await !onLine(line) { try program.send(signal: .terminate) }
            }
            // The lines of a cancelled test end early.
            try Task.checkCancellation()
            return lines
        }
        return switch result.terminationStatus {
        case .exited(let status): Outcome(status: status, lines: result.closureResult)
        case .signaled(let signal): Outcome(status: 128 + signal, lines: result.closureResult)
        }
    }

    /// The URL in the line that an example logs when it listens.
    static func url(in line: String) -> String? {
        line.firstRange(of: "Listening on ").map { String(line[$0.upperBound...]) }
    }

    /// The executable beside the tests, of the same build.
    private static func executable(_ name: String) throws -> URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        #if os(macOS)
            if let bundle = Bundle.allBundles.first(where: { $0.bundlePath.hasSuffix(".xctest") }) {
                folder = bundle.bundleURL.deletingLastPathComponent()
            }
        #endif
        let executable = folder.appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw Missing(description: "'\(name)' is not built: expected it at \(executable.path).")
        }
        return executable
    }
}
