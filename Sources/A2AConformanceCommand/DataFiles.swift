import FoundationEssentials

/// The documents that come with the runner.
///
/// They are looked for in this order: in the folder that `A2A_CONFORMANCE_DATA` names; beside the executable; in
/// `../share/a2a-conformance` from there; in the repository that the executable was built in; in the one that we are in.
enum DataFiles {
    /// A kind of document: its name in an installation, and in the repository.
    enum Kind: CaseIterable {
        case suites, requirements, anchors

        var installed: String {
            switch self {
            case .suites: "suites"
            case .requirements: "requirements.yaml"
            case .anchors: "anchors.yaml"
            }
        }

        var inRepository: String {
            switch self {
            case .suites: "conformance/suites"
            case .requirements: "spec/requirements.yaml"
            case .anchors: "spec/anchors.yaml"
            }
        }
    }

    static let variable = "A2A_CONFORMANCE_DATA"

    /// Where a kind of document is, or `nil`.
    static func find(_ kind: Kind) -> String? {
        if let folder = ProcessInfo.processInfo.environment[Self.variable], !folder.isEmpty {
            let path = "\(folder)/\(kind.installed)"
            return Self.exists(path) ? path : nil
        }
        let executable = Self.executable.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        if let executable {
            let share = executable.deletingLastPathComponent().appendingPathComponent("share/a2a-conformance")
            for folder in [executable, share] {
                let path = folder.appendingPathComponent(kind.installed).path
                if Self.exists(path) { return path }
            }
        }
        for start in [executable, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)].compactMap(\.self) {
            if let path = Self.above(start, kind.inRepository) { return path }
        }
        return nil
    }

    /// The path of a folder or of one above it.
    private static func above(_ start: URL, _ path: String) -> String? {
        var folder = start.standardizedFileURL
        for _ in 0..<16 {
            // Other projects have a folder conformance/suites too.
            let isOurs = Self.exists(folder.appendingPathComponent(Kind.requirements.inRepository).path)
            let candidate = folder.appendingPathComponent(path).path
            if isOurs, Self.exists(candidate) { return candidate }
            let parent = folder.deletingLastPathComponent()
            guard parent.path != folder.path else { return nil }
            folder = parent
        }
        return nil
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The path of this program, also when it was found in the PATH or by a link.
    private static var executable: String? {
        #if os(Linux)
            if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { return path }
        #endif
        return CommandLine.arguments.first
    }
}

enum Files {
    /// The largest file that is read: 64 MiB.
    private static let maxBytes = 64 << 20

    static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Complaint("'\(path)' cannot be read")
        }
        guard data.count <= Self.maxBytes, let text = String(bytes: data, encoding: .utf8) else {
            throw Complaint("'\(path)' is not a text of at most \(Self.maxBytes) bytes")
        }
        return text
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw Complaint("'\(path)' cannot be written: \(error)")
        }
    }

    /// Says before a long run that a report could not be written after it.
    static func checkWritable(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory), isDirectory else {
            throw Complaint("'\(path)' cannot be written: there is no folder '\(folder)'")
        }
        let target = FileManager.default.fileExists(atPath: path) ? path : folder
        guard FileManager.default.isWritableFile(atPath: target) else {
            throw Complaint("'\(path)' cannot be written: '\(target)' is not ours to write")
        }
    }
}
