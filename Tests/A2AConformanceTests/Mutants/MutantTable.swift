import A2AConformance
import A2AMutants
import Foundation
import Testing

/// conformance/mutants.md: which case finds which fault.
enum MutantTable {
    private static let path = ReferenceAgentTests.root.appendingPathComponent("conformance/mutants.md")

    static func text(_ faults: [Fault], _ found: [[String]]) -> String {
        var lines = [
            "# Mutants",
            "",
            "Our agent with one fault at a time, and the cases that find it. Each of them names the requirement that the fault breaks.",
            "`a2a-mutant --fault NAME` runs one; a test runs all of them and compares this table with what comes of it",
            "(`A2A_WRITE_MUTANTS=1 make test TESTS=\"--filter Mutants\"` writes it anew).",
            "",
            "\(faults.count) faults.",
            "",
            "| fault | what is wrong | over | requirement | found by |",
            "|---|---|---|---|---|",
        ]
        for (fault, cases) in zip(faults, found) {
            let bindings = TransportBinding.allCases.filter(fault.bindings.contains).map(\.rawValue)
            let over = bindings.count == TransportBinding.allCases.count ? "all" : bindings.joined(separator: ", ")
            lines.append(
                "| `\(fault.name)` | \(fault.summary) | \(over) | \(fault.requirement) | \(cases.joined(separator: ", ")) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func check(_ table: String) throws {
        if ProcessInfo.processInfo.environment["A2A_WRITE_MUTANTS"] != nil {
            try table.write(to: self.path, atomically: true, encoding: .utf8)
        }
        let kept = (try? String(contentsOf: self.path, encoding: .utf8)) ?? ""
        let (old, new) = (kept.split(separator: "\n"), table.split(separator: "\n"))
        let difference = new.filter { !old.contains($0) }.joined(separator: "\n")
        #expect(kept == table, "conformance/mutants.md is not up to date; these lines are new:\n\(difference)")
    }
}
