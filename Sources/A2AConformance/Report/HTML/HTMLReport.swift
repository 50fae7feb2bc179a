/// The report as one page without anything from a network: no style, script, font or picture comes from elsewhere, and the page's own
/// policy forbids it. Without its script everything is there; with it, lists can be filtered.
package struct HTMLReport {
    let report: RunReport
    let plan: TestPlan
    let strict: Bool
    let reference: Reference
    let bindings: [TransportBinding]
    /// The results of each test, by its id.
    let results: [String: [TransportBinding: CaseResult]]

    package static func html(
        _ report: RunReport, plan: TestPlan, strict: Bool, reference: Reference = Reference()
    ) -> String {
        Self(report, plan, strict, reference).page
    }

    private init(_ report: RunReport, _ plan: TestPlan, _ strict: Bool, _ reference: Reference) {
        self.report = report
        self.plan = plan
        self.strict = strict
        self.reference = reference
        self.bindings = report.bindings
        var results: [String: [TransportBinding: CaseResult]] = [:]
        for result in report.results { results[result.test.id, default: [:]][result.binding] = result }
        self.results = results
    }

    var title: String { self.report.agent.map { String("\($0.name) \($0.version)".trimmed) } ?? self.report.url }

    private var page: String {
        let evidence = self.reference.requirements.map { Evidence($0, self.plan, self.report) }
        var parts = [self.head, self.hero, self.overview]
        if let evidence { parts.append(self.coverage(evidence)) }
        parts += [self.failures, self.errors, self.known]
        if let evidence { parts.append(self.requirements(evidence)) }
        parts += [self.cases, self.foot]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    // MARK: The frame

    private var head: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
        script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
        <meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
        <title>A2A conformance: \(Markup.escape(self.title))</title>
        <style>\(HTMLStyle.css)</style></head>
        <body><main>
        """
    }

    private var foot: String {
        """
        <footer>a2a-conformance of swift-a2a · A2A \(Markup.escape(self.plan.suites.first?.specVersion ?? "1.0")) · \
        \(self.plan.suites.count) suites, \(self.plan.suites.map(\.tests.count).reduce(0, +)) tests</footer>
        </main><script>\(HTMLScript.js)</script></body></html>

        """
    }

    // MARK: What many parts need

    /// How a result looks.
    static func kind(_ result: CaseResult) -> String {
        guard result.known != nil else { return result.outcome.rawValue }
        return result.outcome == .pass ? "fail" : result.outcome == .fail ? "known" : result.outcome.rawValue
    }

    static func sign(_ kind: String) -> String {
        switch kind {
        case "pass": "✓"
        case "fail": "✗"
        case "known": "(✗)"
        case "error": "!"
        case "skip": "–"
        default: ""
        }
    }

    /// A mark for each binding, in the order of the columns; empty where there is nothing.
    func marks(_ kinds: [(kind: String, title: String)?]) -> String {
        let cells = kinds.map { one in
            one.map { "<i class=\"\($0.kind)\" title=\"\(Markup.escape($0.title))\">\(Self.sign($0.kind))</i>" }
                ?? "<i></i>"
        }
        return "<span class=\"marks\">\(cells.joined())</span>"
    }

    /// The names of the columns of ``marks(_:)``.
    var columns: String {
        "<div class=\"columns\" aria-hidden=\"true\"><span class=\"marks\">"
            + self.bindings.map { "<i>\($0.title)</i>" }.joined() + "</span></div>"
    }

    static func level(_ level: String) -> String {
        let kind = level.lowercased().prefix { $0 != " " }
        return "<span class=\"level \(kind)\">\(Markup.escape(level))</span>"
    }

    /// The name of a failure's place on the page.
    static func anchor(_ result: CaseResult) -> String {
        "case-" + result.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
    }

    func place(_ requirement: Requirement) -> String {
        let text = Markup.escape(requirement.place)
        guard let address = self.reference.links.address(requirement) else { return text }
        return "<a href=\"\(Markup.escape(address))\" rel=\"noreferrer\">\(text)</a>"
    }
}
