/// Cases that are known to fail, each with its reason.
///
/// One to a line: a pattern for `binding/test`, or for `test` over any binding, then blanks, then the reason. `#` begins a comment.
/// `?` before the pattern says that the case fails now and then, as races do: it may pass too.
package struct KnownFailing: Sendable {
    package struct Entry: Sendable, Hashable {
        package var pattern: Pattern
        package var reason: String
        package var line: Int
        /// The case may pass too.
        package var isSometimes = false

        func matches(_ result: CaseResult) -> Bool {
            self.pattern.matches(result.name) || self.pattern.matches(result.test.id)
        }
    }

    package var entries: [Entry] = []

    package init() {}

    /// - Throws: ``DocumentError`` for an entry without a reason.
    package init(parsing text: String, file: String) throws(DocumentError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, line.first != "#" else { continue }
            let parts = line.split(maxSplits: 1) { $0.isWhitespace }
            guard parts.count == 2 else {
                throw DocumentError(
                    file: file, line: index + 1, "'\(line)' has no reason; write: PATTERN, blanks, why it fails")
            }
            let isSometimes = parts[0].first == "?"
            self.entries.append(
                Entry(
                    pattern: Pattern(String(parts[0].dropFirst(isSometimes ? 1 : 0))), reason: String(parts[1].trimmed),
                    line: index + 1, isSometimes: isSometimes))
        }
    }

    package func reason(for result: CaseResult) -> String? {
        self.entries.first { $0.matches(result) && !($0.isSometimes && result.outcome == .pass) }?.reason
    }
}
