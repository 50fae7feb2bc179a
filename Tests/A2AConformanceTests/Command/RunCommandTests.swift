import Foundation
import Testing

@testable import A2AConformance

/// `a2a-conformance run` through the executable.
@Suite("a2a-conformance run", .timeLimit(.minutes(3)))
struct RunCommandTests {
    private static let get = "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: t}}}"
    private static let wrong = "  - {id: get, operation: get_task, params: {id: t}, expect: {body: {id: u}}}"

    /// Runs tests against an agent that answers every call with the task `t`.
    private func run(
        _ tests: [String], _ arguments: [String] = [], _ body: (Program.Outcome, URL) throws -> Void
    ) async throws {
        try await Program.withFolder { folder in
            let file = try Program.write(tests, to: folder)
            let result = try await FakeAgent.with { request, _ in
                request.path == "/rpc" ? .result(["id": "t"], to: request) : .json(["id": "t"])
            } _: { agent in
                try await Program.run(["run", agent.url, "--suite", file] + arguments, in: folder)
            }
            try body(result, folder)
        }
    }

    @Test("passes with the status 0, says so, and is silent on standard error") func passes() async throws {
        try await self.run([test(steps: Self.get)]) { result, _ in
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("JSON-RPC MUST:    1/1 passed"))
            #expect(result.output.contains("conformant as far as tested: no failure"))
            // Progress is for terminals.
            #expect(result.errors.isEmpty)
        }
    }

    @Test(
        "a MUST that fails has the status 1, and says what was due, what came, what went over the wire, where to read")
    func fails() async throws {
        try await self.run([test("T", "x-requirements: [CORE-GET-001]", steps: Self.wrong)]) { result, _ in
            #expect(result.status == 1)
            for words in [
                "FAIL jsonrpc/T [MUST] A test", "own.acts.yaml:", ", step get", "at:       id", "expected: \"u\"",
                "got:      \"t\"", "requirement: CORE-GET-001 [MUST] GetTask gives", "read: a2a §3.1.3  https://",
                "wire:", "> POST http://127.0.0.1:", "< HTTP 200", "more about a case: a2a-conformance explain T",
                "not conformant: 2 failed",
            ] { #expect(result.output.contains(words), "\(words)\n\(result.output)") }
        }
    }

    @Test("a SHOULD that fails is a warning, and a failure if it is strict", arguments: [false, true])
    func strict(_ isStrict: Bool) async throws {
        try await self.run([test(level: "should", steps: Self.wrong)], isStrict ? ["--strict"] : []) { result, _ in
            #expect(result.status == (isStrict ? 1 : 0))
            #expect(result.output.contains(isStrict ? "FAIL jsonrpc/T-1" : "WARN jsonrpc/T-1"))
        }
    }

    @Test("known failures do not fail a run; what passes though known does; what is stale is said")
    func known() async throws {
        let tests = [test("GOOD", steps: Self.get), test("BAD", steps: Self.wrong)]
        for (list, status, words) in [
            ("*/BAD  CORE-GET-001: a known one\n", Int32(0), "no failure that was not known, 2 known to fail"),
            ("*/BAD  known\njsonrpc/GOOD  known too\n", 1, "PASSED, though known to fail: jsonrpc/GOOD (known too)"),
            ("*/BAD  known\n*/OLD  gone\n", 0, "known to fail, line 2: */OLD: no case of this run is called so"),
        ] {
            try await Program.withFolder { folder in
                let file = folder.appendingPathComponent("known.txt")
                try list.write(to: file, atomically: true, encoding: .utf8)
                try await self.run(tests, ["--known-failing", file.path]) { result, _ in
                    #expect(result.status == status, "\(list)\(result.output)")
                    #expect(result.output.contains(words), "\(result.output)")
                }
            }
        }
    }

    @Test("reports are written as files, and the text all the same") func reports() async throws {
        let arguments = [
            "--report", "html=r.html", "--report", "junit=r.xml", "--report", "json=r.json", "--sdk", "language=swift",
            "--sdk",
            "name=an SDK", "--sdk", "version=2.0",
        ]
        try await self.run([test(steps: Self.get)], arguments) { result, folder in
            #expect(result.status == 0 && result.output.contains("1/1 passed"))
            func text(_ name: String) throws -> String {
                try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            }
            let html = try text("r.html")
            #expect(html.hasPrefix("<!DOCTYPE html>") && html.contains("an SDK 2.0 (swift)"))
            #expect(try text("r.xml").contains("<testsuites name=\"a2a-conformance\" tests=\"2\" failures=\"0\""))
            for binding in ["jsonrpc", "rest"] {
                let report = try JSONValue(parsing: Array(try text("r.\(binding).json").utf8))
                #expect(report["sdk"] == ["name": "an SDK", "version": "2.0", "language": "swift"])
                #expect(report["summary"]?["passed"] == 1)
            }
        }
        try await self.run([test(steps: Self.get)], ["--report", "json=.", "--binding", "HTTP+JSON"]) { _, folder in
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.contains { $0.hasPrefix("acts-report-fake-rest-") && $0.hasSuffix(".json") }, "\(names)")
        }
    }

    @Test("what several runs showed is seen together") func results() async throws {
        try await self.run(
            [test("T", "x-requirements: [CORE-GET-001]", steps: Self.get)], ["--report", "json=r.json"]
        ) { _, _ in }
        try await Program.withFolder { folder in
            let tests = [
                test("A", "x-requirements: [CORE-GET-001]", steps: Self.get),
                test("B", "x-requirements: [CORE-GET-002]", steps: Self.wrong),
                test("C", "x-requirements: [CORE-SEND-001]\npreconditions: {skills: [{id: none}]}", steps: Self.get),
            ]
            let file = try Program.write(tests, to: folder)
            try await FakeAgent.with { request, _ in
                .result(["id": "t"], to: request)
            } _: { agent in
                _ = try await Program.run(
                    ["run", agent.url, "--suite", file, "--binding", "jsonrpc", "--report", "json=r.json"], in: folder)
            }
            let result = try await Program.run(["coverage", "--suite", file, "--results", "r.json"], in: folder)
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                result.output.contains("what 1 reports show together:\n  a2a MUST: 1 held, 1 failed, 1 not tested here")
            )
            #expect(result.output.contains("failed:\n  CORE-GET-002  [MUST] B"))
            #expect(result.output.contains("did not apply in any of them:\n  CORE-SEND-001  [MUST] C"))
        }
    }

    @Test("the order in which cases begin changes nothing of the report", arguments: [1, 2, 3])
    func shuffle(_ seed: Int) async throws {
        let tests = (1...9).map { test("T-\($0)", steps: $0 % 3 == 0 ? Self.wrong : Self.get) }
        var reports: [String] = []
        for arguments in [[], ["--shuffle", "\(seed)", "--jobs", "1"]] {
            try await self.run(tests, arguments) { result, _ in
                reports.append(
                    result.output.split(separator: "\n")
                        .filter { $0.hasPrefix("FAIL") || $0.contains("passed (") }.joined(separator: "\n"))
            }
        }
        #expect(reports[0] == reports[1] && reports[0].contains("FAIL jsonrpc/T-3"))
        #expect(SeededOrder.indices(9, seed: UInt64(seed)) != Array(0..<9))
        #expect(SeededOrder.indices(9, seed: UInt64(seed)) == SeededOrder.indices(9, seed: UInt64(seed)))
        #expect(SeededOrder.indices(9, seed: UInt64(seed)).sorted() == Array(0..<9))
    }

    @Test("an agent that is not there could not be tested: the status is 3, and the reports say so") func down()
        async throws
    {
        let url = try await FakeAgent.with { _, _ in
            .json([:])
        } _: {
            $0.url
        }
        try await Program.withFolder { folder in
            let result = try await Program.run(
                ["run", url, "--report", "html=r.html", "--report", "junit=r.xml"], in: folder)
            #expect(result.status == 3)
            #expect(result.output.contains("could not test \(url)"))
            let html = try String(contentsOf: folder.appendingPathComponent("r.html"), encoding: .utf8)
            #expect(html.contains("Not everything could be tested") && html.contains("Could not test: "))
            let xml = try String(contentsOf: folder.appendingPathComponent("r.xml"), encoding: .utf8)
            #expect(xml.contains("<error message="))
        }
    }

    @Test("a terminal sees the progress on one line", .disabled(if: Tools.areSkipped, "A2A_SKIP_INTEROP=1"))
    func progress() async throws {
        try await Program.withFolder { folder in
            let file = try Program.write([test(steps: Self.get)], to: folder)
            let result = try await FakeAgent.with { request, _ in
                .result(["id": "t"], to: request)
            } _: { agent in
                let terminal = "import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
                let words = [
                    "python3", "-c", terminal, Program.product("a2a-conformance").path, "run", agent.url, "--suite",
                    file,
                    "--binding", "jsonrpc",
                ]
                return try await Program.start(words, in: folder)
            }
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("\r\u{1B}[Klooking for the card of http://127.0.0.1:"))
            #expect(result.output.contains("\r\u{1B}[K100 %  1/1  jsonrpc/T-1"))
            #expect(result.output.contains("\r\u{1B}[Kfake 1 (http://"), "the line is cleared: \(result.output)")
        }
    }

    // MARK: Elsewhere

    @Test("it runs from anywhere, and after it was moved with its suites", arguments: ["beside", "share"])
    func moved(_ place: String) async throws {
        try await Program.withFolder { folder in
            let files = FileManager.default
            let data = folder.appendingPathComponent(place == "beside" ? "bin" : "share/a2a-conformance")
            let bin = folder.appendingPathComponent("bin")
            for one in [bin, data] { try files.createDirectory(at: one, withIntermediateDirectories: true) }
            let program = bin.appendingPathComponent("a2a-conformance")
            try files.copyItem(at: Program.product("a2a-conformance"), to: program)
            let alone = try await Program.run(["list"], in: folder, path: program.path)
            #expect(alone.status == 2 && alone.errors.contains("say where with --suite FILE"), "\(alone)")

            let root = ReferenceAgentTests.root
            for (from, to) in [
                ("conformance/suites", "suites"), ("spec/requirements.yaml", "requirements.yaml"),
                ("spec/anchors.yaml", "anchors.yaml"),
            ] { try files.copyItem(at: root.appendingPathComponent(from), to: data.appendingPathComponent(to)) }
            // By its name alone, from another folder.
            let elsewhere = try await Program.run(
                ["explain", "CORE-SEND-001"], in: URL(fileURLWithPath: "/"), path: "a2a-conformance",
                environment: ["PATH": "\(bin.path):/usr/bin:/bin"])
            #expect(elsewhere.status == 0, "\(elsewhere.errors)")
            #expect(elsewhere.output.contains("#311-send-message"))
            let report = try await FakeAgent.with { request, _ in
                .result(["task": ["id": "t"]], to: request)
            } _: { agent in
                try await Program.run(
                    ["run", agent.url, "--only", "CORE-SEND-001", "--binding", "jsonrpc"], in: folder,
                    path: program.path)
            }
            #expect(report.status == 1 && report.output.contains("FAIL jsonrpc/BASE-SEND-001"), "\(report)")
        }
    }
}

/// Programs that tests need beside those of this package.
enum Tools {
    /// `A2A_SKIP_INTEROP=1`: Python and Chromium are left out.
    static let areSkipped = ProcessInfo.processInfo.environment["A2A_SKIP_INTEROP"] == "1"
}
