import Foundation
import Testing

@testable import A2AConformance

@Suite("Reports")
struct ReportTests {
    /// One case of each outcome, made without an agent.
    private func report() throws -> (RunReport, TestPlan) {
        let steps = "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: t}}}"
        let plan = try plan([
            test("T-PASS", steps: steps),
            test("T-FAIL", "x-requirements: [R-1]\nspec_ref: \"§3 & more\"", steps: steps),
            test("T-SKIP", level: "should", steps: steps), test("T-ERROR", level: "may", steps: steps),
        ])
        var report = RunReport(url: "http://here", started: Date(timeIntervalSince1970: 1_700_000_000))
        report.duration = .milliseconds(1234)
        report.agent = AgentUnderTest(
            card: ["name": "Agent <x>", "version": "2.0", "supportedInterfaces": []], url: "http://here/card.json")
        let tests = plan.suites[0].tests
        report.results = zip(tests, [Outcome.pass, .fail, .skip, .error]).map { test, outcome in
            var result = CaseResult(suite: "suite", test: test, binding: .jsonrpc, outcome: outcome)
            result.duration = .milliseconds(5)
            return result
        }
        report.results[1].failure = Failure(
            "expected \"t\", got <nothing>", stepID: "get", expected: "\"t\"", actual: "<nothing> & \u{1}", path: "id",
            line: 13)
        report.results[1].steps = [
            StepResult(
                id: "get", outcome: .fail, duration: .milliseconds(4), failure: report.results[1].failure,
                trace: [TraceLine(mark: ">", text: "POST /\nA: b"), TraceLine(mark: "<", text: "HTTP 200")])
        ]
        report.results[2].reason = "it does not apply"
        report.results[3].reason = "connection refused"
        return (report, plan)
    }

    @Test("ACTS JSON has the members of §13, and no others")
    func acts() throws {
        let (report, plan) = try self.report()
        let acts = ACTSReport(report, binding: .jsonrpc, plan: plan).json
        let expected = try json(
            """
            {"acts_version":"0.1","spec_version":"1.0","generated_at":"2023-11-14T22:13:20Z",
            "sdk":{"name":"Agent <x>","version":"2.0","language":"unknown"},"transport":"jsonrpc",
            "environment":{"runner":"swift-a2a a2a-conformance","url":"http://here"},
            "summary":{"total":4,"passed":1,"failed":1,"skipped":1,"errors":1,"duration_ms":1234,"by_level":{
            "must":{"total":2,"passed":1,"failed":1,"skipped":0,"errors":0},
            "should":{"total":1,"passed":0,"failed":0,"skipped":1,"errors":0},
            "may":{"total":1,"passed":0,"failed":0,"skipped":0,"errors":1}}},
            "suites":[{"id":"suite","name":"A suite","tests":[
            {"id":"T-PASS","name":"A test","level":"must","result":"pass","duration_ms":5},
            {"id":"T-FAIL","name":"A test","level":"must","result":"fail","duration_ms":5,
            "failure":{"message":"expected \\"t\\", got <nothing>","step_id":"get","expected":"\\"t\\"","actual":"<nothing> & \\u0001","assertion_path":"id"},
            "steps":[{"id":"get","result":"fail","duration_ms":4,
            "failure":{"message":"expected \\"t\\", got <nothing>","step_id":"get","expected":"\\"t\\"","actual":"<nothing> & \\u0001","assertion_path":"id"}}]},
            {"id":"T-SKIP","name":"A test","level":"should","result":"skip","duration_ms":5,"skip_reason":"it does not apply"},
            {"id":"T-ERROR","name":"A test","level":"may","result":"error","duration_ms":5,"failure":{"message":"connection refused"}}]}]}
            """)
        #expect(acts == expected, "\(acts.pretty)")
        #expect(
            ACTSReport.fileName(report, binding: .jsonrpc) == "acts-report-agent--x--jsonrpc-20231114T221320Z.json")
    }

    @Test("JUnit XML is well-formed and counts right")
    func junit() throws {
        let (report, _) = try self.report()
        let xml = JUnitReport.xml(report, strict: false)
        #expect(
            xml.hasPrefix(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites name="a2a-conformance" tests="4" failures="1" errors="1" skipped="1" time="1.234">
                  <testsuite name="jsonrpc.suite" tests="4" failures="1" errors="1" skipped="1" time="0.020">
                    <testcase classname="jsonrpc.suite" name="T-PASS A test" time="0.005"/>
                    <testcase classname="jsonrpc.suite" name="T-FAIL A test" time="0.005">
                      <failure type="must" message="expected &quot;t&quot;, got &lt;nothing&gt;">
                """))
        #expect(xml.contains("<skipped message=\"it does not apply\"/>"))
        #expect(xml.contains("<error message=\"connection refused\"/>"))
        #expect(!xml.contains("\u{1}"))
        #expect(xml.hasSuffix("</testsuites>\n"))
    }

    @Test("text says what was expected, what came, the wire and where to read")
    func text() throws {
        let (report, _) = try self.report()
        #expect(
            TextReport.text(report, strict: false) == """
                Agent <x> 2.0 (http://here/card.json)

                FAIL jsonrpc/T-FAIL [MUST] A test
                  suite.yaml:13, step get
                  at:       id
                  expected: "t"
                  got:      <nothing> & \\u{1}
                  requirement: R-1
                  read: §3 & more
                  wire:
                    > POST /
                    > A: b
                    < HTTP 200

                could not test jsonrpc/T-ERROR
                  connection refused

                JSON-RPC MUST:    1/2 passed (1 failed)
                JSON-RPC SHOULD:  0/1 passed (1 skipped)
                JSON-RPC MAY:     0/1 passed (1 could not be tested)

                not conformant: 1 failed (1.234 s)

                """)
    }

    @Test("HTML is one page that needs no network, and nothing of the agent is markup in it")
    func html() throws {
        let (report, plan) = try self.report()
        let requirements = try RequirementList(
            parsing: "requirements: [{id: R-1, section: '3', level: MUST, party: server, text: It does.}]", file: "r")
        let links = try SpecificationLinks(
            parsing: "a2a: {document: 'https://spec.example/a?b&c', anchors: {'3': three}}", file: "a")
        let html = HTMLReport.html(
            report, plan: plan, strict: false, reference: Reference(requirements, links))
        for word in ["src=", "url(", "@import", "<nothing>", "<x>"] { #expect(!html.contains(word), "\(word)") }
        for word in [
            "Agent &lt;x&gt;", "Not conformant", "<summary>what went over the wire", "&lt;nothing&gt; &amp;",
            "1/2 passed (1 failed)", "R-1", "It does.", "@media print", "prefers-color-scheme", "default-src 'none'",
            "<a href=\"https://spec.example/a?b&amp;c#three\"", "id=\"case-jsonrpc-T-FAIL\"",
            "href=\"#case-jsonrpc-T-FAIL\"",
        ] { #expect(html.contains(word), "\(word)") }
        for tag in ["div", "section", "article", "span", "form", "details", "summary", "dl", "main", "h3"] {
            let opened = html.split(separator: "<\(tag)", omittingEmptySubsequences: false)
                .dropFirst().filter { $0.first == ">" || $0.first == " " }.count
            #expect(opened == html.split(separator: "</\(tag)>", omittingEmptySubsequences: false).count - 1, "\(tag)")
        }
    }

    // MARK: Verdicts

    @Test("a SHOULD that fails is a warning, unless it is strict")
    func strict() throws {
        var (report, _) = try self.report()
        report.results = [report.results[2]]
        report.results[0].outcome = .fail
        #expect(report.verdict(strict: false) == .conformant)
        #expect(report.verdict(strict: true) == .failed)
    }

    @Test("what is known to fail does not fail the run, and what passes though known does")
    func known() throws {
        var (report, _) = try self.report()
        report.results.removeLast()
        report.apply(
            try KnownFailing(
                parsing: "# why\n\njsonrpc/T-FAIL   it is known\nrest/*  another binding\n", file: "k"))
        #expect(report.results[1].known == "it is known")
        #expect(report.results[0].known == nil)
        #expect(report.verdict(strict: false) == .conformant)
        report.apply(try KnownFailing(parsing: "T-*  all of them", file: "k"))
        #expect(report.unexpectedPasses.map(\.test.id) == ["T-PASS"])
        #expect(report.verdict(strict: false) == .failed)
        let error = #expect(throws: DocumentError.self) { try KnownFailing(parsing: "\nT-1\n", file: "k") }
        #expect(error?.line == 2)
    }

    @Test("what fails now and then may pass, and does not fail the run when it fails")
    func sometimes() throws {
        var (report, _) = try self.report()
        report.results.removeLast()
        let known = try KnownFailing(parsing: "?T-*  a race", file: "k")
        report.apply(known)
        #expect(report.results[1].known == "a race")
        #expect(report.unexpectedPasses.isEmpty)
        #expect(report.verdict(strict: false) == .conformant)
        report.results.removeAll { $0.outcome == .fail }
        #expect(report.stale(known).isEmpty)
    }

    @Test(
        "patterns have stars for any text",
        arguments: [
            ("a", "a", true), ("a", "ab", false), ("a*", "ab", true), ("*b", "ab", true), ("*b*", "abc", true),
            ("a*c*e", "abcde", true), ("a*e*c", "abcde", false), ("*", "", true), ("a*a", "a", false),
        ])
    func patterns(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(Pattern(pattern).matches(name) == matches)
    }

    // MARK: Requirements

    @Test("coverage tells which requirements have no test, and which names are unknown")
    func coverage() throws {
        let list = try RequirementList(
            parsing: """
                requirements:
                  - {id: R-1, section: "1", level: MUST, party: server, text: a, testable: true}
                  - {id: R-2, section: "1", level: MUST, party: server, text: b, testable: true}
                  - {id: R-3, section: "1", level: MUST, party: client, text: c, testable: true}
                  - {id: R-4, section: "1", level: MUST, party: both, text: d, testable: false, reason: no}
                """, file: "r")
        let steps = "  - {id: get, operation: get_task, params: {}}"
        let coverage = Coverage(
            list,
            try plan([
                test("A", "x-requirements: [R-1, R-9]", steps: steps), test("B", "x-requirements: [R-1]", steps: steps),
            ]))
        #expect(coverage.rows[0].tests == ["A", "B"])
        #expect(coverage.gaps(.server).map(\.requirement.id) == ["R-2"])
        #expect(coverage.gaps(.client).map(\.requirement.id) == ["R-3"])
        #expect(coverage.figure(.server, source: "a2a").percent == 50)
        #expect(coverage.unknown.map(\.id) == ["R-9"])
        #expect(
            coverage.summary(.server) == ["a2a: 1 of 2 requirements that can be tested on an agent have a case (50 %)"])
        #expect(throws: DocumentError.self) {
            try RequirementList(
                parsing:
                    "requirements: [{id: R, section: '1', level: M, party: p, text: t}, {id: R, section: '1', level: M, party: p, text: t}]",
                file: "r")
        }
    }
}
