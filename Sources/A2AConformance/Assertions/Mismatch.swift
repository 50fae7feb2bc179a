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
        let text = value.description
        return text.count <= Self.maxText ? text : String(text.prefix(Self.maxText)) + "…"
    }

    /// The mismatch as seen from further up.
    func under(_ parent: String) -> Mismatch {
        guard !parent.isEmpty else { return self }
        var mismatch = self
        mismatch.path = self.path.isEmpty || self.path.hasPrefix("[") ? parent + self.path : "\(parent).\(self.path)"
        return mismatch
    }
}
