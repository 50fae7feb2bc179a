import Testing

@testable import A2AConformance

/// Every rule of ACTS §2 to §11 whose violation makes a document malformed: the place and the reason are told.
@Suite("Malformed documents")
struct MalformedTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rule: String
        var yaml: String
        var line: Int
        var reason: String

        init(_ rule: String, line: Int, _ reason: String, _ yaml: String) {
            self.rule = rule
            self.yaml = yaml
            self.line = line
            self.reason = reason
        }

        /// One step of a test, which is in line 13.
        init(_ rule: String, step: String, _ reason: String, line: Int = 13, more: String = "transport: [rest]") {
            self.init(rule, line: line, reason, document([A2AConformanceTests.test("T-1", more, steps: "  - \(step)")]))
        }

        var testDescription: String { self.rule }
    }

    static let documents = [
        Case("YAML is well-formed", line: 2, "not YAML", "acts_version: \"1.0\"\nsuites: [}"),
        Case("a key comes once", line: 1, "comes twice", "acts_version: \"1.0\"\nacts_version: \"1.0\""),
        Case("there is a document", line: 1, "empty", ""),
        Case("the root is a map", line: 1, "must be a map", "[1]"),
        Case("acts_version is needed", line: 1, "no 'acts_version'", "spec_version: \"1.0\"\nsuites: []"),
        Case("acts_version is a text", line: 1, "put it in quotes", "acts_version: 1.0\nspec_version: \"1.0\""),
        Case(
            "acts_version is one that we know", line: 1, "not known here",
            "acts_version: \"2.0\"\nspec_version: \"1.0\""),
        Case("spec_version is needed", line: 1, "no 'spec_version'", "acts_version: \"1.0\"\nsuites: []"),
        Case("spec_version is a version", line: 2, "like \"1.0\"", "acts_version: \"1.0\"\nspec_version: one"),
        Case(
            "there are suites or includes", line: 1, "neither suites nor include",
            "acts_version: \"1.0\"\nspec_version: \"1.0\""),
        Case("suites are not empty", line: 3, "not empty", "acts_version: \"1.0\"\nspec_version: \"1.0\"\nsuites: []"),
        Case(
            "include holds names", line: 3, "names of files",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\ninclude: [1]"),
        Case(
            "keys are known", line: 3, "unknown key 'suite'", "acts_version: \"1.0\"\nspec_version: \"1.0\"\nsuite: []"),
        Case(
            "variables are texts", line: 3, "must be a text",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nvariables: {a: 1}\nsuites: []"),
        Case(
            "metadata has its keys", line: 3, "unknown key",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nmetadata: {year: \"1\"}\nsuites: []"),
        Case(
            "authors are a list", line: 3, "must be a list",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nmetadata: {authors: me}\nsuites: []"),
        Case(
            "a suite has an id", line: 4, "no 'id'",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nsuites:\n  - name: x\n    tests: []"),
        Case(
            "a suite has a name", line: 4, "no 'name'",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nsuites:\n  - id: x\n    tests: []"),
        Case(
            "a suite has tests", line: 4, "no 'tests'",
            "acts_version: \"1.0\"\nspec_version: \"1.0\"\nsuites:\n  - {id: x, name: x}"),
        Case(
            "a behavior has a description", line: 3, "no 'description'",
            "acts_version: \"1.0\"\nbehaviors:\n  - prefix: x"),
        Case(
            "a response type is one of two", line: 3, "must be one of task, message",
            "acts_version: \"1.0\"\nbehaviors:\n  - {prefix: x, description: x, response_type: y}"),
        Case(
            "an artifact file has its members", line: 3, "no 'mediaType'",
            "acts_version: \"1.0\"\nbehaviors:\n  - {prefix: x, description: x, artifacts: [{file: {name: x}}]}"),
    ]

    static let tests = [
        Case("a test has an id", line: 8, "no 'id'", document(["name: x"])),
        Case("a test has a name", line: 8, "no 'name'", document(["id: T\nlevel: must\nsteps: [{id: a}]"])),
        Case("a test has a level", line: 8, "no 'level'", document(["id: T\nname: x\nsteps: [{id: a}]"])),
        Case(
            "a level is one of three", line: 10, "must, should, may",
            document(["id: T\nname: x\nlevel: MUST\nsteps: [{id: a}]"])),
        Case("a test has steps", line: 8, "no 'steps'", document(["id: T\nname: x\nlevel: must"])),
        Case("steps are not empty", line: 11, "not empty", document(["id: T\nname: x\nlevel: must\nsteps: []"])),
        Case(
            "a transport is known", line: 11, "'tcp' in 'transport'",
            document([test("T", "transport: [tcp]", steps: "  - {id: a}")])),
        Case(
            "a runner requirement is known", line: 11, "is unknown",
            document([test("T", "runner_requirements: [magic]", steps: "  - {id: a}")])),
        Case(
            "preconditions have their keys", line: 11, "unknown key 'caps'",
            document([test("T", "preconditions: {caps: {}}", steps: "  - {id: a}")])),
        Case(
            "a skill of a precondition has an id", line: 11, "no 'id'",
            document([test("T", "preconditions: {skills: [{}]}", steps: "  - {id: a}")])),
        Case(
            "test ids are unique", line: 13, "that of another test",
            document([
                test("T", steps: "  - {id: a, operation: get_agent_card, params: {}}"),
                test("T", steps: "  - {id: a, operation: get_agent_card, params: {}}"),
            ])),
        Case(
            "step ids are unique in a test", line: 13, "two steps 'a'",
            document([
                test(
                    "T",
                    steps:
                        "  - {id: a, operation: get_agent_card, params: {}}\n  - {id: a, operation: get_agent_card, params: {}}"
                )
            ])),
        Case(
            "a test of raw steps names its transport", line: 11, "must say its 'transport'",
            document([test("T", steps: "  - {id: a, raw: {method: GET, path: /}}")])),
        Case(
            "a test is for clients or for servers", line: 11, "mixes",
            document([
                test(
                    "T",
                    steps: """
                          - {id: a, operation: get_agent_card, params: {}}
                          - {id: b, client_response: {operation: get_task, wire_payload: {}}, expect_parsed: {}}
                        """)
            ])),
    ]

    static let steps = [
        Case("a step has an id", step: "{operation: get_task, params: {}}", "no 'id'"),
        Case("a step does something", step: "{id: a}", "none of operation, raw, assertion, client_response and x-tcp"),
        Case(
            "a step does one thing", step: "{id: a, operation: get_task, params: {}, raw: {method: GET, path: /}}",
            "a step has one of them"),
        Case("an operation is known", step: "{id: a, operation: get, params: {}}", "must be one of send_message"),
        Case("an operation has params", step: "{id: a, operation: get_task}", "no 'params'"),
        Case("params are a map", step: "{id: a, operation: get_task, params: [1]}", "must be a map"),
        Case(
            "keys of a step are known", step: "{id: a, operation: get_task, params: {}, expects: {}}",
            "unknown key 'expects'"),
        Case(
            "expect and expect_error exclude each other",
            step: "{id: a, operation: get_task, params: {}, expect: {}, expect_error: {error_type: TaskNotFoundError}}",
            "has expect and expect_error"),
        Case(
            "expect has its keys", step: "{id: a, operation: get_task, params: {}, expect: {task: {}}}",
            "unknown key 'task'"),
        Case("a body is a map", step: "{id: a, operation: get_task, params: {}, expect: {body: 1}}", "must be a map"),
        Case(
            "an error type is needed", step: "{id: a, operation: get_task, params: {}, expect_error: {}}",
            "no 'error_type'"),
        Case(
            "an error type is known",
            step: "{id: a, operation: get_task, params: {}, expect_error: {error_type: NotFound}}",
            "must be one of TaskNotFoundError"),
        Case(
            "only streams have expect_stream", step: "{id: a, operation: get_task, params: {}, expect_stream: {}}",
            "does not stream"),
        Case(
            "a stream has no body", step: "{id: a, operation: subscribe_to_task, params: {}, expect: {body: {}}}",
            "asserted in expect_stream"),
        Case(
            "an ordering is known",
            step: "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {ordering: any}}", "monotonic_state"
        ),
        Case(
            "counts fit together",
            step: "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {min_count: 2, max_count: 1}}",
            "larger than its 'max_count'"),
        Case(
            "a count is a whole number",
            step: "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {min_count: two}}", "whole number"),
        Case(
            "an event says something",
            step: "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {events: [{match: any_position}]}}",
            "says nothing"),
        Case(
            "an event has one payload",
            step:
                "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {events: [{task: {}, message: {}}]}}",
            "has one of them"),
        Case(
            "a position is known",
            step:
                "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {events: [{match: first, task: {}}]}}",
            "exact_position, any_position"),
        Case(
            "an index needs an exact position",
            step:
                "{id: a, operation: subscribe_to_task, params: {}, expect_stream: {events: [{match: any_position, index: 1, task: {}}]}}",
            "exact_position only"),
        Case("a capture is not empty", step: "{id: a, operation: get_task, params: {}, capture: {}}", "is empty"),
        Case("a capture is a path", step: "{id: a, operation: get_task, params: {}, capture: {x: 'a[b]'}}", "no path"),
        Case("repeat has a condition", step: "{id: a, operation: get_task, params: {}, repeat: {}}", "no 'until'"),
        Case(
            "a condition can be read",
            step: "{id: a, operation: get_task, params: {}, repeat: {until: status is done}}", "is no condition"),
        Case(
            "a list in a condition has brackets",
            step: "{id: a, operation: get_task, params: {}, repeat: {until: status in done}}", "brackets"),
        Case(
            "attempts are positive",
            step: "{id: a, operation: get_task, params: {}, repeat: {until: a == b, max_attempts: 0}}", "whole number"),
        Case(
            "a backoff is known",
            step: "{id: a, operation: get_task, params: {}, repeat: {until: a == b, backoff: square}}",
            "none, linear, exponential"),
        Case("a delay is a number", step: "{id: a, operation: get_task, params: {}, delay_ms: 1.5}", "whole number"),
        Case("a raw step has a method", step: "{id: a, raw: {path: /}}", "no 'method'"),
        Case("a method is one of four", step: "{id: a, raw: {method: PATCH, path: /}}", "GET, POST, PUT, DELETE"),
        Case("a raw step has a path", step: "{id: a, raw: {method: GET}}", "no 'path'"),
        Case(
            "a raw step has one body", step: "{id: a, raw: {method: POST, path: /, body: {}, body_raw: x}}",
            "one of them"),
        Case("headers are texts", step: "{id: a, raw: {method: GET, path: /, headers: {x: 1}}}", "must be a text"),
        Case(
            "a raw step is not repeated", step: "{id: a, raw: {method: GET, path: /}, repeat: {until: a == b}}",
            "unknown key 'repeat'"),
        Case("an assertion has a source", step: "{id: a, assertion: {any: {path: a, match: {}}}}", "no 'source'"),
        Case("a collection has a path", step: "{id: a, assertion: {source: x, any: {match: {}}}}", "no 'path'"),
        Case("a collection has a match", step: "{id: a, assertion: {source: x, any: {path: a}}}", "no 'match'"),
        Case(
            "an assertion step has no match", step: "{id: a, assertion: {source: x, match: 1}}", "unknown key 'match'"),
        Case(
            "a client step has its payload", step: "{id: a, client_response: {operation: get_task}, expect_parsed: {}}",
            "no 'wire_payload'"),
        Case(
            "a client step has expectations", step: "{id: a, client_response: {operation: get_task, wire_payload: {}}}",
            "no 'expect_parsed'"),
        Case(
            "x-await names a background step", step: "{id: a, operation: get_task, params: {}, x-await: [b]}",
            "no background step"),
        Case(
            "background steps need concurrent_streams",
            step: "{id: a, operation: subscribe_to_task, params: {}, x-background: true}", "concurrent_streams",
            line: 12),
        Case(
            "only streams run in the background", step: "{id: a, operation: get_task, params: {}, x-background: true}",
            "only a stream"),
    ]

    static let assertions = [
        ("a type is known", "{type: text}", "is unknown"),
        ("exists takes true", "{exists: false}", "only true"),
        ("absent takes true", "{absent: false}", "only true"),
        ("contains takes a text", "{contains: 1}", "takes a text"),
        ("matches takes a regular expression", "{matches: '('}", "not a regular expression"),
        ("starts_with takes a text", "{starts_with: [a]}", "takes a text"),
        ("ends_with takes a text", "{ends_with: null}", "takes a text"),
        ("gte takes a number", "{gte: a}", "takes a number"),
        ("lte takes a number", "{lte: true}", "takes a number"),
        ("gt takes a number", "{gt: '1'}", "takes a number"),
        ("lt takes a number", "{lt: {}}", "takes a number"),
        ("count takes a whole number", "{count: 1.5}", "whole number"),
        ("count_gte takes a whole number", "{count_gte: -1}", "not negative"),
        ("count_lte takes a whole number", "{count_lte: a}", "whole number"),
        ("one_of takes a list", "{one_of: a}", "must be a list"),
        ("all_of is not empty", "{all_of: []}", "not empty"),
        ("any_of takes a list", "{any_of: {}}", "must be a list"),
        ("not takes an assertion", "{not: {type: x}}", "is unknown"),
        ("a key is no path", "{'parts[0]': 1}", "is a path"),
    ].map { rule, yaml, reason in
        Case(rule, step: "{id: a, operation: get_task, params: {}, expect: {body: {member: \(yaml)}}}", reason)
    }

    @Test("is refused with its line and the reason", arguments: documents + tests + steps + assertions)
    func refused(_ one: Case) throws {
        var plan = TestPlan()
        let error = try #require(throws: DocumentError.self) { try plan.add(one.yaml, file: "suite.yaml") }
        #expect(error.reason.contains(one.reason), "\(error)")
        #expect(error.line == one.line, "\(error)")
        #expect(error.file == "suite.yaml")
        #expect(plan.suites.isEmpty)
    }

    @Test("too large, too deep and too many values are refused")
    func limits() throws {
        let deep = "a: " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(throws: DocumentError.self) { try YAMLNode(parsing: deep, file: "x") }
        // Each line names the one before it nine times: a few lines would be millions of values.
        let lines = (1...9).map {
            "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", "))]"
        }
        let bomb = "a0: &a0 [x, x, x]\n" + lines.joined(separator: "\n")
        let error = #expect(throws: DocumentError.self) { try YAMLNode(parsing: bomb, file: "x") }
        #expect(error?.reason.contains("values") ?? false, "\(error.map(\.description) ?? "")")
        let large = String(repeating: "#", count: YAMLNode.maxBytes + 1)
        #expect(throws: DocumentError.self) { try YAMLNode(parsing: large, file: "x") }
    }
}
