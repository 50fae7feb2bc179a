extension HTMLReport {
    /// What failed, a MUST first.
    var failures: String {
        let failed = self.report.results.filter { Self.kind($0) == "fail" }
        guard !failed.isEmpty else { return "" }
        let ordered = ConformanceLevel.allCases.flatMap { level in failed.filter { $0.test.level == level } }
        return "<h2 id=\"failed\">What failed <small>\(failed.count)</small></h2>\n"
            + ordered.map(self.article).joined(separator: "\n")
    }

    /// What could not be tested; the same reason is said once.
    var errors: String {
        var order: [String] = []
        var names: [String: [CaseResult]] = [:]
        for result in self.report.errors {
            let reason = result.reason ?? "?"
            if names[reason] == nil { order.append(reason) }
            names[reason, default: []].append(result)
        }
        guard !order.isEmpty else { return "" }
        let articles = order.map { reason in
            let all = names[reason] ?? []
            let trace = all.first.map(self.trace) ?? ""
            let list = all.map { "<code>\(Markup.escape($0.name))</code>" }.joined(separator: " ")
            return """
                <article class="case error"><p>\(Markup.escape(reason))</p>
                <details><summary>\(all.count) \(all.count == 1 ? "case" : "cases")</summary><p>\(list)</p></details>\(trace)</article>
                """
        }
        return "<h2 id=\"errors\">What could not be tested <small>\(self.report.errors.count)</small></h2>\n"
            + articles.joined(separator: "\n")
    }

    /// What failed and was known to; the same reason is said once.
    var known: String {
        let known = self.report.results.filter { Self.kind($0) == "known" }
        guard !known.isEmpty else { return "" }
        var order: [String] = []
        var groups: [String: [CaseResult]] = [:]
        for result in known {
            let reason = result.known ?? ""
            if groups[reason] == nil { order.append(reason) }
            groups[reason, default: []].append(result)
        }
        let items = order.map { reason in
            let all = groups[reason] ?? []
            let list = all.map { "<code id=\"\(Self.anchor($0))\">\(Markup.escape($0.name))</code>" }.joined(
                separator: " ")
            let details = all.first.map { "\(self.difference($0))\(self.trace($0))" } ?? ""
            return """
                <article class="case known"><p>\(Markup.escape(reason))</p><p class="bound">\(list)</p>
                <details><summary>what was expected, and what came</summary>\(details)</details></article>
                """
        }
        return "<h2 id=\"known\">Known to fail <small>\(known.count)</small></h2>\n" + items.joined(separator: "\n")
    }

    private func article(_ result: CaseResult) -> String {
        """
        <article class="case \(Self.kind(result))" id="\(Self.anchor(result))"><h3>\
        \(Self.level(result.test.level.rawValue.uppercased())) <code>\(Markup.escape(result.name))</code> \
        \(Markup.escape(result.test.name))</h3>
        \(self.bound(result.test))\(self.difference(result))\(self.trace(result))</article>
        """
    }

    /// What was expected and what came.
    private func difference(_ result: CaseResult) -> String {
        let failure = result.failure
        var rows: [(kind: String, name: String, text: String)] = []
        if result.outcome == .pass, let known = result.known {
            rows.append(("", "passed, though known to fail", known))
        }
        if let path = failure?.path { rows.append(("at", "at", path)) }
        if let expected = failure?.expected { rows.append(("expected", "expected", expected)) }
        if let actual = failure?.actual { rows.append(("got", "got", actual)) }
        if failure?.expected == nil, let text = failure?.message ?? result.reason { rows.append(("", "what", text)) }
        let file = result.test.file.split(separator: "/").last.map(String.init) ?? result.test.file
        let place = "\(file):\(failure?.line ?? result.test.line)" + (failure?.stepID.map { ", step \($0)" } ?? "")
        rows.append(("place", "says so", place))
        let list = rows.map { "<dt>\($0.name)</dt><dd class=\"\($0.kind)\">\(Markup.escape($0.text))</dd>" }
        return "<dl>\(list.joined())</dl>"
    }

    /// The requirements of a test, with their words.
    private func bound(_ test: Test) -> String {
        let lines = test.requirements.map { id -> String in
            guard let requirement = self.reference.requirements?[id] else { return "<code>\(Markup.escape(id))</code>" }
            return "<code>\(Markup.escape(id))</code> \(Markup.escape(requirement.text)) \(self.place(requirement))"
        }
        if !lines.isEmpty { return lines.map { "<p class=\"bound\">\($0)</p>" }.joined() }
        return test.specRef.map { "<p class=\"bound\">\(Markup.escape($0))</p>" } ?? ""
    }

    /// What went over the wire, folded.
    func trace(_ result: CaseResult) -> String {
        let steps = result.steps.filter { !$0.trace.isEmpty }
        guard !steps.isEmpty else { return "" }
        let text = steps.map { step in
            let lines = step.trace.map { entry in
                let kind = entry.mark == ">" ? "sent" : entry.mark == "<" ? "came" : "note"
                let text = entry.text.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { "\(entry.mark) \($0)" }.joined(separator: "\n")
                return "<span class=\"\(kind)\">\(Markup.escape(text))</span>"
            }
            return "<b>step \(Markup.escape(step.id)): \(step.outcome.rawValue), \(step.duration.seconds)</b>\n"
                + lines.joined(separator: "\n")
        }
        return "<details class=\"wire\"><summary>what went over the wire</summary><pre>"
            + text.joined(separator: "\n\n") + "</pre></details>"
    }
}
