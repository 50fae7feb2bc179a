import Foundation
import Subprocess
import Testing

/// Ways in which the file of a real agent fails.
enum FaultyFile: String, CaseIterable, CustomTestStringConvertible {
    /// Files may grow no more: every write that makes one larger fails (RLIMIT_FSIZE).
    case sizeLimit = "a limit on the size of files"
    /// A small disk is full: a file system in memory that only the agent sees.
    case fullDisk = "a full disk"

    var testDescription: String { self.rawValue }

    /// Those that this machine lets us have.
    static var possible: [FaultyFile] {
        get async { await Mounts.arePossible ? Self.allCases : [.sizeLimit] }
    }

    /// What the agent is started with, its folder being the last argument of the shell.
    func wrapper(_ folder: String) -> [String] {
        switch self {
        // Without the trap the signal would end the process.
        case .sizeLimit: ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]
        case .fullDisk: Mounts.wrapper("mount -t tmpfs -o size=8m none '\(folder)'")
        }
    }

    /// What callers are told.
    var words: String {
        switch self {
        case .sizeLimit: "cannot be reached"
        case .fullDisk: "no room left"
        }
    }

    /// Begins to fail.
    func begin(_ agent: AgentProcess, _ folder: String) async throws {
        switch self {
        case .sizeLimit: try await agent.limitFileSize(0)
        case .fullDisk:
            let ballast = agent.root + self.ballast(folder)
            _ = FileManager.default.createFile(atPath: ballast, contents: nil)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: ballast))
            for count in [1 << 16, 1] {
                let bytes = Data(count: count)
                while (try? file.write(contentsOf: bytes)) != nil {}
            }
        }
    }

    /// Fails no more.
    func end(_ agent: AgentProcess, _ folder: String) async throws {
        switch self {
        case .sizeLimit: try await agent.limitFileSize(nil)
        case .fullDisk: try FileManager.default.removeItem(atPath: agent.root + self.ballast(folder))
        }
    }

    private func ballast(_ folder: String) -> String { folder + "/ballast" }

    /// Copies the agent's database as it is now, as a crash would leave it.
    func copy(_ file: String, of agent: AgentProcess, to path: String) throws {
        for suffix in ["", "-wal"] {
            let source = (self == .fullDisk ? agent.root : "") + file + suffix
            try FileManager.default.copyItem(atPath: source, toPath: path + suffix)
        }
    }
}

/// Mounts that only one process and its children see, where no privileges are needed for them.
enum Mounts {
    static var arePossible: Bool {
        get async {
            let result = try? await Subprocess.run(
                .name("unshare"), arguments: ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"], output: .discarded,
                error: .discarded)
            return result?.terminationStatus.isSuccess == true
        }
    }

    /// What a program is started with to see the mounts that a command makes.
    static func wrapper(_ command: String) -> [String] {
        ["unshare", "-rm", "sh", "-c", "\(command) && exec \"$@\"", "sh"]
    }
}

/// A program of another kind that holds a database locked.
enum LockHolder {
    private static let program = """
        import sqlite3, sys
        db = sqlite3.connect(sys.argv[1], isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        print("LOCKED", flush=True)
        sys.stdin.read()
        """

    /// Runs `body` while the database is locked.
    static func hold<Result: Sendable>(
        _ path: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let lifeline = Lifeline()
        return try await Subprocess.run(
            .name("python3"), arguments: ["-c", Self.program, path], input: lifeline, output: .sequence,
            error: .discarded
        ) { process in
            defer { lifeline.cut() }
            for try await line in process.standardOutput.strings(separatedBy: .unicodeScalarSequence(["\n"]))
            where line == "LOCKED" {
                return try await body()
            }
            throw AgentProcess.Failure(text: "the database cannot be locked")
        }.closureResult
    }
}
