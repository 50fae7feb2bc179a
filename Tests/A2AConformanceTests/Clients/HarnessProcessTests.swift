import Foundation
import Testing

@testable import A2AConformance

@Suite("Harnesses that fail")
struct HarnessProcessTests {
    private static let hello = #"echo '{"a2a-client-harness":1,"name":"sh","version":"1","bindings":["JSONRPC"]}'"#

    private static let cases = """
        acts_version: "0.1"
        spec_version: "1.0"
        suites:
          - id: s
            name: S
            tests:
              - {id: A, name: A, level: must, steps: [&step {id: a, client_response: {operation: get_task, wire_payload: {}}, expect_parsed: {}, x-timeout_ms: 100}]}
              - {id: B, name: B, level: must, steps: [*step]}
        """

    private func run(_ script: String, grace: Duration = .seconds(20)) async throws -> RunReport {
        var plan = TestPlan()
        try plan.add(Self.cases, file: "cases")
        var configuration = RunConfiguration()
        configuration.jobs = 1
        var limits = HarnessLimits()
        limits.grace = grace
        limits.exit = .milliseconds(100)
        return await ClientRunner(plan: plan, configuration: configuration, limits: limits).run(["sh", "-c", script])
    }

    @Test("a command that is not there could not be tested")
    func absent() async throws {
        let report = await ClientRunner(plan: try ClientMutantTests.plan(), configuration: RunConfiguration())
            .run(["/there/is/nothing"])
        #expect(report.unreachable != nil)
        #expect(report.verdict(strict: false) == .couldNotTest)
    }

    @Test(
        "a first line that is no hello could not be tested, with the reason",
        arguments: [
            ("echo ready", "no JSON"), (#"echo '{"hello":1}'"#, "no hello"),
            (#"echo '{"a2a-client-harness":2,"bindings":["JSONRPC"]}'"#, "version 2"),
            (#"echo '{"a2a-client-harness":1}'"#, "no bindings"), ("echo oh dear >&2; exit 3", "oh dear"),
        ])
    func hello(script: String, reason: String) async throws {
        let report = try await self.run(script)
        #expect(report.unreachable?.contains(reason) == true, "\(report.unreachable ?? "")")
    }

    @Test(
        "what a harness does wrong later is told of each case, and is no failure of the client",
        arguments: [
            ("read l; exit 1", "ended without its answer"), ("read l; echo garbage", "no JSON"),
            (#"read l; echo '{"id":"99","result":{}}'"#, "something else"),
            (#"read l; echo '{"id":"1"}'"#, "not one of"), ("while :; do echo '{}'; done", "something else"),
            ("read l; kill -9 $$", "ended without its answer"),
        ])
    func later(script: String, reason: String) async throws {
        let report = try await self.run("\(Self.hello); \(script)")
        #expect(report.unreachable == nil)
        #expect(report.results.map(\.outcome) == [.error, .error])
        #expect(report.results.contains { $0.reason?.contains(reason) == true }, "\(report.results.map(\.reason))")
        #expect(report.verdict(strict: false) == .couldNotTest)
    }

    @Test("a harness that does not answer, nor end, is stopped", .timeLimit(.minutes(1)))
    func hanging() async throws {
        let report = try await self.run("\(Self.hello); trap '' TERM; sleep 600", grace: .milliseconds(200))
        #expect(report.results.map(\.outcome) == [.error, .error])
        #expect(report.results.contains { $0.reason?.contains("no answer to") == true })
    }

    @Test("a case after a harness failed gets a new one")
    func again() async throws {
        // The first process ends on its second command; the answers are wrong, but they are answers.
        let answer = #"echo '{"id":"1","error":{"message":"no"}}'"#
        let report = try await self.run("\(Self.hello); read l; \(answer); read l || exit 0; exit 1")
        #expect(report.results.map(\.outcome) == [.fail, .error])
    }

    @Test("the harness of ours runs as a process", .timeLimit(.minutes(2)))
    func ours() async throws {
        let binary = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
            .appending(path: "a2a-client-harness")
        let command =
            FileManager.default.fileExists(atPath: binary.path) ? binary.path : ".build/debug/a2a-client-harness"
        var configuration = RunConfiguration()
        configuration.only = ["CLIENT-OP-*"]
        configuration.jobs = 2
        let report = await ClientRunner(plan: try ClientMutantTests.plan(), configuration: configuration).run([command])
        #expect(report.unreachable == nil, "\(report.unreachable ?? "")")
        #expect(report.agent?.name == "swift-a2a")
        #expect(report.verdict(strict: true) == .conformant)
        #expect(TextReport.text(report, strict: false).contains("swift-a2a 0.1.0"))
        #expect(JUnitReport.xml(report, strict: false).contains("CLIENT-OP-001"))
    }
}
