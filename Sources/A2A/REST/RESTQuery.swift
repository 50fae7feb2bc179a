/// The parameters of a query string (§11.5).
package struct RESTQuery: Sendable {
    /// The most parameters that are read.
    package static let maxParameters = 64

    private var values: [String: [String]] = [:]

    /// Reads a query string, without its question mark.
    ///
    /// A `+` is a space, as HTML forms write it.
    ///
    /// - Throws: ``A2AError`` with `.invalidParams` if it is not well encoded or has too many parameters.
    package init(_ query: Substring?) throws(A2AError) {
        guard let query, !query.isEmpty else { return }
        let pairs = query.split(separator: "&", maxSplits: Self.maxParameters)
        guard pairs.count <= Self.maxParameters else {
            throw A2AError(.invalidParams, "The query has more than \(Self.maxParameters) parameters.")
        }
        for pair in pairs {
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            guard let name = PercentEncoding.decode(pair[..<equals], plusIsSpace: true),
                let value = PercentEncoding.decode(pair[equals...].dropFirst(), plusIsSpace: true)
            else { throw A2AError(.invalidParams, "The query must be UTF-8, percent-encoded.") }
            self.values[name, default: []].append(value)
        }
    }

    package var isEmpty: Bool { self.values.isEmpty }

    /// The first value of a parameter whose name is compared without regard to case, such as `A2A-Version`.
    package func first(ignoringCase name: String) -> String? {
        if let value = self.values[name]?.first { return value }
        let name = name.lowercased()
        return self.values.first { $0.key.lowercased() == name }?.value.first
    }

    /// The parameters that are fields of a message, as a JSON object for its decoder.
    ///
    /// Strings, timestamps and names of enums are taken as they are; numbers are decimal, and booleans `true` or
    /// `false`. Other parameters are ignored, among them `A2A-Version`, which belongs to the HTTP layer.
    ///
    /// - Parameters:
    ///   - message: The full name of the message.
    ///   - unknown: A parameter to ignore although the message has such a field.
    /// - Throws: ``A2AError`` with `.invalidParams`, naming every parameter that is repeated or of the wrong type.
    func json(for message: String, without unknown: String? = nil) throws(A2AError) -> [UInt8] {
        let fields = Schema.shared.message(message)?.fields ?? [:]
        var violations: [FieldViolation] = []
        var output = [UInt8(ascii: "{")]
        for (name, values) in self.values.sorted(by: { $0.key < $1.key }) {
            // A field is known by two names; queries use the one of JSON (§11.5).
            guard let field = fields[name], field.jsonName == name, name != unknown, let value = values.first else {
                continue
            }
            guard values.count == 1 else {
                violations.append(FieldViolation(field: name, description: "must be given only once"))
                continue
            }
            let start = output.count
            if start > 1 { output.append(UInt8(ascii: ",")) }
            JSONText.append(name, to: &output)
            output.append(UInt8(ascii: ":"))
            if let problem = Self.append(value, field, to: &output) {
                violations.append(FieldViolation(field: name, description: problem))
                output.removeSubrange(start...)
            }
        }
        output.append(UInt8(ascii: "}"))
        guard violations.isEmpty else { throw .invalidParams(violations) }
        return output
    }

    /// Appends a value for the decoder, or returns what is wrong with it.
    private static func append(_ value: String, _ field: Schema.Field, to output: inout [UInt8]) -> String? {
        switch field.kind {
        case .string, .timestamp, .enumeration: break
        case .int32, .int64:
            guard Self.isDecimal(value) else { return "must be a decimal integer" }
        case .bool:
            guard value == "true" || value == "false" else { return "must be true or false" }
            output.append(contentsOf: value.utf8)
            return nil
        default: return "cannot be given in a query"
        }
        JSONText.append(value, to: &output)
        return nil
    }

    private static func isDecimal(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy(\.isDigit)
    }
}
