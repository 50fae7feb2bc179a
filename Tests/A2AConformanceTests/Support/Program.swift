import Foundation
import Subprocess

/// The executable `a2a-conformance`, as people run it.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// In bytes.
    private static let outputLimit = 8 << 20

    /// - Parameters:
    ///   - folder: Where it runs; that of the tests if it is not given.
    ///   - path: Another copy of it.
    static func run(
        _ arguments: [String], in folder: URL? = nil, path: String? = nil, environment: [String: String] = [:],
        input: String = ""
    ) async throws -> Outcome {
        try await Self.start(
            [path ?? Self.product("a2a-conformance").path] + arguments, in: folder, environment: environment,
            input: input)
    }

    /// Runs any program.
    static func start(
        _ words: [String], in folder: URL? = nil, environment: [String: String] = [:], input: String = ""
    ) async throws -> Outcome {
        var variables: [Environment.Key: String?] = ["A2A_CONFORMANCE_DATA": nil]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(
                ["-c", #"cd "$0" && exec "$@""#, (folder ?? ReferenceAgentTests.root).path] + words),
            environment: .inherit.updating(variables), input: .string(input),
            output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
        let status =
            switch result.terminationStatus {
            case .exited(let status): status
            case .signaled(let signal): 128 + signal
            }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// An executable of this package, from the build that the tests come from.
    static func product(_ name: String) -> URL {
        #if os(macOS)
            if let bundle = Bundle.allBundles.first(where: { $0.bundlePath.hasSuffix(".xctest") }) {
                return bundle.bundleURL.deletingLastPathComponent().appendingPathComponent(name)
            }
        #endif
        return URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent(name)
    }

    /// A folder of its own while `body` runs.
    static func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("judge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }

    /// Writes a document with these tests.
    static func write(_ tests: [String], to folder: URL) throws -> String {
        let file = folder.appendingPathComponent("own.acts.yaml")
        try document(tests).write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }
}
