import A2A
import A2AGRPC
import A2AHTTP
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Foundation
import Testing

@testable import A2AConformance

/// The suites of this repository against our own agent, over all bindings.
@Suite("Reference agent", .timeLimit(.minutes(5)))
struct ReferenceAgentTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func run(_ plan: TestPlan, _ change: (inout RunConfiguration) -> Void = { _ in }) async throws -> RunReport
    {
        var configuration = RunConfiguration()
        change(&configuration)
        let runner = Runner(plan: plan, configuration: configuration)
        let runtime = TaskRuntime(
            agent: ReferenceAgent(), card: ReferenceAgent.card(), logger: .silent,
            extendedCard: { card, _ in ReferenceAgent.extendedCard(of: card) })
        return try await withAgentServer(
            runtime, bindings: [.http(.ephemeral), .grpc(.ephemeral), .tcp(.ephemeral)], logger: .silent
        ) { endpoints in await runner.run(endpoints[0].address) }
    }

    @Test("passes the first suite over every binding, and the same again in another order")
    func passes() async throws {
        let plan = try TestPlan(files: [Self.root.appendingPathComponent("conformance/suites/core.acts.yaml").path])
        let report = try await self.run(plan)
        #expect(report.notes == [])
        #expect(Set(report.bindings) == Set(TransportBinding.allCases))
        let bad = report.results.filter { $0.outcome == .fail || $0.outcome == .error }
        #expect(bad.isEmpty, "\(TextReport.text(report, strict: true))")
        for binding in TransportBinding.allCases {
            let passed = report.results.filter { $0.binding == binding && $0.outcome == .pass }
            #expect(passed.count >= 20, "\(binding): \(passed.count)")
        }
        #expect(report.verdict(strict: true) == .conformant)
        let again = try await self.run(plan) {
            $0.jobs = 1
            $0.only = ["BASE-S*"]
        }
        let names = { (results: [CaseResult]) in
            results.filter { $0.test.id.hasPrefix("BASE-S") }.map { "\($0.name) \($0.outcome)" }
        }
        #expect(names(again.results) == names(report.results))
        #expect(again.results.count > 20)
    }

    @Test("runs the draft's own examples: names and numbers of the draft are translated")
    func draft() async throws {
        // The shapes of the draft's complete example, in our words.
        let tests = [
            test(
                "D-1", "requires_behaviors: [tck-stream-basic]",
                steps: """
                      - id: stream
                        operation: send_streaming_message
                        params: {message: {role: ROLE_USER, parts: [{text: tck-stream-basic}]}}
                        expect_stream:
                          min_count: 2
                          ordering: monotonic_state
                          final_event: {task: {status: {state: TASK_STATE_COMPLETED}}}
                    """),
            test(
                "D-2", "requires_behaviors: [tck-stream-basic]",
                steps: """
                      - id: stream
                        operation: send_streaming_message
                        params: {message: {role: ROLE_USER, parts: [{text: tck-stream-basic}]}}
                        expect_stream:
                          events: [{match: any_position, status_update: {status: {state: TASK_STATE_WORKING}}}]
                          final_event:
                            one_of:
                              - {task: {status: {state: TASK_STATE_FAILED}}}
                              - {status_update: {final: true, status: {state: TASK_STATE_COMPLETED}}}
                    """),
            test(
                "D-3",
                steps: """
                      - {id: push, operation: create_push_config, params: {taskId: x, pushNotificationConfig: {url: "http://127.0.0.1:1"}}, expect_error: {error_type: PushNotificationNotSupportedError}}
                    """),
        ]
        let report = try await self.run(try plan(tests))
        #expect(report.results.count == 12)
        #expect(report.results.filter { $0.outcome != .pass }.isEmpty, "\(TextReport.text(report, strict: true))")
    }

    @Test("fails what it should fail: wrong expectations are told on every binding")
    func failures() async throws {
        let tests = [
            test(
                "W-1", "requires_behaviors: [tck-complete-task]",
                steps: """
                      - id: send
                        operation: send_message
                        params: {message: {role: ROLE_USER, parts: [{text: tck-complete-task}]}}
                        expect: {body: {task: {status: {state: TASK_STATE_FAILED}}}}
                    """),
            test("W-2", steps: "  - {id: get, operation: get_task, params: {id: x}, expect: {body: {id: x}}}"),
            test(
                "W-3",
                steps: "  - {id: get, operation: get_task, params: {id: x}, expect_error: {error_type: InternalError}}"),
            test(
                "W-4", "requires_behaviors: [tck-stream-basic]",
                steps: """
                      - id: stream
                        operation: send_streaming_message
                        params: {message: {role: ROLE_USER, parts: [{text: tck-stream-basic}]}}
                        expect_stream: {min_count: 50}
                    """),
        ]
        let report = try await self.run(try plan(tests))
        #expect(report.results.count == 16)
        #expect(report.results.map(\.outcome) == Array(repeating: .fail, count: 16))
        #expect(report.results.allSatisfy { $0.steps.contains { !$0.trace.isEmpty } })
        #expect(report.results[0].failure?.path == "task.status.state")
        #expect(report.results[0].failure?.expected == #""TASK_STATE_FAILED""#)
        #expect(report.results[0].failure?.actual == #""TASK_STATE_COMPLETED""#)
    }

    @Test("what Protocol Buffers have no form for is skipped there, not failed")
    func inexpressible() async throws {
        let step =
            "  - {id: list, operation: list_tasks, params: {pageSize: many}, expect_error: {error_type: InvalidParamsError}}"
        let report = try await self.run(try plan([test(steps: step)]))
        let outcomes = Dictionary(report.results.map { ($0.binding, $0.outcome) }) { first, _ in first }
        #expect(outcomes == [.jsonrpc: .pass, .rest: .pass, .grpc: .skip, .tcp: .skip])
    }
}
