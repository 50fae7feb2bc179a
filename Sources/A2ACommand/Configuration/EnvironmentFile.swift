/// A file of settings: one `NAME=value` per line (dotenv).
///
/// Lines that are empty or begin with `#` are skipped, `export ` before a name too. A value may be quoted: in single
/// quotes it is taken as it is, in double quotes `\n`, `\"` and `\\` are escapes. Unquoted it ends at ` #`.
struct EnvironmentFile: Sendable, Equatable {
    /// The largest file that is read, in bytes.
    static let maxBytes = 1 << 20

    private(set) var values: [String: String] = [:]

    init(parsing text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            var line = Self.trim(line)
            if line.hasPrefix("export ") { line = Self.trim(line.dropFirst("export ".count)) }
            guard !line.isEmpty, !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let name = Self.trim(line[..<equals])
            guard !name.isEmpty else { continue }
            self.values[String(name)] = Self.value(Self.trim(line[line.index(after: equals)...]))
        }
    }

    private static func value(_ text: Substring) -> String {
        if text.hasPrefix("'") {
            let rest = text.dropFirst()
            return String(rest.prefix { $0 != "'" })
        }
        guard text.hasPrefix("\"") else {
            // A comment begins after a space.
            let end = text.firstRange(of: " #")?.lowerBound ?? text.endIndex
            return String(Self.trim(text[..<end]))
        }
        var output = ""
        var isEscaped = false
        for character in text.dropFirst() {
            if isEscaped {
                output.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                break
            } else {
                output.append(character)
            }
        }
        return output
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
