import A2AConformance
import A2AMutants
import Foundation
import Testing

/// conformance/mutants.md: which case finds which fault.
enum MutantTable {
    private static let path = ReferenceAgentTests.root.appendingPathComponent("conformance/mutants.md")

    static func text(_ faults: [Fault], _ found: [String]) -> String {
        let lines = [
            "# Mutants",
            "",
            "Our agent with one fault at a time, and a case that finds it: each of them names the requirement that the fault breaks.",
            "`a2a-mutant --fault NAME` runs one, `a2a-mutant --list` lists them. A test judges all of them, holds them against this table and",
            "prints all cases that find each (`A2A_WRITE_MUTANTS=1 make test TESTS=\"--filter Mutants\"` writes the table anew).",
            "",
            "\(faults.count) faults.",
            "",
            "| fault | what is wrong | over | requirement | found by |",
            "|---|---|---|---|---|",
        ]
        return (lines + zip(faults, found).map { Self.row($0) + " \($1) |" }).joined(separator: "\n") + "\n"
    }

    /// Faults that show in a race only.
    private static let races: Set = [
        "every-tenth-order", "gap-after-snapshot", "one-task-at-a-time", "readers-in-step", "snapshot-overlaps",
    ]

    private static func row(_ fault: Fault) -> String {
        let bindings = TransportBinding.allCases.filter(fault.bindings.contains).map(\.rawValue)
        let over = bindings.count == TransportBinding.allCases.count ? "all" : bindings.joined(separator: ", ")
        return "| `\(fault.name)` | \(fault.summary) | \(over) | \(fault.requirement) |"
    }

    /// The case that is about the requirement more than the others that found a fault.
    private static func best(_ fault: Fault, _ cases: [String]) -> String {
        cases.first { $0 == fault.requirement } ?? cases.first { $0.hasPrefix(fault.requirement) }
            ?? cases.first { !$0.hasPrefix("BASE-") && !$0.hasPrefix("CONC-") } ?? cases.first ?? ""
    }

    /// Whether the table that is kept has these faults, each with a case that found it.
    static func check(_ faults: [Fault], _ found: [[String]]) throws {
        if ProcessInfo.processInfo.environment["A2A_WRITE_MUTANTS"] != nil {
            let table = Self.text(faults, zip(faults, found).map { Self.best($0, $1) })
            try table.write(to: self.path, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: self.path, encoding: .utf8)
        for (fault, cases) in zip(faults, found) {
            let row = Self.row(fault)
            let line = kept.split(separator: "\n").first { $0.hasPrefix(row) }
            let named = line?.dropFirst(row.count).dropLast().trimmingCharacters(in: .whitespaces) ?? "nothing"
            // Which of the cases of many streams meets a race depends on time; one of them does.
            let isFound = cases.contains(named) || (Self.races.contains(fault.name) && !cases.isEmpty)
            #expect(isFound, "\(fault.name): conformance/mutants.md says \(named), found by \(cases)")
        }
        #expect(kept.contains("\n\(faults.count) faults.\n"))
    }
}
