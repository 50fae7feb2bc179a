/// Why a document is refused: file, line, reason.
package struct DocumentError: Error, Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1.
    package var line: Int
    /// What is wrong, and what would be right.
    package var reason: String

    package init(file: String, line: Int, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    package var description: String { "\(self.file):\(self.line): \(self.reason)" }
}
