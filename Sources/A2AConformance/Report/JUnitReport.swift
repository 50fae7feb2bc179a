/// The report as JUnit XML, as CI systems read it: a suite for each binding and suite of tests.
package enum JUnitReport {
    package static func xml(_ report: RunReport, strict: Bool) -> String {
        let tally = Tally(report.results)
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuites name=\"a2a-conformance\" tests=\"\(tally.total)\" failures=\"\(tally.failed)\" "
                + "errors=\"\(tally.errors)\" skipped=\"\(tally.skipped)\" time=\"\(Self.time(report.duration))\">",
        ]
        if let reason = report.unreachable {
            lines += [
                "  <testsuite name=\"discovery\" tests=\"1\" errors=\"1\">",
                "    <testcase classname=\"discovery\" name=\"the agent's card\">"
                    + "<error message=\"\(Markup.escape(reason))\"/></testcase>", "  </testsuite>",
            ]
        }
        for binding in report.bindings {
            let own = report.results.filter { $0.binding == binding }
            var seen: [String] = []
            for result in own where !seen.contains(result.suite) { seen.append(result.suite) }
            for suite in seen { lines += Self.suite(own.filter { $0.suite == suite }, "\(binding.rawValue).\(suite)") }
        }
        lines.append("</testsuites>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func suite(_ results: [CaseResult], _ name: String) -> [String] {
        let tally = Tally(results)
        let time = results.reduce(Duration.zero) { $0 + $1.duration }
        var lines = [
            "  <testsuite name=\"\(Markup.escape(name))\" tests=\"\(tally.total)\" failures=\"\(tally.failed)\" "
                + "errors=\"\(tally.errors)\" skipped=\"\(tally.skipped)\" time=\"\(Self.time(time))\">"
        ]
        for result in results {
            let head =
                "    <testcase classname=\"\(Markup.escape(name))\" "
                + "name=\"\(Markup.escape("\(result.test.id) \(result.test.name)"))\" time=\"\(Self.time(result.duration))\""
            guard let inner = Self.inner(result) else {
                lines.append(head + "/>")
                continue
            }
            lines += [head + ">", "      " + inner, "    </testcase>"]
        }
        lines.append("  </testsuite>")
        return lines
    }

    private static func inner(_ result: CaseResult) -> String? {
        switch result.outcome {
        case .pass: return nil
        case .skip: return "<skipped message=\"\(Markup.escape(result.reason ?? ""))\"/>"
        case .error: return "<error message=\"\(Markup.escape(result.reason ?? ""))\"/>"
        case .fail:
            if let known = result.known { return "<skipped message=\"known to fail: \(Markup.escape(known))\"/>" }
            let message = Markup.escape(result.failure?.message ?? "")
            let text = Markup.escape(TextReport.details(result).joined(separator: "\n"))
            return "<failure type=\"\(result.test.level.rawValue)\" message=\"\(message)\">\(text)</failure>"
        }
    }

    private static func time(_ duration: Duration) -> String {
        let milliseconds = String(duration.milliseconds % 1000)
        return "\(duration.milliseconds / 1000)." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    }
}
