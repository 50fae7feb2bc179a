extension HTMLReport {
    // MARK: Requirements

    /// Each requirement with its cases, by chapters.
    func requirements(_ evidence: Evidence) -> String {
        let sources = evidence.sources.filter { source in
            evidence.rows.contains {
                $0.requirement.source == source && ($0.standing == .held || $0.standing == .failed)
            }
        }
        let chapters = sources.flatMap { source -> [String] in
            let rows = evidence.rows.filter { $0.requirement.source == source }
            var names: [String] = []
            for row in rows where !names.contains(row.requirement.chapter) { names.append(row.requirement.chapter) }
            return names.map { name in
                self.chapter(source, name, rows.filter { $0.requirement.chapter == name })
            }
        }
        guard !chapters.isEmpty else { return "" }
        return """
            <h2 id="requirements">Requirements</h2>
            <form class="filter" hidden><input type="search" placeholder="Filter by id or words" aria-label="Filter by id or words">\
            <button type="button" data-standing="failed" aria-pressed="false">failed</button>\
            <button type="button" data-standing="held" aria-pressed="false">held</button>\
            <button type="button" data-standing="untested" aria-pressed="false">not tested here</button>\
            <button type="button" data-standing="gap" aria-pressed="false">without a case</button>\
            <button type="button" data-level="must" aria-pressed="false">MUST only</button>\
            <button type="button" data-fold>open all</button><output></output></form>
            \(chapters.joined(separator: "\n"))
            """
    }

    private func chapter(_ source: String, _ name: String, _ rows: [Evidence.Row]) -> String {
        let counts = Evidence.Standing.allCases.map { standing in
            (Self.kind(standing), rows.count { $0.standing == standing })
        }
        let held = rows.count { $0.standing == .held }
        let isBroken = rows.contains { row in
            row.tests.contains { id in self.results[id]?.values.contains { Self.kind($0) == "fail" } ?? false }
        }
        return """
            <details class="chapter list"\(isBroken ? " open" : "")><summary><b>\(Self.document(source)) §\(Markup.escape(name))\(Markup.escape(self.heading(source, name)))</b>\
            \(Self.bar(counts, Markup.escape(Evidence.line(rows))))<span class="count">\(held) of \(rows.count)</span></summary>
            \(self.columns)\(rows.map(self.requirement).joined(separator: "\n"))</details>
            """
    }

    private func heading(_ source: String, _ chapter: String) -> String {
        self.reference.links.title(source: source, chapter: chapter).map { "  \($0)" } ?? ""
    }

    private func requirement(_ row: Evidence.Row) -> String {
        let requirement = row.requirement
        let marks = self.bindings.map { binding -> (kind: String, title: String)? in
            let kinds = row.tests.compactMap { self.results[$0]?[binding].map(Self.kind) }
            let kind = ["fail", "known", "error", "pass", "skip"].first { kinds.contains($0) }
            return kind.map { ($0, "\(binding.title): \(kinds.count { $0 == "pass" }) of \(kinds.count) passed") }
        }
        let cases = row.tests.map { id in
            let results = self.bindings.compactMap { self.results[id]?[$0] }
            return self.line(id, results)
        }
        let none = row.tests.isEmpty ? "<p class=\"why\">There is no case yet.</p>" : ""
        return """
            <details class="item" data-standing="\(row.standing.rawValue)" data-level="\(requirement.conformanceLevel.rawValue)">\
            <summary><code>\(Markup.escape(requirement.id))</code>\(Self.level(requirement.level))\
            <span class="text">\(Markup.escape(requirement.text))</span>\(self.marks(marks))</summary>
            <div class="inside"><p class="why">\(self.place(requirement))</p>\(none)\(cases.joined())</div></details>
            """
    }

    /// A case with its marks, and why it failed, was skipped or could not be tested.
    private func line(_ id: String, _ results: [CaseResult]) -> String {
        let name = results.first?.test.name ?? ""
        var reasons: [String] = []
        for result in results {
            let reason: String? =
                switch Self.kind(result) {
                case "fail", "known":
                    "<a href=\"#\(Self.anchor(result))\">\(result.binding.title): "
                        + "\(Markup.escape(result.failure?.message ?? "it passed"))</a>"
                case "pass": nil
                default: result.reason.map { "\(Markup.escape($0))" }
                }
            if let reason, !reasons.contains(reason) { reasons.append(reason) }
        }
        let marks = self.marks(
            self.bindings.map { binding in
                results.first { $0.binding == binding }.map { result in
                    (
                        Self.kind(result),
                        "\(binding.title): \(result.reason ?? result.failure?.message ?? result.duration.seconds)"
                    )
                }
            })
        return """
            <div class="line"><code>\(Markup.escape(id))</code><span class="text">\(Markup.escape(name))\
            \(reasons.map { "<small>\($0)</small>" }.joined())</span>\(marks)</div>
            """
    }

    // MARK: Cases

    /// All cases, by suites.
    var cases: String {
        guard !self.report.results.isEmpty else { return "" }
        let suites = self.plan.suites.compactMap { suite -> String? in
            let own = suite.tests.filter { self.results[$0.id] != nil }
            guard !own.isEmpty else { return nil }
            let results = own.flatMap { test in self.bindings.compactMap { self.results[test.id]?[$0] } }
            let kinds = ["pass", "fail", "known", "error", "skip"]
            let counts = kinds.map { kind in (kind, results.count { Self.kind($0) == kind }) }
            let lines = own.map { test in
                self.line(test.id, self.bindings.compactMap { self.results[test.id]?[$0] })
            }
            return """
                <details class="chapter"><summary><b>\(Markup.escape(suite.name))</b>\
                \(Self.bar(counts, Markup.escape(TextReport.line(Tally(results)))))\
                <span class="count">\(own.count) \(own.count == 1 ? "case" : "cases")</span></summary>
                \(self.columns)\(lines.joined(separator: "\n"))</details>
                """
        }
        return "<h2 id=\"cases\">Cases</h2>\n" + suites.joined(separator: "\n")
    }
}
