import A2AConformance
import A2AMutants
import A2ATesting
import Foundation
import Testing

/// The judge is judged: our agent with one fault at a time, and the cases that name the requirement that the fault breaks.
@Suite("Mutants", .timeLimit(.minutes(5)))
struct MutantTests {
    /// How many mutants are judged at a time.
    private static let width = 8

    private let plan: TestPlan

    init() throws {
        self.plan = try TestPlan(
            files: [ReferenceAgentTests.root.appendingPathComponent("conformance/suites").path])
    }

    /// What came of the cases of some requirements.
    private func judge(
        _ agent: MutantAgent, _ requirements: [String], _ bindings: Set<TransportBinding>
    ) async throws -> RunReport {
        var configuration = RunConfiguration()
        configuration.only = requirements
        configuration.bindings = bindings
        if agent.fault != nil {
            // What a faulty agent keeps us waiting for never comes.
            configuration.callTimeout = .seconds(3)
            configuration.patience = .seconds(3)
        }
        configuration.jobs = 4
        if agent.setting == .token {
            configuration.headers = [("Authorization", "Bearer \(MutantAgent.tokens[0])")]
            configuration.environment["A2A_AUTHORIZATION_2"] = "Bearer \(MutantAgent.tokens[1])"
        }
        let runner = Runner(plan: self.plan, configuration: configuration)
        return try await agent.run { url in
            // On a busy machine the card may be too late for the short times above.
            for _ in 0..<3 {
                let report = await runner.run(url)
                if report.unreachable == nil { return report }
            }
            return await runner.run(url)
        }
    }

    /// The ids of the cases that failed, sorted.
    private static func failed(_ report: RunReport) -> [String] {
        Set(report.results.filter { $0.outcome == .fail }.map(\.test.id)).sorted()
    }

    @Test("every fault is found by a case that names its requirement; the table is conformance/mutants.md")
    func mutants() async throws {
        let faults = Fault.all
        let found = try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            var next = 0
            func add() {
                guard next < faults.count else { return }
                let (index, fault) = (next, faults[next])
                next += 1
                group.addTask {
                    let agent = MutantAgent(fault: fault, logger: .silent)
                    let report = try await self.judge(agent, [fault.requirement], fault.bindings)
                    if Self.failed(report).isEmpty {
                        print("\(fault.name) is not found:\n\(TextReport.text(report, strict: true))")
                    }
                    return (index, Self.failed(report))
                }
            }
            for _ in 0..<Self.width { add() }
            var found = [[String]](repeating: [], count: faults.count)
            while let (index, cases) = try await group.next() {
                found[index] = cases
                add()
            }
            return found
        }
        for (fault, cases) in zip(faults, found) {
            #expect(!cases.isEmpty, "\(fault.name): no case of \(fault.requirement) fails")
        }
        #expect(faults.count >= 40)
        print(MutantTable.text(faults, found.map { $0.joined(separator: ", ") }))
        try MutantTable.check(faults, found)
    }

    @Test(
        "without a fault none of these cases fails",
        arguments: [Fault.Setting.usual, .bare, .token, .requiredExtension, .signed])
    func none(_ setting: Fault.Setting) async throws {
        let faults = Fault.all.filter { $0.setting == setting }
        let report = try await self.judge(
            MutantAgent(fault: nil, setting: setting, logger: .silent), Set(faults.map(\.requirement)).sorted(),
            Set(TransportBinding.allCases))
        let bad = report.results.filter { $0.outcome == .fail || $0.outcome == .error }
        #expect(bad.isEmpty, "\(TextReport.text(report, strict: true))")
        #expect(report.results.contains { $0.outcome == .pass })
    }

    @Test("names are of their own, and requirements are in the list")
    func names() throws {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
        let path = ReferenceAgentTests.root.appendingPathComponent("spec/requirements.yaml")
        let list = try RequirementList(parsing: String(contentsOf: path, encoding: .utf8), file: path.path)
        for fault in Fault.all { #expect(list[fault.requirement] != nil, "\(fault.name): \(fault.requirement)") }
    }
}
