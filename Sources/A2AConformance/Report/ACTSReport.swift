#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The report in the form of ACTS §13: one for each binding, since the form has room for one.
package struct ACTSReport: Sendable {
    package let binding: TransportBinding
    package let json: JSONValue

    package init(_ report: RunReport, binding: TransportBinding, plan: TestPlan) {
        self.binding = binding
        let results = report.results.filter { $0.binding == binding }
        let first = plan.suites.first
        // TCP is no word of ACTS.
        let transport = binding == .tcp ? "x-tcp" : binding.rawValue
        self.json = [
            "acts_version": .string(first?.actsVersion ?? "1.0"),
            "spec_version": .string(first?.specVersion ?? "1.0"),
            "generated_at": .string(Self.timestamp(report.started)),
            "sdk": [
                "name": .string(report.software.name ?? report.agent?.name ?? "unknown"),
                "version": .string(report.software.version ?? report.agent?.version ?? "unknown"),
                "language": .string(report.software.language ?? "unknown"),
            ],
            "transport": .string(transport),
            "environment": ["runner": "swift-a2a a2a-conformance", "url": .string(report.url)],
            "summary": Self.summary(results, report.duration),
            "suites": .array(Self.suites(results, plan)),
        ]
    }

    /// What came of the tests of a report that was written as a file.
    ///
    /// - Throws: A text that says why it is none.
    package static func outcomes(parsing text: String) throws -> [(test: String, outcome: Outcome)] {
        let json = try JSONValue(parsing: Array(text.utf8))
        guard let suites = json["suites"]?.elements, json["acts_version"] != nil else {
            throw Malformed(description: "it has no acts_version or no suites")
        }
        return try suites.flatMap { suite in
            try (suite["tests"]?.elements ?? []).map { test in
                guard let id = test["id"]?.string, let outcome = test["result"]?.string.flatMap(Outcome.init) else {
                    throw Malformed(description: "a test has no id, or a result that is not pass, fail, skip or error")
                }
                return (id, outcome)
            }
        }
    }

    /// Why a file is no report.
    private struct Malformed: Error, CustomStringConvertible { let description: String }

    /// The name that a file of it should have (ACTS §13.5).
    package static func fileName(_ report: RunReport, binding: TransportBinding) -> String {
        let name = (report.agent?.name ?? "unknown").lowercased()
            .map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
        let time = Self.timestamp(report.started).filter { $0 != "-" && $0 != ":" }
        return "acts-report-\(name)-\(binding.rawValue)-\(time).json"
    }

    static func timestamp(_ date: Date) -> String { date.formatted(.iso8601) }

    private static func summary(_ results: [CaseResult], _ duration: Duration) -> JSONValue {
        var summary = Self.tally(results)
        summary["duration_ms"] = .integer(Int64(duration.milliseconds))
        var levels: [String: JSONValue] = [:]
        for level in ConformanceLevel.allCases {
            levels[level.rawValue] = .object(Self.tally(results.filter { $0.test.level == level }))
        }
        summary["by_level"] = .object(levels)
        return .object(summary)
    }

    private static func tally(_ results: [CaseResult]) -> [String: JSONValue] {
        let tally = Tally(results)
        return [
            "total": .integer(Int64(tally.total)), "passed": .integer(Int64(tally.passed)),
            "failed": .integer(Int64(tally.failed)), "skipped": .integer(Int64(tally.skipped)),
            "errors": .integer(Int64(tally.errors)),
        ]
    }

    private static func suites(_ results: [CaseResult], _ plan: TestPlan) -> [JSONValue] {
        plan.suites.compactMap { suite in
            let own = results.filter { $0.suite == suite.id }
            guard !own.isEmpty else { return nil }
            return [
                "id": .string(suite.id), "name": .string(suite.name), "tests": .array(own.map(Self.test)),
            ]
        }
    }

    private static func test(_ result: CaseResult) -> JSONValue {
        var test: [String: JSONValue] = [
            "id": .string(result.test.id), "name": .string(result.test.name),
            "level": .string(result.test.level.rawValue), "result": .string(result.outcome.rawValue),
            "duration_ms": .integer(Int64(result.duration.milliseconds)),
        ]
        switch result.outcome {
        case .skip: test["skip_reason"] = result.reason.map(JSONValue.string)
        case .error: test["failure"] = ["message": .string(result.reason ?? "it could not be tested")]
        default: break
        }
        if let failure = result.failure { test["failure"] = Self.failure(failure) }
        if !result.steps.isEmpty {
            test["steps"] = .array(
                result.steps.map { step in
                    var json: JSONValue = [
                        "id": .string(step.id), "result": .string(step.outcome.rawValue),
                        "duration_ms": .integer(Int64(step.duration.milliseconds)),
                    ]
                    if let failure = step.failure { json["failure"] = Self.failure(failure) }
                    return json
                })
        }
        return .object(test)
    }

    private static func failure(_ failure: Failure) -> JSONValue {
        var json: [String: JSONValue] = ["message": .string(failure.message)]
        json["step_id"] = failure.stepID.map(JSONValue.string)
        json["expected"] = failure.expected.map(JSONValue.string)
        json["actual"] = failure.actual.map(JSONValue.string)
        json["assertion_path"] = failure.path.map(JSONValue.string)
        return .object(json)
    }
}
