import Foundation

/// One of the examples, started as a user starts it.
enum RunningProgram {
    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    /// What a program printed, and how it ended.
    struct Outcome: Sendable {
        var status: Int32
        var lines: [String]
    }

    /// Runs a program to its end.
    ///
    /// - Parameter onLine: Sees each line of both outputs as it comes. On `false` the program gets SIGTERM.
    static func run(
        _ name: String, _ arguments: [String] = [], onLine: (String) async throws -> Bool = { _ in true }
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = try Self.executable(name)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let (bytes, input) = AsyncStream<Data>.makeStream()
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                input.finish()
            } else {
                input.yield(data)
            }
        }
        let (exits, exit) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { exit.yield($0.terminationStatus) }
        try process.run()
        // Nothing may stay behind when a test fails.
        defer { if process.isRunning { process.terminate() } }

        var lines: [String] = []
        var rest = Data()
        for await data in bytes {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                rest = Data(rest[rest.index(after: end)...])
                lines.append(line)
                if try await !onLine(line) { process.terminate() }
            }
        }
        for await status in exits { return Outcome(status: status, lines: lines) }
        throw CancellationError()
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
