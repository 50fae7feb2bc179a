import A2AConformance
import ArgumentParser
import FoundationEssentials

/// Which documents are read.
struct SuiteOptions: ParsableArguments {
    @Option(help: "An ACTS document, or a directory of *.acts.yaml. Default: conformance/suites of this repository.")
    var suite: [String] = []

    @Option(help: "The list of requirements. Default: spec/requirements.yaml of this repository.")
    var requirements: String?

    func plan() throws -> TestPlan {
        let files = self.suite.isEmpty ? [try Self.find("conformance/suites")] : self.suite
        for file in files where !FileManager.default.fileExists(atPath: file) {
            throw Complaint("'\(file)' is not there")
        }
        do {
            return try TestPlan(files: files)
        } catch {
            throw Complaint("\(error)")
        }
    }

    /// The requirements, if there is a list of them.
    func requirementList() throws -> RequirementList? {
        guard let path = self.requirements ?? (try? Self.find("spec/requirements.yaml")) else { return nil }
        do {
            return try RequirementList(parsing: try Files.read(path), file: path)
        } catch {
            throw Complaint("\(error)")
        }
    }

    /// A path of the repository, looked for from here and from the executable upwards.
    private static func find(_ path: String) throws -> String {
        let executable = CommandLine.arguments.first.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        for start in [FileManager.default.currentDirectoryPath, executable].compactMap(\.self) {
            var folder = URL(fileURLWithPath: start).standardizedFileURL
            for _ in 0..<16 {
                let candidate = folder.appendingPathComponent(path).path
                if FileManager.default.fileExists(atPath: candidate) { return candidate }
                let parent = folder.deletingLastPathComponent()
                guard parent.path != folder.path else { break }
                folder = parent
            }
        }
        throw Complaint("there is no \(path) here or above; say which with --suite FILE")
    }
}

/// What is wrong with the command line or a file; exit status 2.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

enum Files {
    static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(bytes: data, encoding: .utf8)
        else { throw Complaint("'\(path)' cannot be read") }
        return text
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw Complaint("'\(path)' cannot be written: \(error)")
        }
    }
}
