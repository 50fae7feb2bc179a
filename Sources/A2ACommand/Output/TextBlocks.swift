import A2A

/// The text form of results: one `Label: value` per line, and blocks for what does not fit on a line (command-line
/// specification §11.2).
///
/// A block is its `Label:` alone on a line, the content, and an empty line. Nothing of it is a control sequence,
/// whatever the agent sent.
struct TextBlocks: Sendable, Equatable {
    private(set) var text = ""

    /// A field.
    ///
    /// Line breaks in the value become spaces. A field without a value is left out.
    mutating func field(_ label: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        let line = Self.clean(value).split(whereSeparator: \.isNewline).joined(separator: " ")
        self.text += "\(label): \(line)\n"
    }

    /// A block.
    mutating func block(_ label: String, _ content: String) {
        var content = Self.clean(content)
        while content.last?.isNewline == true { content.removeLast() }
        self.text += "\(label):\n\(content)\n\n"
    }

    /// Text without control characters, line breaks and tabs excepted.
    static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        var cleaned = String.UnicodeScalarView()
        cleaned.append(contentsOf: text.unicodeScalars.filter { !Self.isControl($0) })
        return String(cleaned)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0: true
        default: false
        }
    }
}
