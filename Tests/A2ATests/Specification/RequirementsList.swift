import Foundation

/// `spec/requirements.yaml`, `spec/sections.yaml` and what the suites in `conformance/suites` say about them, read line by line:
/// the files are written in one plain form, and these tests hold them to it.
struct RequirementsList {
    struct Entry {
        var id: String
        var members: [(name: String, value: String)]

        subscript(name: String) -> String? { self.members.first { $0.name == name }?.value }
        var isTestable: Bool { self["testable"] == "true" }
        var bindings: [String] { self["bindings"].map(RequirementsList.items) ?? [] }
        /// Whether a case against an agent can show it: the server, or both sides, are bound.
        var bindsServer: Bool { ["server", "both", "listener", "responder", "agent"].contains(self["party"]) }
        var bindsClient: Bool { ["client", "both", "initiator", "caller"].contains(self["party"]) }
    }

    var entries: [Entry]
    /// The parties that each source allows.
    var sources: [String: [String]]

    static let root = TCPVectors.root

    static func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// The items of `[a, b]`.
    static func items(_ flow: String) -> [String] {
        flow.trimmingCharacters(in: ["[", "]"]).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    init() throws {
        let text = try Self.text("spec/requirements.yaml")
        self.entries = text.components(separatedBy: "\n  - id: ").dropFirst().map { block in
            let lines = block.split(separator: "\n")
            let members = lines.dropFirst().map { line -> (name: String, value: String) in
                guard let match = line.wholeMatch(of: /\ {4}([a-z]+): (.+)/) else { return (String(line), "") }
                let value = String(match.2)
                return (String(match.1), value.hasPrefix("\"") ? String(value.dropFirst().dropLast()) : value)
            }
            return Entry(id: lines.first.map(String.init) ?? "", members: members)
        }
        self.sources = [:]
        for match in text.matches(of: /\n  ([\w.-]+):\n    title: .*\n    document: .*\n    parties: (.*)/) {
            self.sources[String(match.1)] = Self.items(String(match.2))
        }
    }

    // MARK: Sections

    /// The numbered sections of a document, with how many keywords each has.
    static func sections(of source: String) throws -> [String: Int] {
        if let document = ["tcp": "spec/bindings/tcp.md", "resume": "spec/extensions/resume.md"][source] {
            let headings = try Self.text(document).matches(of: /\n##+ (\d+(\.\d+)*)\.?[ ]/)
            return Dictionary(headings.map { (String($0.1), 0) }) { first, _ in first }
        }
        return try Self.map(source).compactMapValues { Int($0) }
    }

    /// Why a section's entries are not as many as its keywords.
    static func differences() throws -> [String: String] { try Self.map("differences") }

    private static func map(_ name: String) throws -> [String: String] {
        var found: [String: String] = [:]
        var isInside = false
        for line in try Self.text("spec/sections.yaml").split(separator: "\n") {
            if !line.hasPrefix(" ") { isInside = line == "\(name):" }
            guard isInside, let match = line.wholeMatch(of: /\ {2}"(.+)": (.+)/) else { continue }
            found[String(match.1)] = String(match.2)
        }
        return found
    }

    // MARK: Cases

    struct Case {
        var id: String
        var suite: String
        var requirements: [String]
    }

    /// The cases of all suites: each `- id:` of a test with the `x-requirements` that follow.
    static func cases() throws -> [Case] {
        let folder = Self.root.appending(path: "conformance/suites")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".acts.yaml")
        }
        return try names.sorted().flatMap { name -> [Case] in
            try Self.text("conformance/suites/\(name)").components(separatedBy: "\n      - id: ").dropFirst().map {
                block in
                let id = block.prefix { $0 != "\n" }
                let named = block.firstMatch(of: /\n        x-requirements: (\[.*\])\n/).map {
                    Self.items(String($0.1))
                }
                return Case(id: String(id), suite: name, requirements: named ?? [])
            }
        }
    }
}
