#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// All tests of some documents, with what those include.
package struct TestPlan: Sendable {
    package private(set) var suites: [Suite] = []
    package private(set) var behaviors: [Behavior] = []

    /// The most files, and how deep files may include others.
    private static let maxFiles = 500
    private static let maxDepth = 16

    private var seen: Set<String> = []
    private var testPlaces: [String: String] = [:]

    package init() {}

    /// Reads documents.
    ///
    /// - Parameter files: Paths; a directory stands for the `*.acts.yaml` in it.
    /// - Throws: ``DocumentError`` for the first that is not right.
    package init(files: [String]) throws(DocumentError) {
        for file in files {
            for path in Self.expanded(file) { try self.read(path, depth: 0, from: nil) }
        }
    }

    /// Adds a document given as text; includes are refused, since they would have no directory.
    package mutating func add(_ text: String, file: String) throws(DocumentError) {
        let document = try ACTSDocument(parsing: text, file: file)
        if let include = document.includes.first {
            throw DocumentError(file: file, line: include.line, "'\(include.path)' cannot be found from here")
        }
        try self.add(document)
    }

    private static func expanded(_ path: String) -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory else {
            return [path]
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".acts.yaml") || $0.hasSuffix(".acts.json") }.sorted().map {
            "\(path)/\($0)"
        }
    }

    private mutating func read(
        _ path: String, depth: Int, from parent: (file: String, line: Int)?
    ) throws(DocumentError) {
        let place = parent ?? (path, 1)
        guard depth < Self.maxDepth, self.seen.count < Self.maxFiles else {
            throw DocumentError(
                file: place.file, line: place.line,
                "'\(path)' is too much: files include each other, or there are more than \(Self.maxFiles)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DocumentError(file: place.file, line: place.line, "'\(path)' cannot be read")
        }
        guard let text = String(bytes: data, encoding: .utf8) else {
            throw DocumentError(file: path, line: 1, "the document is not UTF-8")
        }
        self.seen.insert(path)
        let document = try ACTSDocument(parsing: text, file: path)
        try self.add(document)
        for include in document.includes {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            let next = include.path.hasPrefix("/") ? include.path : folder + include.path
            guard !self.seen.contains(next) else {
                throw DocumentError(file: path, line: include.line, "'\(include.path)' is included twice")
            }
            try self.read(next, depth: depth + 1, from: (path, include.line))
        }
    }

    private mutating func add(_ document: ACTSDocument) throws(DocumentError) {
        self.behaviors += document.behaviors
        for suite in document.suites {
            for test in suite.tests {
                if let other = self.testPlaces.updateValue("\(test.file):\(test.line)", forKey: test.id) {
                    throw DocumentError(
                        file: test.file, line: test.line, "the id '\(test.id)' is that of another test (\(other))")
                }
            }
            if let other = self.suites.first(where: { $0.id == suite.id }) {
                throw DocumentError(
                    file: suite.file, line: 1, "the id '\(suite.id)' is that of another suite (\(other.file))")
            }
            self.suites.append(suite)
        }
    }
}
