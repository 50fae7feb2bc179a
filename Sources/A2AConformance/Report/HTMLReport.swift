/// The report as one page without anything from a network.
package enum HTMLReport {
    package static func html(
        _ report: RunReport, plan: TestPlan, strict: Bool, requirements: RequirementList? = nil
    )
        -> String
    {
        var parts = [Self.head(report, strict), Self.overview(report)]
        let failed = report.results.filter { $0.outcome == .fail || ($0.outcome == .pass && $0.known != nil) }
        if !failed.isEmpty {
            parts.append("<h2>What failed</h2>\n" + failed.map { Self.failure($0, strict) }.joined(separator: "\n"))
        }
        let errors = report.errors
        if !errors.isEmpty {
            parts.append(
                "<h2>What could not be tested</h2>\n" + errors.map { Self.failure($0, strict) }.joined(separator: "\n"))
        }
        parts.append("<h2>All cases</h2>")
        for suite in plan.suites {
            let own = report.results.filter { $0.suite == suite.id }
            if !own.isEmpty { parts.append(Self.suite(suite, own, report.bindings)) }
        }
        if let requirements { parts.append(Self.requirements(requirements, report, plan)) }
        parts.append("</main></body></html>\n")
        return parts.joined(separator: "\n")
    }

    // MARK: The top

    private static func head(_ report: RunReport, _ strict: Bool) -> String {
        let title = report.agent.map { "\($0.name) \($0.version)" } ?? report.url
        let (word, kind) =
            switch report.verdict(strict: strict) {
            case .conformant: ("conformant as far as tested", "pass")
            case .failed: ("not conformant", "fail")
            case .couldNotTest: ("not everything could be tested", "error")
            }
        var notes = report.notes
        if let reason = report.unreachable { notes.insert("Could not test: \(reason)", at: 0) }
        let list = notes.map { "<li>\(Markup.escape($0))</li>" }.joined()
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>A2A conformance: \(Markup.escape(title))</title>
            <style>\(HTMLStyle.css)</style></head>
            <body><main>
            <header><p class="kicker">A2A conformance</p><h1>\(Markup.escape(title))</h1>
            <p><span class="badge \(kind)">\(word)</span></p>
            <p class="meta">\(Markup.escape(report.agent?.cardURL ?? report.url)) · \
            \(ACTSReport.timestamp(report.started)) · \(report.duration.seconds)</p>
            \(list.isEmpty ? "" : "<ul class=\"notes\">\(list)</ul>")</header>
            """
    }

    private static func overview(_ report: RunReport) -> String {
        guard !report.results.isEmpty else { return "" }
        let cards = report.bindings.map { binding in
            let own = report.results.filter { $0.binding == binding }
            let rows = ConformanceLevel.allCases.compactMap { level -> String? in
                let tally = Tally(own.filter { $0.test.level == level })
                return tally.total > 0 ? Self.row(level.rawValue.uppercased(), tally) : nil
            }
            return "<section class=\"card\"><h3>\(binding.title)</h3>\(rows.joined())</section>"
        }
        return "<div class=\"cards\">\(cards.joined(separator: "\n"))</div>"
    }

    private static func row(_ name: String, _ tally: Tally) -> String {
        let parts = [
            (tally.passed, "pass"), (tally.failed, "fail"), (tally.errors, "error"), (tally.skipped, "skip"),
        ].filter { $0.0 > 0 }
        let bar = parts.map { "<i class=\"\($0.1)\" style=\"flex:\($0.0)\"></i>" }.joined()
        return """
            <div class="level"><b>\(name)</b><span>\(Markup.escape(TextReport.line(tally)))</span></div>\
            <div class="bar" role="img" aria-label="\(Markup.escape(TextReport.line(tally)))">\(bar)</div>
            """
    }

    // MARK: Cases

    private static func failure(_ result: CaseResult, _ strict: Bool) -> String {
        let failure = result.failure
        var rows: [(String, String)] = []
        if let path = failure?.path { rows.append(("at", path)) }
        if let expected = failure?.expected { rows.append(("expected", expected)) }
        if let actual = failure?.actual { rows.append(("got", actual)) }
        if rows.isEmpty { rows.append(("what", failure?.message ?? result.reason ?? "it passed")) }
        if let known = result.known { rows.append(("known to fail", known)) }
        if let step = failure?.stepID { rows.append(("step", step)) }
        if !result.test.requirements.isEmpty {
            rows.append(("requirement", result.test.requirements.joined(separator: ", ")))
        }
        if let read = result.test.specRef { rows.append(("read", read)) }
        let list = rows.map { "<dt>\($0.0)</dt><dd>\(Markup.escape($0.1))</dd>" }.joined()
        return """
            <article class="case \(Self.kind(result))"><h3><code>\(Markup.escape(result.name))</code> \
            <span class="lvl">\(result.test.level.rawValue.uppercased())</span> \(Markup.escape(result.test.name))</h3>
            <dl>\(list)</dl>\(Self.trace(result))</article>
            """
    }

    private static func trace(_ result: CaseResult) -> String {
        let steps = result.steps.filter { !$0.trace.isEmpty }
        guard !steps.isEmpty else { return "" }
        let text = steps.map { step in
            let lines = step.trace.map { entry in
                entry.text.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { "\(entry.mark) \($0)" }.joined(separator: "\n")
            }
            return "— \(step.id): \(step.outcome.rawValue), \(step.duration.seconds)\n" + lines.joined(separator: "\n")
        }
        let body = Markup.escape(text.joined(separator: "\n\n"))
        return "<details><summary>what went over the wire</summary><pre>\(body)</pre></details>"
    }

    private static func suite(_ suite: Suite, _ results: [CaseResult], _ bindings: [TransportBinding]) -> String {
        var order: [String] = []
        var byTest: [String: [CaseResult]] = [:]
        for result in results {
            if byTest[result.test.id] == nil { order.append(result.test.id) }
            byTest[result.test.id, default: []].append(result)
        }
        let head = bindings.map { "<th>\($0.title)</th>" }.joined()
        let rows = order.compactMap { id -> String? in
            guard let all = byTest[id], let test = all.first?.test else { return nil }
            let cells = bindings.map { binding in
                Self.cell(all.first { $0.binding == binding })
            }.joined()
            return """
                <tr><td><code>\(Markup.escape(id))</code></td><td class="lvl">\(test.level.rawValue.uppercased())</td>\
                <td>\(Markup.escape(test.name))</td>\(cells)</tr>
                """
        }
        return """
            <h3>\(Markup.escape(suite.name))</h3>
            <table><thead><tr><th>case</th><th>level</th><th></th>\(head)</tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table>
            """
    }

    private static func cell(_ result: CaseResult?) -> String {
        guard let result else { return "<td></td>" }
        let title = Markup.escape(result.reason ?? result.failure?.message ?? result.duration.seconds)
        return "<td class=\"mark \(Self.kind(result))\" title=\"\(title)\">\(Self.sign(result))</td>"
    }

    private static func kind(_ result: CaseResult) -> String {
        result.known != nil && result.outcome == .fail ? "known" : result.outcome.rawValue
    }

    private static func sign(_ result: CaseResult) -> String {
        switch result.outcome {
        case .pass: "✓"
        case .fail: result.known == nil ? "✗" : "(✗)"
        case .skip: "–"
        case .error: "!"
        }
    }

    // MARK: Requirements

    private static func requirements(_ list: RequirementList, _ report: RunReport, _ plan: TestPlan) -> String {
        let coverage = Coverage(list, plan)
        let rows = coverage.rows.filter { !$0.tests.isEmpty }.map { row -> String in
            let own = report.results.filter { row.tests.contains($0.test.id) }
            let tally = Tally(own)
            let kind =
                tally.failed > 0 ? "fail" : tally.errors > 0 ? "error" : tally.passed > 0 ? "pass" : "skip"
            let sign = ["fail": "✗", "error": "!", "pass": "✓", "skip": "–"][kind] ?? ""
            return """
                <tr><td><code>\(Markup.escape(row.requirement.id))</code></td>\
                <td class="lvl">\(Markup.escape(row.requirement.level))</td>\
                <td><details><summary>\(Markup.escape(row.requirement.text))</summary>\
                <p>\(Markup.escape(row.requirement.place)): \(Markup.escape(row.tests.joined(separator: ", ")))</p></details></td>\
                <td class="mark \(kind)">\(sign)</td></tr>
                """
        }
        guard !rows.isEmpty else { return "" }
        return """
            <h2>Requirements</h2><p class="meta">\(Markup.escape(coverage.summary))</p>
            <table><thead><tr><th>requirement</th><th>level</th><th></th><th></th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table>
            """
    }
}
