/// When a repeated step is done (ACTS §9.1): `path == value`, `path != value`, `path in [value, …]`.
struct Condition: Sendable {
    enum Comparison: Sendable { case equal, notEqual, member }

    var path: JSONPath
    var comparison: Comparison
    /// As they are written: variables are put in when it is looked at.
    var values: [JSONValue]
    let text: String

    /// What is wrong with a text that is no condition.
    struct Malformed: Error { let problem: String }

    init(_ text: String) throws(Malformed) {
        self.text = text
        let (path, comparison, rest): (Substring, Comparison, Substring)
        if let range = text.firstRange(of: " in ") {
            (path, comparison, rest) = (text[..<range.lowerBound], .member, text[range.upperBound...])
        } else if let range = text.firstRange(of: "==") {
            (path, comparison, rest) = (text[..<range.lowerBound], .equal, text[range.upperBound...])
        } else if let range = text.firstRange(of: "!=") {
            (path, comparison, rest) = (text[..<range.lowerBound], .notEqual, text[range.upperBound...])
        } else {
            throw Malformed(
                problem: "'\(text)' is no condition; write 'path == value', 'path != value' or 'path in [value, …]'")
        }
        do {
            self.path = try JSONPath(String(path.trimmed))
        } catch {
            throw Malformed(problem: "\(error.problem) (in '\(text)')")
        }
        self.comparison = comparison
        let value = rest.trimmed
        if comparison == .member {
            guard value.hasPrefix("["), value.hasSuffix("]") else {
                throw Malformed(problem: "'\(text)' needs a list in brackets after 'in'")
            }
            let items = value.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
            self.values = items.map { Self.literal($0.trimmed) }
        } else {
            self.values = [Self.literal(value)]
        }
        guard !self.values.contains(.string("")) || value.contains("\"") || value.contains("'") else {
            throw Malformed(problem: "'\(text)' compares with nothing")
        }
    }

    private static func literal(_ text: Substring) -> JSONValue {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return .string(String(text.dropFirst().dropLast()))
        }
        return text.isEmpty ? .string("") : YAMLNode.core(String(text))
    }

    /// Whether it holds. A path that is not there makes every condition false.
    func holds(_ value: JSONValue, _ resolve: Assertion.Resolve) throws(UnresolvedVariable) -> Bool {
        guard let actual = self.path.first(in: value) else { return false }
        for candidate in self.values {
            var expected = candidate
            if case .string(let text) = candidate { expected = try resolve(text) }
            if actual.isEqual(to: expected) { return self.comparison != .notEqual }
        }
        return self.comparison == .notEqual
    }
}

extension StringProtocol {
    /// Without the space around it.
    var trimmed: SubSequence {
        let start = self.firstIndex { !$0.isWhitespace } ?? self.endIndex
        let end = self.lastIndex { !$0.isWhitespace }.map { self.index(after: $0) } ?? start
        return self[start..<end]
    }
}
