/// How a value differs from what an assertion says.
package struct Mismatch: Error, Sendable, Hashable {
    /// Where, as a path from the root of the assertion; empty for the root itself.
    package var path: String
    package var expected: String
    package var actual: String

    package init(path: String, expected: String, actual: String) {
        self.path = path
        self.expected = expected
        self.actual = actual
    }

    /// The longest text of a value, in characters.
    private static let maxText = 400

    /// A value as text, shortened if it is long; `nil` is a value that is not there.
    static func text(_ value: JSONValue?) -> String {
        guard let value else { return "nothing" }
        return value.description.shortened(Self.maxText)
    }

    /// The mismatch as seen from further up.
    func under(_ parent: String) -> Mismatch {
        guard !parent.isEmpty else { return self }
        var mismatch = self
        mismatch.path = self.path.isEmpty || self.path.hasPrefix("[") ? parent + self.path : "\(parent).\(self.path)"
        return mismatch
    }
}

extension String {
    /// At most so many characters, and a sign that there were more.
    func shortened(_ count: Int) -> String {
        // Counting all characters of a long text takes its time; bytes are at least as many.
        guard self.utf8.count > count, self.count > count else { return self }
        return String(self.prefix(count)) + "…"
    }
}
