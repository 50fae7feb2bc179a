import Foundation
import Testing

@testable import A2AConformance

@Suite("Documents")
struct DocumentTests {
    /// Every key that ACTS §2 to §10 has, in one document.
    static let full = """
        acts_version: "1.0"
        spec_version: "1.0"
        spec_ref: "https://example.com/spec"
        metadata: {title: T, description: D, authors: [A], license: L}
        variables: {who: world}
        x-anything: {goes: here}
        suites:
          - id: one
            name: One
            description: D
            tags: [inherited]
            tests:
              - id: T-1
                name: Full
                description: D
                spec_ref: "§1"
                level: should
                tags: [own]
                transport: [jsonrpc, rest, grpc]
                preconditions:
                  capabilities: {streaming: true}
                  skills: [{id: s}]
                  transport: [jsonrpc]
                  extensions: [urn:x]
                  description: D
                requires_behaviors: [tck-complete-task]
                origin: "https://example.com/1"
                runner_requirements: [webhook_endpoint, concurrent_streams, stream_disconnect, auth_credentials, header_inspection]
                x-requirements: [R-1]
                steps:
                  - id: call
                    description: D
                    operation: get_task
                    params: {id: "{{who}}"}
                    expect: {status: {one_of: [200, 201]}, body: {id: {type: string}}}
                    capture: {id: id}
                    assertions: [{id: n, description: D, source: response, path: id, match: {type: string}}]
                    repeat: {until: "status.state in [A, B]", max_attempts: 3, delay_ms: 5, backoff: exponential}
                    delay_ms: 1
                  - id: stream
                    operation: subscribe_to_task
                    params: {}
                    expect_stream:
                      min_count: 1
                      max_count: 9
                      timeout_ms: 100
                      ordering: monotonic_state
                      events:
                        - {description: D, match: exact_position, index: 0, task: {id: x}}
                        - {match: any_position, status_update: {status: {state: A}}}
                        - {artifact_update: {}}
                        - {message: {}}
                        - {anything: else}
                      final_event: {one_of: [{task: {}}, {status_update: {final: true}}]}
                      each_event: {not: {message: {}}}
                  - id: raw
                    raw: {method: POST, path: "/x", headers: {A: b}, body: {c: d}}
                    expect_error: {error_type: InvalidParamsError, message: {contains: x}, details: {reason: x}}
                    capture: {a: b}
                    assertions: [{source: raw, any: {path: "a[*]", match: {b: 1}}}]
                  - id: check
                    assertion: {source: "{{call.response}}", all: {path: "a[*]", match: {}}, none: {path: b, match: {}}}
                assertions:
                  - {source: call.id, match: x}
        """

    @Test("with every key of the format are read")
    func full() throws {
        var plan = TestPlan()
        try plan.add(Self.full, file: "full.yaml")
        let suite = try #require(plan.suites.first)
        let test = try #require(suite.tests.first)
        #expect(suite.variables == ["who": "world"])
        #expect(test.level == .should)
        #expect(test.tags == ["inherited", "own"])
        #expect(test.transports == [.jsonrpc, .rest, .grpc])
        #expect(test.behaviors == ["tck-complete-task"])
        #expect(test.runnerRequirements == RunnerRequirement.allCases)
        #expect(test.requirements == ["R-1"])
        #expect(test.steps.map(\.id) == ["call", "stream", "raw", "check"])
        #expect(test.steps.map(\.line) == [31, 40, 56, 61])
        #expect(test.assertions.count == 1)
        guard case .call(let call) = test.steps[0].action, let repetition = call.repetition else {
            Issue.record("no repetition")
            return
        }
        #expect((1...4).map { repetition.delay(after: $0).milliseconds } == [5, 10, 20, 40])
    }

    @Test("may be JSON")
    func fromJSON() throws {
        var plan = TestPlan()
        try plan.add(
            #"{"acts_version":"0.1","spec_version":"1.0","suites":[{"id":"s","name":"S","tests":[{"id":"T","name":"N","level":"may","steps":[{"id":"a","operation":"list_tasks","params":{}}]}]}]}"#,
            file: "x.json")
        #expect(plan.suites[0].tests[0].level == .may)
    }

    @Test("read plain scalars by YAML 1.2: yes and on are texts")
    func scalars() throws {
        let node = try YAMLNode(
            parsing:
                "{a: yes, b: on, c: true, d: ~, e: 0x1F, f: 0o17, g: 1.5, h: '1', i: 1e3, j: 2026-01-01, k: -7, l: .inf}",
            file: "x")
        let value = node.json
        #expect(value["a"] == "yes")
        #expect(value["b"] == "on")
        #expect(value["c"] == true)
        #expect(value["d"] == .null)
        #expect(value["e"] == 31)
        #expect(value["f"] == 15)
        #expect(value["g"] == .number(1.5))
        #expect(value["h"] == "1")
        #expect(value["i"] == .number(1000))
        #expect(value["j"] == "2026-01-01")
        #expect(value["k"] == -7)
        #expect(value["l"] == .number(.infinity))
    }

    @Test("include others, relative to themselves, and none of them twice")
    func includes() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        let head = "acts_version: \"0.1\"\nspec_version: \"1.0\"\n"
        try write("master.yaml", head + "include:\n  - sub/one.yaml\n  - behaviors.yaml\n")
        try write("sub/one.yaml", document([test(steps: "  - {id: a, operation: get_agent_card, params: {}}")]))
        try write("behaviors.yaml", "acts_version: \"0.1\"\nbehaviors: [{prefix: own-thing, description: D}]\n")
        let plan = try TestPlan(files: [folder.path + "/master.yaml"])
        #expect(plan.suites.map(\.id) == ["suite"])
        #expect(plan.behaviors.map(\.prefix) == ["own-thing"])

        try write("loop.yaml", head + "include: [loop.yaml]\n")
        let loop = #expect(throws: DocumentError.self) { try TestPlan(files: [folder.path + "/loop.yaml"]) }
        #expect(loop?.line == 3)
        try write("missing.yaml", head + "include:\n  - nowhere.yaml\n")
        let missing = #expect(throws: DocumentError.self) { try TestPlan(files: [folder.path + "/missing.yaml"]) }
        #expect(missing?.line == 4)
        #expect(missing?.reason.contains("cannot be read") ?? false)
    }

    @Test("of this repository are right, and every case names a requirement")
    func ours() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let plan = try TestPlan(files: [root.appendingPathComponent("conformance/suites").path])
        let tests = plan.suites.flatMap(\.tests)
        #expect(tests.count >= 20)
        #expect(tests.filter(\.requirements.isEmpty).map(\.id) == [])
    }
}
