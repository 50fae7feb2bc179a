/// A group of tests (ACTS §3.1).
package struct Suite: Sendable {
    package var id: String
    package var name: String
    package var description: String?
    package var tests: [Test]
    /// The document's variables.
    package var variables: [String: String]
    /// The version of A2A that the document is for.
    package var specVersion: String
    package var actsVersion: String
    package var file: String
}

/// What an agent does on a prefix (ACTS §11.1).
package struct Behavior: Sendable, Hashable {
    package var prefix: String
    package var description: String

    /// The standard prefixes (ACTS §11.2).
    package static let standard: Set<String> = [
        "tck-complete-task", "tck-input-required", "tck-reject-task", "tck-message-response", "tck-artifact-text",
        "tck-artifact-file", "tck-artifact-file-url", "tck-artifact-data", "tck-long-running", "tck-multi-turn",
        "tck-cancel", "tck-stream-basic", "tck-stream-chunked", "tck-task-failure",
    ]
}

/// One file of tests or behaviours (ACTS §2, §11.1).
struct ACTSDocument: Sendable {
    var actsVersion: String
    var specVersion = ""
    var title: String?
    var includes: [(path: String, line: Int)] = []
    var suites: [Suite] = []
    var behaviors: [Behavior] = []

    /// Major versions of the format that are read. The draft calls itself 0.1 and its examples 1.0.
    static let supportedMajors = ["0", "1"]

    private static let keys: Set<String> = [
        "acts_version", "spec_version", "spec_ref", "metadata", "variables", "include", "suites",
    ]

    init(parsing text: String, file: String) throws(DocumentError) {
        let root = try YAMLNode(parsing: text, file: file)
        let any = try MapReader(root, "the document", file: file, keys: nil)
        self.actsVersion = try any.requiredText("acts_version")
        let major = self.actsVersion.prefix { $0 != "." }
        guard Self.supportedMajors.contains(String(major)) else {
            throw any.refuse(
                "acts_version", "version \(self.actsVersion) of ACTS is not known here; 0.x and 1.x are")
        }
        if any.has("behaviors") {
            try self.readBehaviors(root, file)
            return
        }
        let map = try MapReader(root, "the document", file: file, keys: Self.keys)
        self.specVersion = try map.requiredText("spec_version")
        guard Self.isVersion(self.specVersion) else {
            throw map.refuse("spec_version", "'spec_version' must be like \"1.0\", not '\(self.specVersion)'")
        }
        _ = try map.text("spec_ref")
        if let node = map.node("metadata") {
            let metadata = try MapReader(
                node, "'metadata'", file: file, keys: ["title", "description", "authors", "license"])
            self.title = try metadata.text("title")
            _ = try metadata.text("description")
            _ = try metadata.texts("authors")
            _ = try metadata.text("license")
        }
        let variables = try map.textMap("variables") ?? [:]
        for node in try map.list("include") ?? [] {
            guard let path = node.text, !path.isEmpty else {
                throw DocumentError(file: file, line: node.line, "'include' must hold the names of files")
            }
            self.includes.append((path, node.line))
        }
        guard map.has("include") || map.has("suites") else {
            throw DocumentError(file: file, line: root.line, "the document has neither suites nor include")
        }
        for node in try map.list("suites") ?? [] {
            self.suites.append(try self.suite(node, variables, file))
        }
    }

    private func suite(
        _ node: YAMLNode, _ variables: [String: String], _ file: String
    ) throws(DocumentError) -> Suite {
        let id = try MapReader(node, "a suite", file: file, keys: nil).requiredText("id")
        let map = try MapReader(
            node, "suite '\(id)'", file: file, keys: ["id", "name", "description", "tags", "tests"])
        let tags = try map.texts("tags") ?? []
        var suite = Suite(
            id: id, name: try map.requiredText("name"), description: try map.text("description"), tests: [],
            variables: variables, specVersion: self.specVersion, actsVersion: self.actsVersion, file: file)
        guard map.has("tests") else { throw map.refuse("tests", "suite '\(id)' has no 'tests'") }
        for node in try map.list("tests") ?? [] {
            suite.tests.append(try Test(node, suiteTags: tags, file: file))
        }
        return suite
    }

    private static func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return (2...3).contains(parts.count) && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
    }

    // MARK: Behaviours

    private static let behaviorKeys: Set<String> = [
        "prefix", "description", "response_type", "terminal_state", "artifacts", "delay_ms", "streaming",
    ]

    private mutating func readBehaviors(_ root: YAMLNode, _ file: String) throws(DocumentError) {
        let map = try MapReader(root, "the document", file: file, keys: ["acts_version", "behaviors"])
        for node in try map.list("behaviors") ?? [] {
            let prefix = try MapReader(node, "a behavior", file: file, keys: nil).requiredText("prefix")
            let what = "behavior '\(prefix)'"
            let one = try MapReader(node, what, file: file, keys: Self.behaviorKeys)
            let description = try one.requiredText("description")
            _ = try one.choice("response_type", ["task", "message"])
            _ = try one.text("terminal_state")
            _ = try one.integer("delay_ms", 0...600_000)
            _ = try one.flag("streaming")
            for node in try one.list("artifacts") ?? [] {
                let artifact = try MapReader(
                    node, "an artifact of \(what)", file: file, keys: ["text", "data", "file", "fileUrl"])
                _ = try artifact.text("text")
                for (key, members) in [("file", ["name", "mediaType"]), ("fileUrl", ["url", "name", "mediaType"])] {
                    guard let node = artifact.node(key) else { continue }
                    let file = try MapReader(node, "'\(key)' of \(what)", file: file, keys: Set(members))
                    for member in members { _ = try file.requiredText(member) }
                }
            }
            self.behaviors.append(Behavior(prefix: prefix, description: description))
        }
    }
}
