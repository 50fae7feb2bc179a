/// The report for a terminal.
package enum TextReport {
    /// The most lines of a wire trace.
    private static let maxTraceLines = 60

    /// - Parameter plan: What was run, if that was all of it; with the requirements of `reference` it gives what was shown of them.
    package static func text(
        _ report: RunReport, strict: Bool, plan: TestPlan? = nil, reference: Reference = Reference()
    ) -> String {
        var lines: [String] = []
        if let agent = report.agent {
            lines.append("\(agent.name) \(agent.version) (\(agent.cardURL))")
        }
        lines += report.notes.map { "note: \($0)" }
        if let reason = report.unreachable { lines.append("could not test \(report.url): \(reason)") }
        for result in report.results where result.outcome == .fail && result.known == nil {
            lines += [
                "",
                "\(Self.word(result, strict)) \(result.name) [\(result.test.level.rawValue.uppercased())] \(result.test.name)",
            ]
            lines += Self.details(result, reference).map { "  \($0)" }
        }
        for result in report.unexpectedPasses {
            lines += ["", "PASSED, though known to fail: \(result.name) (\(result.known ?? ""))"]
        }
        lines += Self.errors(report)
        if !report.results.isEmpty { lines += [""] + Self.summary(report) }
        if let plan, let list = reference.requirements, !report.results.isEmpty {
            let evidence = Evidence(list, plan, report).summary
            if !evidence.isEmpty { lines += ["", "requirements:"] + evidence.map { "  \($0)" } }
        }
        if let first = report.results.first(where: { $0.outcome == .fail && $0.known == nil }),
            reference.requirements != nil
        {
            lines += ["", "more about a case: a2a-conformance explain \(first.test.id)"]
        }
        lines += ["", Self.verdict(report, strict)]
        return lines.map(Self.harmless).joined(separator: "\n") + "\n"
    }

    /// Without characters that a terminal would obey: what agents send is in here.
    static func harmless(_ line: String) -> String {
        func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
            (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
        }
        guard line.unicodeScalars.contains(where: isObeyed) else { return line }
        return line.unicodeScalars.reduce(into: "") { text, scalar in
            if isObeyed(scalar) {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func word(_ result: CaseResult, _ strict: Bool) -> String {
        result.test.level == .must || (strict && result.test.level == .should) ? "FAIL" : "WARN"
    }

    /// What could not be tested; the same reason is said once.
    private static func errors(_ report: RunReport) -> [String] {
        var names: [String: [String]] = [:]
        var order: [String] = []
        for result in report.errors {
            let reason = result.reason ?? "?"
            if names[reason] == nil { order.append(reason) }
            names[reason, default: []].append(result.name)
        }
        return order.flatMap { reason -> [String] in
            let all = names[reason] ?? []
            let list = all.prefix(5).joined(separator: ", ") + (all.count > 5 ? " and \(all.count - 5) more" : "")
            return ["", "could not test \(list)", "  \(reason)"]
        }
    }

    /// What is to be said about a case that failed.
    static func details(_ result: CaseResult, _ reference: Reference = Reference()) -> [String] {
        var lines: [String] = []
        if let failure = result.failure {
            let place = "\(result.test.file):\(failure.line ?? result.test.line)"
            lines.append(place + (failure.stepID.map { ", step \($0)" } ?? ""))
            if let expected = failure.expected, let actual = failure.actual {
                if let path = failure.path { lines.append("at:       \(path)") }
                lines += ["expected: \(expected)", "got:      \(actual)"]
            } else {
                lines.append(failure.message)
            }
        }
        if let reason = result.reason { lines.append(reason) }
        for id in result.test.requirements {
            guard let requirement = reference.requirements?[id] else {
                lines.append("requirement: \(id)")
                continue
            }
            lines.append("requirement: \(id) [\(requirement.level)] \(requirement.text)")
            lines.append("read: \(requirement.place)" + (reference.links.address(requirement).map { "  \($0)" } ?? ""))
        }
        if let read = result.test.specRef, !lines.contains(where: { $0.hasPrefix("read: ") }) {
            lines.append("read: \(read)")
        }
        return lines + Self.trace(result)
    }

    /// What went over the wire in the step that failed.
    private static func trace(_ result: CaseResult) -> [String] {
        guard let step = result.steps.last(where: { $0.outcome != .pass }), !step.trace.isEmpty else { return [] }
        let lines = step.trace.flatMap { entry in
            entry.text.split(separator: "\n", omittingEmptySubsequences: false).map { "  \(entry.mark) \($0)" }
        }
        let more = lines.count > Self.maxTraceLines ? ["  … \(lines.count - Self.maxTraceLines) more lines"] : []
        return ["wire:"] + lines.prefix(Self.maxTraceLines) + more
    }

    // MARK: Summary

    /// A line for each level, as ACTS §12.7 has it, and one for each binding.
    package static func summary(_ report: RunReport) -> [String] {
        var lines: [String] = []
        for binding in report.bindings {
            let own = report.results.filter { $0.binding == binding }
            for level in ConformanceLevel.allCases {
                let results = own.filter { $0.test.level == level }
                guard !results.isEmpty else { continue }
                let label = "\(binding.title) \(level.rawValue.uppercased()):"
                lines.append(Self.padded(label, 18) + Self.line(Tally(results)))
            }
        }
        return lines
    }

    /// `45/47 passed (1 failed, 1 skipped)`.
    static func line(_ tally: Tally) -> String {
        let others = [(tally.failed, "failed"), (tally.errors, "could not be tested"), (tally.skipped, "skipped")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let more = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
        return "\(tally.passed)/\(tally.total) passed\(more)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    package static func verdict(_ report: RunReport, _ strict: Bool) -> String {
        let known = report.results.filter { $0.known != nil && $0.outcome != .pass }.count
        let suffix = (known > 0 ? ", \(known) known to fail" : "") + " (\(report.duration.seconds))"
        switch report.verdict(strict: strict) {
        case .conformant:
            return known > 0
                ? "no failure that was not known\(suffix)" : "conformant as far as tested: no failure\(suffix)"
        case .failed:
            let failures = report.failures(strict: strict).count
            let passes = report.unexpectedPasses.count
            let words = [(failures, "failed"), (passes, "passed though known to fail")].filter { $0.0 > 0 }
                .map { "\($0.0) \($0.1)" }
            return "not conformant: \(words.joined(separator: ", "))\(suffix)"
        case .couldNotTest: return "could not test everything, see above\(suffix)"
        }
    }
}
