import A2A
import FoundationEssentials

/// Any JSON, as an agent sent it or a document says it.
///
/// Unlike a `google.protobuf.Value` it keeps whole numbers whole and tells a missing member from `null`.
package indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The deepest nesting that is read.
    static let maxDepth = 100

    /// A text is not JSON, and why.
    package struct NotJSON: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads JSON.
    ///
    /// - Throws: ``NotJSON``, also for what nests deeper than 100 levels.
    package init(parsing bytes: [UInt8]) throws(NotJSON) {
        do {
            try JSONScanner.validate(bytes[...], maxDepth: Self.maxDepth)
        } catch {
            throw NotJSON(description: "\(error)")
        }
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw NotJSON(description: "it cannot be read")
        }
    }

    /// Reads JSON from a text.
    package init(parsing text: String) throws(NotJSON) { try self.init(parsing: Array(text.utf8)) }

    // MARK: Looking inside

    package subscript(name: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[name]
        }
        set {
            guard case .object(var members) = self else { return }
            members[name] = newValue
            self = .object(members)
        }
    }

    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    package var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    package var int: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The name of the type, as ACTS names types (§5.1).
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// Equality by value: `1` and `1.0` are the same.
    package func isEqual(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): return left == right
        case (.integer, .number), (.number, .integer), (.number, .number): return self.double == other.double
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { name, value in right[name].map { value.isEqual(to: $0) } ?? false }
        default: return self == other
        }
    }
}

extension JSONValue: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}

// MARK: - Writing

extension JSONValue: CustomStringConvertible {
    /// JSON in one line, members in the order of their names.
    package var description: String {
        var output: [UInt8] = []
        self.append(to: &output, indent: nil)
        return String(decoding: output, as: UTF8.self)
    }

    /// The bytes of ``description``.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        self.append(to: &output, indent: nil)
        return output
    }

    /// JSON with a member to a line.
    package var pretty: String {
        var output: [UInt8] = []
        self.append(to: &output, indent: 0)
        return String(decoding: output, as: UTF8.self)
    }

    private func append(to output: inout [UInt8], indent: Int?) {
        switch self {
        case .null: JSONText.append(raw: "null", to: &output)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .number(let value): output.append(contentsOf: Self.text(value).utf8)
        case .string(let text): JSONText.append(text, to: &output)
        case .array(let elements):
            Self.append("[", "]", elements.count, indent, to: &output) { index, indent, output in
                elements[index].append(to: &output, indent: indent)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            Self.append("{", "}", sorted.count, indent, to: &output) { index, indent, output in
                JSONText.append(sorted[index].key, to: &output)
                output.append(contentsOf: (indent == nil ? ":" : ": ").utf8)
                sorted[index].value.append(to: &output, indent: indent)
            }
        }
    }

    private static func append(
        _ open: String, _ close: String, _ count: Int, _ indent: Int?, to output: inout [UInt8],
        _ item: (Int, Int?, inout [UInt8]) -> Void
    ) {
        output.append(contentsOf: open.utf8)
        let inner = indent.map { $0 + 1 }
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            if let inner { output.append(contentsOf: ("\n" + String(repeating: "  ", count: inner)).utf8) }
            item(index, inner, &output)
        }
        if let indent, count > 0 { output.append(contentsOf: ("\n" + String(repeating: "  ", count: indent)).utf8) }
        output.append(contentsOf: close.utf8)
    }

    /// A number in the form that JSON has for it; what JSON has no form for is `null`.
    private static func text(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
