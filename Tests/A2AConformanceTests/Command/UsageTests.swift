import Foundation
import Testing

@testable import A2AConformanceCommand

/// The command line as strangers find it.
@Suite("The command line of a2a-conformance", .timeLimit(.minutes(2)))
struct CommandLineTests {
    @Test(
        "help is an answer, and begins with what to type",
        arguments: [
            ([], "a2a-conformance run http://localhost:9999"), (["--help"], "Exit status: 0"),
            (["run", "--help"], "HOW IT IS TESTED:"), (["list", "-h"], "--binding"), (["explain", "--help"], "<id>"),
            (["coverage", "--help"], "--minimum server=90"),
        ])
    func help(_ arguments: [String], _ words: String) async throws {
        let result = try await Program.run(arguments)
        #expect(result.status == 0)
        #expect(result.output.contains("USAGE: a2a-conformance"))
        #expect(result.output.contains(words), "\(result.output)")
        #expect(result.errors.isEmpty)
    }

    @Test("the version") func version() async throws {
        let result = try await Program.run(["--version"])
        #expect(result.status == 0 && result.output == "0.1.0\n")
    }

    @Test(
        "what is wrong is said on standard error with what would be right, and the status is 2",
        arguments: [
            (["bogus"], "Unexpected argument 'bogus'"), (["run"], "Missing expected argument '<url>'"),
            (["run", "localhost:9999"], "write http://localhost:9999"), (["run", "ftp://h"], "over http or https"),
            (["run", "http://"], "has no host"),
            (["run", "http://h", "--level", "most"], "Please provide one of 'must', 'should' or 'may'"),
            (["run", "http://h", "--binding", "soap"], "Please provide one of 'jsonrpc', 'rest', 'grpc' or 'tcp'"),
            (["run", "http://h", "--only", "CORE-SEDN-001"], "did you mean 'CORE-SEND-001'"),
            (["run", "http://h", "--only", "CORE-SEND-001", "--level", "bogus"], "--level"),
            (
                ["run", "http://h", "--only", "REST-QUERY-006", "--only", "nothing-like-it-at-all"],
                "a2a-conformance list"
            ),
            (["run", "http://h", "--report", "pdf=x"], "write html=FILE, junit=FILE, json=FILE"),
            (["run", "http://h", "--report", "html"], "write html=FILE"),
            (["run", "http://h", "--report", "html=/nonexistent/x.html"], "there is no folder '/nonexistent'"),
            (["run", "http://h", "--header", "no colon"], "write --header \"Name: value\""),
            (["run", "http://h", "--header", "b@d: x"], "write --header \"Name: value\""),
            (["run", "http://h", "--jobs", "0"], "--jobs is 1 to 256, not 0"),
            (["run", "http://h", "--jobs", "many"], "--jobs"), (["run", "http://h", "--shuffle", "-1"], "--shuffle"),
            (["run", "http://h", "--timeout", "0"], "--timeout is more than 0 seconds"),
            (["run", "http://h", "--call-timeout", "100000"], "--call-timeout is more than 0 seconds, and 86400"),
            (["run", "http://h", "--stream-timeout", "nan"], "--stream-timeout"),
            (["run", "http://h", "--sdk", "python"], "write name=…, version=… or language=…"),
            (["run", "http://h", "--suite", "/nonexistent.yaml"], "'/nonexistent.yaml' is not there"),
            (["run", "http://h", "--suite", "Sources"], "there are no tests in Sources"),
            (["run", "http://h", "--known-failing", "/nonexistent"], "'/nonexistent' cannot be read"),
            (["run", "http://h", "--requirements", "LICENSE"], "LICENSE:"),
            (["run", "http://h", "--behaviors", "maybe"], "Please provide one of 'auto', 'yes' or 'no'"),
            (["list", "--only", "CORE-SEND-0001"], "did you mean 'CORE-SEND-001'"),
            (["explain", "CORE-SEND-1"], "did you mean"), (["explain"], "Missing expected argument '<id>'"),
            (["coverage", "--minimum", "90"], "write server=90"),
            (["coverage", "--minimum", "server=101"], "write server=90"),
            (["coverage", "--minimum", "xyz:server=1"], "there are: a2a"),
            (["coverage", "--results", "LICENSE"], "'LICENSE' is no ACTS report"),
            (["coverage", "--requirements", "/nonexistent"], "'/nonexistent' cannot be read"),
        ])
    func complaints(_ arguments: [String], _ words: String) async throws {
        let result = try await Program.run(arguments)
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("a header that is wrong is not repeated, since it may be a credential") func secret() async throws {
        let result = try await Program.run(["run", "http://h", "--header", "Bearer geheim-1234"])
        #expect(result.status == 2 && !result.errors.contains("geheim"))
    }

    @Test(
        "a suite that is wrong is refused with its line before anything runs",
        arguments: [("level: most", "'level'"), ("unknown: 1", "unknown key 'unknown'")])
    func malformed(_ line: String, _ words: String) async throws {
        try await Program.withFolder { folder in
            let text = test(level: "must", line, steps: "  - {id: a, operation: get_task, params: {}}")
            let file = try Program.write(
                [line.hasPrefix("level") ? text.replacingOccurrences(of: "level: must\n", with: "") : text], to: folder)
            let result = try await Program.run(["run", "http://127.0.0.1:9", "--suite", file])
            #expect(result.status == 2)
            #expect(result.errors.contains("own.acts.yaml:") && result.errors.contains(words), "\(result.errors)")
        }
    }

    // MARK: Looking things up

    @Test("list names the tests of a level, a binding, a pattern, and counts them") func list() async throws {
        let all = try await Program.run(["list"])
        #expect(all.status == 0)
        #expect(all.output.contains("  CORE-SEND-001  [MUST] "))
        #expect(all.output.contains(" tests in "))
        let some = try await Program.run(["list", "--level", "must", "--binding", "grpc", "--only", "GRPC-*"])
        #expect(some.status == 0)
        #expect(some.output.contains("GRPC-") && !some.output.contains("[SHOULD]") && !some.output.contains("JSONRPC-"))
    }

    @Test(
        "explain says what a requirement says, where to read it, its tests, and how to run them",
        arguments: ["CORE-SEND-001", "jsonrpc/CORE-SEND-001"])
    func explain(_ id: String) async throws {
        let result = try await Program.run(["explain", id])
        #expect(result.status == 0)
        for words in [
            "requirement CORE-SEND-001 [MUST], binds: server", "specification.md#311-send-message",
            "test CORE-SEND-001b",
            "run them: a2a-conformance run URL --only CORE-SEND-001", "send.acts.yaml:", "  step send: send_message",
        ] { #expect(result.output.contains(words), "\(words)\n\(result.output)") }
    }

    @Test("explain says why a requirement cannot be tested") func untestable() async throws {
        let result = try await Program.run(["explain", "DOC-GEN-002"])
        #expect(result.output.contains("it cannot be tested from outside: about how code is made"))
    }

    @Test("coverage gives figures by party and chapter, gaps by id, and fails below a minimum") func coverage()
        async throws
    {
        let enough = try await Program.run(["coverage", "--minimum", "server=90"])
        #expect(enough.status == 0, "\(enough.output)")
        #expect(enough.output.contains("requirements that can be tested on an agent have a test"))
        #expect(enough.output.contains("requirements that can be tested on a client have a test"))
        #expect(enough.output.contains("  §3 "))
        #expect(enough.output.contains("a2a server: ") && enough.output.contains(", at least 90 %"))
        try await Program.withFolder { folder in
            let step = "  - {id: a, operation: get_task, params: {}}"
            let file = try Program.write([test("T", "x-requirements: [CORE-GET-001]", steps: step)], to: folder)
            let little = try await Program.run(["coverage", "--suite", file, "--minimum", "server=90"])
            #expect(little.status == 1)
            #expect(little.output.contains("less than 90 %"))
            #expect(little.output.contains("  CORE-SEND-001  [MUST] a2a §3.1.1: "))
            let unknown = try Program.write([test("T", "x-requirements: [CORE-NONE-001]", steps: step)], to: folder)
            let wrong = try await Program.run(["coverage", "--suite", unknown])
            #expect(wrong.status == 1)
            #expect(wrong.errors.contains("T names the requirement CORE-NONE-001, which is not in the list"))
        }
    }

    @Test(
        "names that are near are offered, best first",
        arguments: [
            ("CORE-SEDN-001", ["CORE-SEND-001", "CORE-SEND-001b"]),
            ("core-send-001", ["CORE-SEND-001", "CORE-SEND-001b"]),
            ("CORE-SEND", ["CORE-SEND-001", "CORE-SEND-001b"]), ("xyz", []), ("", []),
        ])
    func near(_ name: String, _ expected: [String]) {
        #expect(
            Near.names(like: name, in: ["CORE-SEND-001", "PUSH-DELIVER-007", "CORE-SEND-001b"]).prefix(2)
                == expected[...])
    }
}
