extension HTMLReport {
    // MARK: The top

    var hero: String {
        let (word, kind, line): (String, String, String) =
            switch self.report.verdict(strict: self.strict) {
            case .conformant where self.report.results.contains { $0.outcome == .fail && $0.known != nil }:
                ("No failure that was not known", "known", self.conformantLine)
            case .conformant: ("Conformant, as far as tested", "pass", self.conformantLine)
            case .failed: ("Not conformant", "fail", self.failedLine)
            case .couldNotTest: ("Not everything could be tested", "error", "See below what, and why.")
            }
        var facts: [(String, String)] = [
            ("card", self.report.agent?.cardURL ?? self.report.url),
            (
                "tested",
                ACTSReport.timestamp(self.report.started).replacing("T", with: " ").replacing("Z", with: " UTC")
            ),
            ("took", self.report.duration.seconds),
        ]
        let software = self.report.software
        let made = [software.name, software.version].compactMap(\.self).joined(separator: " ")
        let with = made + (software.language.map { made.isEmpty ? $0 : " (\($0))" } ?? "")
        if !with.isEmpty { facts.append(("made with", with)) }
        if !self.bindings.isEmpty { facts.append(("bindings", self.bindings.map(\.title).joined(separator: ", "))) }
        let list = facts.map { "<dt>\($0.0)</dt><dd>\(Markup.escape($0.1))</dd>" }.joined()
        return """
            <header><p class="kicker">A2A conformance report</p><h1>\(Markup.escape(self.title))</h1>
            <div class="verdict \(kind)"><b>\(Self.sign(kind))</b><div><strong>\(word)</strong><span>\(line)</span></div></div>
            <dl class="facts">\(list)</dl>
            \(self.notes)</header>
            """
    }

    private var conformantLine: String {
        let warnings = Set(self.report.results.filter { $0.outcome == .fail && $0.known == nil }.map(\.test.id)).count
        let known = Set(self.report.results.filter { $0.outcome == .fail && $0.known != nil }.map(\.test.id)).count
        var parts = ["No MUST that was tested is broken"]
        if warnings > 0 { parts.append("\(warnings) below MUST \(warnings == 1 ? "is" : "are")") }
        if known > 0 { parts[0] += ", beside \(known) known to be" }
        return parts.joined(separator: "; ") + "."
    }

    private var failedLine: String {
        let failures = Set(self.report.failures(strict: self.strict).map(\.test.id)).count
        let passes = self.report.unexpectedPasses.count
        var parts: [String] = []
        if failures > 0 { parts.append("\(failures) \(failures == 1 ? "case" : "cases") failed") }
        if passes > 0 { parts.append("\(passes) passed though known to fail") }
        return parts.joined(separator: ", ") + "."
    }

    private var notes: String {
        var notes = self.report.notes
        if let reason = self.report.unreachable { notes.insert("Could not test: \(reason)", at: 0) }
        guard !notes.isEmpty else { return "" }
        return "<ul class=\"notes\">\(notes.map { "<li>\(Markup.escape($0))</li>" }.joined())</ul>"
    }

    // MARK: Levels and bindings

    var overview: String {
        guard !self.report.results.isEmpty else { return "" }
        let cards = self.bindings.map { binding in
            let own = self.report.results.filter { $0.binding == binding }
            let rows = ConformanceLevel.allCases.compactMap { level -> String? in
                let results = own.filter { $0.test.level == level }
                return results.isEmpty ? nil : self.row(level.rawValue.uppercased(), results)
            }
            return "<section class=\"card\"><h3>\(binding.title)</h3>\(rows.joined())</section>"
        }
        return """
            <h2>Levels and bindings</h2>
            <div class="cards">\(cards.joined(separator: "\n"))</div>
            \(Self.legend([("pass", "passed"), ("fail", "failed"), ("known", "known to fail"), ("error", "could not be tested"), ("skip", "does not apply")]))
            """
    }

    private func row(_ name: String, _ results: [CaseResult]) -> String {
        let kinds = ["pass", "fail", "known", "error", "skip"]
        let counts = kinds.map { kind in (kind, results.count { Self.kind($0) == kind }) }
        let applied = results.count { $0.outcome != .skip }
        let passed = counts[0].1
        let words = [(1, "failed"), (2, "known"), (3, "not tested")].compactMap { index, word -> String? in
            counts[index].1 > 0 ? "<em class=\"\(kinds[index])\">\(counts[index].1) \(word)</em>" : nil
        }
        let text = (["<b>\(passed)</b> of \(applied)"] + words).joined(separator: " · ")
        return """
            <div class="row"><span>\(name)</span><span>\(text)</span></div>\(Self.bar(counts, Markup.escape(TextReport.line(Tally(results)))))
            """
    }

    static func bar(_ counts: [(String, Int)], _ label: String) -> String {
        let parts = counts.filter { $0.1 > 0 }.map { "<i class=\"\($0.0)\" style=\"flex:\($0.1)\"></i>" }.joined()
        return "<div class=\"bar\" role=\"img\" aria-label=\"\(label)\">\(parts)</div>"
    }

    static func legend(_ entries: [(String, String)]) -> String {
        "<p class=\"legend\">" + entries.map { "<span><i class=\"\($0.0)\"></i>\($0.1)</span>" }.joined() + "</p>"
    }

    // MARK: Coverage

    func coverage(_ evidence: Evidence) -> String {
        let cards = evidence.sources.compactMap { source -> String? in
            let rows = ConformanceLevel.allCases.compactMap { level -> String? in
                let rows = evidence.rows(source: source, level: level)
                guard rows.contains(where: { $0.standing == .held || $0.standing == .failed }) else { return nil }
                let counts = Evidence.Standing.allCases.map { standing in
                    (Self.kind(standing), rows.count { $0.standing == standing })
                }
                let held = rows.count { $0.standing == .held }
                return """
                    <div class="row"><span>\(level.rawValue.uppercased())</span><span><b>\(held)</b> of \(rows.count) held</span></div>\
                    \(Self.bar(counts, Markup.escape(Evidence.line(rows))))
                    """
            }
            return rows.isEmpty
                ? nil
                : "<section class=\"card\"><h3>\(Markup.escape(Self.document(source)))</h3>\(rows.joined())</section>"
        }
        guard !cards.isEmpty else { return "" }
        return """
            <h2>Requirements that can be tested on an agent</h2>
            <div class="cards">\(cards.joined(separator: "\n"))</div>
            \(Self.legend([("pass", "held"), ("fail", "failed"), ("skip", "not tested here"), ("gap", "without a case")]))
            """
    }

    static func kind(_ standing: Evidence.Standing) -> String {
        switch standing {
        case .held: "pass"
        case .failed: "fail"
        case .untested: "skip"
        case .gap: "gap"
        }
    }

    static func document(_ source: String) -> String {
        switch source {
        case "a2a": "A2A 1.0"
        case "a2a-1.1": "A2A 1.1 (draft)"
        case "tcp": "A2A over TCP"
        case "resume": "Lossless resume"
        default: source
        }
    }
}
