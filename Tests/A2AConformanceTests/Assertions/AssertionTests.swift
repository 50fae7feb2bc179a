import Testing

@testable import A2AConformance

/// The assertion language of ACTS §5, operator by operator: what holds and what does not.
@Suite("Assertions")
struct AssertionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var assertion: String
        /// `nil` for a value that is not there.
        var value: String?
        var holds: Bool

        var testDescription: String { "\(self.assertion) of \(self.value ?? "nothing")" }
    }

    private static func rows(_ assertion: String, holds: [String?], fails: [String?]) -> [Row] {
        holds.map { Row(assertion: assertion, value: $0, holds: true) }
            + fails.map { Row(assertion: assertion, value: $0, holds: false) }
    }

    static let table: [Row] =
        rows("a", holds: [#""a""#], fails: [#""b""#, "1", "null", nil])
        + rows("1", holds: ["1", "1.0"], fails: ["2", #""1""#, nil])
        + rows("1.5", holds: ["1.5"], fails: ["1"])
        + rows("true", holds: ["true"], fails: ["false", "1", #""true""#])
        + rows("null", holds: ["null"], fails: ["0", nil])
        + rows("{type: string}", holds: [#""""#], fails: ["1", nil])
        + rows("{type: number}", holds: ["1", "1.5"], fails: [#""1""#])
        + rows("{type: boolean}", holds: ["false"], fails: ["0"])
        + rows("{type: array}", holds: ["[]"], fails: ["{}"])
        + rows("{type: object}", holds: ["{}"], fails: ["[]"])
        + rows("{type: 'null'}", holds: ["null"], fails: ["0", nil])
        + rows("{exists: true}", holds: ["1", "null"], fails: [nil])
        + rows("{absent: true}", holds: [nil], fails: ["1", "null"])
        + rows("{contains: ell}", holds: [#""hello""#], fails: [#""help""#, "1", nil])
        + rows("{matches: '^a+$'}", holds: [#""aaa""#], fails: [#""aab""#, "1", nil])
        + rows("{matches: 'b'}", holds: [#""abc""#], fails: [#""ac""#])
        + rows(#"{matches: '^\d{4}-\d{2}'}"#, holds: [#""2026-11""#], fails: [#""26-11""#])
        + rows("{starts_with: he}", holds: [#""hello""#], fails: [#""she""#, nil])
        + rows("{ends_with: Z}", holds: [#""12Z""#], fails: [#""12""#, nil])
        + rows("{gte: 2}", holds: ["2", "2.5"], fails: ["1.9", #""3""#, nil])
        + rows("{lte: 2}", holds: ["2", "1"], fails: ["2.1"])
        + rows("{gt: 2}", holds: ["3"], fails: ["2"])
        + rows("{lt: 2}", holds: ["1"], fails: ["2"])
        + rows("{gt: 1, lt: 3}", holds: ["2"], fails: ["1", "3"])
        + rows("{count: 2}", holds: ["[1,2]"], fails: ["[1]", #""ab""#, nil])
        + rows("{count_gte: 1}", holds: ["[1]", "[1,2]"], fails: ["[]"])
        + rows("{count_lte: 1}", holds: ["[]", "[1]"], fails: ["[1,2]"])
        + rows("{one_of: [a, 1, null]}", holds: [#""a""#, "1", "null"], fails: [#""b""#, nil])
        + rows("{one_of: [{a: 1}, {b: 2}]}", holds: [#"{"a":1,"c":3}"#, #"{"b":2}"#], fails: [#"{"a":2}"#])
        + rows("{all_of: [{starts_with: a}, {ends_with: z}]}", holds: [#""abz""#], fails: [#""ab""#])
        + rows("{any_of: [{type: string}, {gte: 5}]}", holds: [#""x""#, "5"], fails: ["4"])
        + rows("{any_of: [{absent: true}, {count: 0}]}", holds: [nil, "[]"], fails: ["[1]"])
        + rows("{not: a}", holds: [#""b""#, nil], fails: [#""a""#])
        + rows("{not: {exists: true}}", holds: [nil], fails: ["1"])
        + rows("{a: {b: 1}}", holds: [#"{"a":{"b":1,"c":2},"d":3}"#], fails: [#"{"a":{}}"#, #"{"b":1}"#, "1", nil])
        + rows("{a: {absent: true}}", holds: ["{}", nil], fails: [#"{"a":null}"#, "1"])
        + rows("{}", holds: ["{}", #"{"a":1}"#], fails: ["1"])
        + rows("[a, {type: number}]", holds: [#"["a",1]"#, #"["a",1,2]"#], fails: [#"["a"]"#, #"[1,"a"]"#, "{}"])
        + rows("[]", holds: ["[]"], fails: ["[1]", nil])
        + rows("{type: object, a: 1}", holds: [#"{"a":1}"#], fails: [#"{"a":2}"#, "[]"])
        + rows(
            "{x-fields: {type: basic, count: 1}}", holds: [#"{"type":"basic","count":1}"#], fails: [#"{"type":"b"}"#])
        + rows("{x-note: ignored, a: 1}", holds: [#"{"a":1}"#], fails: ["{}"])

    @Test("hold, or say what is different", arguments: table)
    func holds(_ row: Row) throws {
        let assertion = try assertion(row.assertion)
        let value = try row.value.map(json)
        let mismatch = try assertion.check(value) { .string($0) }
        #expect((mismatch == nil) == row.holds, "\(mismatch.map { "\($0)" } ?? "it holds")")
    }

    @Test("name the place, what was expected and what came")
    func place() throws {
        let value = try json(#"{"task":{"artifacts":[{"parts":[{"text":"a"},{"text":1}]}]}}"#)
        let assertion = try assertion("{task: {artifacts: [{parts: [{text: a}, {text: {type: string}}]}]}}")
        #expect(
            try assertion.check(value) { .string($0) }
                == Mismatch(
                    path: "task.artifacts[0].parts[1].text", expected: "a value of type string", actual: "1"))
    }

    @Test("take variables in values and in operators")
    func variables() throws {
        var variables = Variables(document: ["x": "abc", "n": "b"])
        variables.steps["s"] = StepRecord(response: nil, captured: ["number": 7])
        #expect(try assertion("'{{x}}'").check("abc", variables.resolve) == nil)
        #expect(try assertion("'{{s.number}}'").check(7, variables.resolve) == nil)
        #expect(try assertion("{contains: '{{n}}'}").check("abc", variables.resolve) == nil)
        #expect(try assertion("{matches: '^{{x}}$'}").check("abc", variables.resolve) == nil)
        #expect(throws: UnresolvedVariable.self) { try assertion("'{{y}}'").check("abc", variables.resolve) }
    }

    // MARK: Collections (§5.5)

    private func named(_ yaml: String) throws -> NamedAssertion {
        try NamedAssertion(try YAMLNode(parsing: yaml, file: "x"), "it", file: "x")
    }

    @Test(
        "any, all and none speak of every element at a path",
        arguments: [
            ("{source: s, any: {path: 'a[*].b', match: {c: 1}}}", true),
            ("{source: s, any: {path: 'a[*].b', match: {c: 9}}}", false),
            ("{source: s, any: {path: 'nothing[*]', match: {c: 1}}}", false),
            ("{source: s, all: {path: 'a[*].b', match: {c: {type: number}}}}", true),
            ("{source: s, all: {path: 'a[*].b', match: {c: 1}}}", false),
            ("{source: s, all: {path: 'nothing[*]', match: {c: 1}}}", true),
            ("{source: s, none: {path: 'a[*].b', match: {c: 9}}}", true),
            ("{source: s, none: {path: 'a[*].b', match: {c: 2}}}", false),
            ("{source: s, any: {path: a, match: {b: {c: 2}}}}", true),
            ("{source: s, path: 'a[1].b', match: {c: 2}}", true),
            ("{source: s, path: 'a[1].b', match: {c: 1}}", false),
            ("{source: s, path: 'a[7].b', match: {c: 1}}", false),
            ("{source: s, path: 'a[7].b', match: {absent: true}}", true),
            ("{source: s, path: 'nothing'}", false),
            ("{source: s, any: {path: 'a[*].b', match: {c: 1}}, none: {path: 'a[*].b', match: {c: 2}}}", false),
        ])
    func collections(_ yaml: String, _ holds: Bool) throws {
        let value = try json(#"{"a":[{"b":{"c":1}},{"b":{"c":2}}]}"#)
        let mismatch = try self.named(yaml).check(value) { .string($0) }
        #expect((mismatch == nil) == holds)
    }

    // MARK: Conditions (§9.1)

    @Test(
        "conditions compare a path with values",
        arguments: [
            ("status.state == A", true), ("status.state == B", false), ("status.state == 'A'", true),
            ("status.state != B", true), ("status.state != A", false), ("status.state in [A, B]", true),
            ("status.state in [B,C]", false), ("n == 3", true), ("n in [1, 3]", true), ("b == true", true),
            ("nothing == A", false), ("nothing != A", false), ("list[1] == \"y\"", true),
        ])
    func conditions(_ text: String, _ holds: Bool) throws {
        let value = try json(#"{"status":{"state":"A"},"n":3,"b":true,"list":["x","y"]}"#)
        #expect(try Condition(text).holds(value) { .string($0) } == holds)
    }

    // MARK: Paths (§5.2)

    @Test("paths find members, elements and every element")
    func paths() throws {
        let value = try json(#"{"a":[{"b":1},{"b":2}],"c-d":{"e":null}}"#)
        #expect(try JSONPath("a[*].b").find(in: value).map(\.value) == [1, 2])
        #expect(try JSONPath("a[*].b").find(in: value).map(\.path) == ["a[0].b", "a[1].b"])
        #expect(try JSONPath("a[1].b").first(in: value) == 2)
        #expect(try JSONPath("c-d.e").first(in: value) == .null)
        #expect(try JSONPath("a[9]").first(in: value) == nil)
        for wrong in ["", ".a", "a..b", "a[", "a[x]", "a[-1]", "a[0]b"] {
            #expect(throws: JSONPath.Malformed.self, "\(wrong)") { try JSONPath(wrong) }
        }
    }
}
