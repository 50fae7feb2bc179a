import Foundation
import Testing

/// The list of requirements is whole and in order, and the suites name what is in it.
@Suite("Requirements")
struct RequirementsTests {
    static let levels: Set = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
    static let bindings: Set = ["jsonrpc", "rest", "grpc", "tcp", "http"]

    let list: RequirementsList

    init() throws { self.list = try RequirementsList() }

    @Test("every entry has the members of the schema, in its order, with values that it knows")
    func schema() {
        for entry in self.list.entries {
            #expect(entry.id.wholeMatch(of: /TCP-\d{3}|RESUME-\d{2}|[A-Z]+-[A-Z]+-\d{3}/) != nil, "\(entry.id)")
            let parties = self.list.sources[entry["source"] ?? ""] ?? []
            var names = ["source", "section", "level", "party", "bindings", "text"]
            if entry["source"] != "tcp", entry["source"] != "resume" { names.append("basis") }
            if entry["source"] == "a2a-1.1" { names.append("status") }
            names.append("testable")
            if !entry.isTestable { names.append("reason") }
            #expect(entry.members.map(\.name) == names, "\(entry.id)")
            #expect(parties.contains(entry["party"] ?? ""), "\(entry.id)")
            #expect(Self.levels.contains(entry["level"] ?? ""), "\(entry.id)")
            #expect(Self.bindings.isSuperset(of: entry.bindings), "\(entry.id)")
            #expect(entry.bindings.isEmpty == (entry["party"] == "author"), "\(entry.id)")
            #expect(["true", "false"].contains(entry["testable"]), "\(entry.id)")
            #expect(!(entry.isTestable && entry["party"] == "author"), "\(entry.id): an author is not on the wire")
            guard let basis = entry["basis"] else { continue }
            #expect(["keyword", "stated", "proto"].contains(basis), "\(entry.id)")
            if basis == "keyword", let level = entry["level"], let text = entry["text"] {
                let first = text.firstMatch(of: /\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b/).map { String($0.1) }
                #expect(first == level, "\(entry.id)")
            }
        }
        #expect(self.list.entries.count > 600)
    }

    @Test("no id comes twice")
    func unique() {
        let counts = Dictionary(grouping: self.list.entries, by: \.id)
        #expect(counts.filter { $0.value.count > 1 }.keys.sorted() == [])
    }

    @Test("every section exists in its document")
    func sections() throws {
        for source in self.list.sources.keys {
            let sections = try RequirementsList.sections(of: source)
            #expect(!sections.isEmpty, "\(source)")
            for entry in self.list.entries where entry["source"] == source {
                #expect(sections[entry["section"] ?? ""] != nil, "\(entry.id)")
            }
        }
    }

    @Test(
        "every keyword of A2A has its entry; where they are not as many, the reason is known",
        arguments: ["a2a", "a2a-1.1"])
    func keywords(_ source: String) throws {
        let differences = try RequirementsList.differences()
        let entries = self.list.entries.filter { $0["source"] == source && $0["basis"] == "keyword" }
        let counts = Dictionary(grouping: entries) { $0["section"] ?? "" }.mapValues(\.count)
        for (section, keywords) in try RequirementsList.sections(of: source) {
            let isExplained = source == "a2a" && differences[section] != nil
            #expect((counts[section] ?? 0 == keywords) != isExplained, "§\(section): \(keywords) keywords")
        }
    }
}
