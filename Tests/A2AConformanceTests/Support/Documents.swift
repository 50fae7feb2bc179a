@testable import A2AConformance

/// A document with one suite of these tests, each given as the lines of its map.
func document(_ tests: [String], variables: String = "") -> String {
    let items = tests.map { test in
        let lines = test.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().map { ($0.offset == 0 ? "      - " : "        ") + $0.element }.joined(
            separator: "\n")
    }
    return """
        acts_version: "0.1"
        spec_version: "1.0"
        \(variables)
        suites:
          - id: suite
            name: A suite
            tests:
        \(items.joined(separator: "\n"))
        """
}

/// A test with these steps, in flow style.
func test(_ id: String = "T-1", level: String = "must", _ more: String = "", steps: String) -> String {
    let lines = ["id: \(id)", "name: A test", "level: \(level)"] + (more.isEmpty ? [] : [more])
    return (lines + ["steps:"]).joined(separator: "\n") + "\n" + steps
}

/// The plan of one document.
func plan(_ tests: [String], variables: String = "") throws -> TestPlan {
    var plan = TestPlan()
    try plan.add(document(tests, variables: variables), file: "suite.yaml")
    return plan
}

/// An assertion given as YAML.
func assertion(_ yaml: String) throws -> Assertion {
    try Assertion(try YAMLNode(parsing: yaml, file: "a.yaml"), file: "a.yaml")
}

/// JSON given as text.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }
