import Foundation
import Testing

/// Something that the interop tests need and did not find.
struct Missing: Error, CustomStringConvertible {
    var description: String
}

/// The programs that take part.
enum Programs {
    /// The root of the package.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The environment variable that says that the Python SDK shall be left out: `A2A_SKIP_INTEROP=1`.
    static let isSkipped = ProcessInfo.processInfo.environment["A2A_SKIP_INTEROP"] == "1"

    /// The Python of `.venv`.
    static func python() throws -> URL {
        let python = Self.root.appendingPathComponent(".venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw Missing(
                description: "The Python SDK is missing (.venv). Run 'make setup', or set A2A_SKIP_INTEROP=1.")
        }
        return python
    }

    /// A file of `Tests/InteropTests/python`.
    static func script(_ name: String) -> String {
        Self.root.appendingPathComponent("Tests/InteropTests/python").appendingPathComponent(name).path
    }

    /// An executable of this package, from the build that the tests come from.
    static func product(_ name: String) throws -> URL {
        let product = Self.buildFolder.appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: product.path) else {
            throw Missing(description: "'\(name)' is not built: expected it at \(product.path). Run 'swift build'.")
        }
        return product
    }

    private static var buildFolder: URL {
        #if os(macOS)
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
            if let bundle { return bundle.bundleURL.deletingLastPathComponent() }
        #endif
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    }
}

/// A running agent.
enum RunningAgent {
    /// Starts our reference agent on a free port.
    static func ours<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        try await Self.run(
            Programs.product("a2a-agent"), ["--port", "0", "--store", "memory", "--insecure-push-to-loopback"], body)
    }

    /// Starts `a2a gateway` in front of an agent, on free ports.
    static func gateway<Result: Sendable>(
        to upstream: String, over binding: String, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let arguments = ["--upstream", upstream, "--upstream-transport", binding]
        return try await Self.run(
            Programs.product("a2a"), ["gateway", "--http-port", "0", "--grpc-port", "0"] + arguments, body)
    }

    /// Starts the agent on the Python SDK on a free port.
    static func python<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        try await Self.run(Programs.python(), [Programs.script("agent.py")], body)
    }

    private static func run<Result: Sendable>(
        _ executable: URL, _ arguments: [String], _ body: (String) async throws -> Result
    ) async throws -> Result {
        try await ChildProcess.run(executable, arguments) { child in
            let prefix = "READY "
            var printed: [String] = []
            for await line in child.lines {
                if line.hasPrefix(prefix) { return try await body(String(line.dropFirst(prefix.count))) }
                printed.append(line)
            }
            throw Missing(
                description: """
                    \(executable.lastPathComponent) ended without a line '\(prefix)URL'. It printed:
                    \((printed + [child.standardError]).joined(separator: "\n"))
                    """)
        }
    }
}
