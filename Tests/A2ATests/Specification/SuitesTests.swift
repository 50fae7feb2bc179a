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
