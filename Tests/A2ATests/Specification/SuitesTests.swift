import Foundation
import Testing

/// The suites name requirements that exist, and nearly all that can be tested on a server.
@Suite("Conformance suites")
struct SuitesTests {
    let list: RequirementsList

    init() throws { self.list = try RequirementsList() }

    @Test("no case names an unknown requirement, and each names one at least; no case id comes twice")
    func cases() throws {
        let known = Set(self.list.entries.map(\.id))
        let cases = try RequirementsList.cases()
        for entry in cases {
            #expect(entry.requirements.filter { !known.contains($0) } == [], "\(entry.id) in \(entry.suite)")
            #expect(!entry.requirements.isEmpty, "\(entry.id) in \(entry.suite)")
        }
        #expect(Set(cases.map(\.id)).count == cases.count)
        #expect(cases.count > 100)
    }

    @Test("every known failure names a case and a requirement of that case")
    func knownFailing() throws {
        let cases = try Dictionary(RequirementsList.cases().map { ($0.id, $0) }) { first, _ in first }
        let folder = RequirementsList.root.appending(path: "conformance/known-failing")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".txt") {
            for line in try RequirementsList.text("conformance/known-failing/\(name)").split(separator: "\n") {
                if line.hasPrefix("#") { continue }
                let match = try #require(
                    line.wholeMatch(of: /\??(\*|\w+)\/([\w-]+) +([A-Z]+-[A-Z]+-\d{3}) \(.*\): .+/), "\(line)")
                let named = try #require(cases[String(match.2)], "\(name): \(match.2)")
                #expect(named.requirements.contains(String(match.3)), "\(name): \(match.2)")
            }
        }
    }

    @Test("nine in ten of what can be tested on a server over A2A has a case; the table says what has not")
    func coverage() throws {
        let covered = try Set(RequirementsList.cases().flatMap(\.requirements))
        let entries = self.list.entries.filter { $0["source"] == "a2a" && $0.isTestable && $0.bindsServer }
        for level in ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"] {
            let all = entries.filter { $0["level"] == level }
            print(
                "\(level): \(all.count) can be tested on a server, \(all.count { covered.contains($0.id) }) have a case"
            )
        }
        let gaps = entries.filter { !covered.contains($0.id) }.map(\.id)
        print("without a case: \(gaps.joined(separator: " "))")
        #expect((entries.count - gaps.count) * 10 >= entries.count * 9)
    }
}
