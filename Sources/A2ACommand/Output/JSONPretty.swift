import A2A
import SwiftProtobuf

/// JSON values for people: indented, members in alphabetical order, whole numbers without a fraction.
enum JSONPretty {
    /// Deeper values are printed in one line.
    private static let maxDepth = 32

    static func text(_ value: A2AValue) -> String { Self.text(value, depth: 0) }

    private static func text(_ value: A2AValue, depth: Int) -> String {
        let indent = String(repeating: "  ", count: depth + 1)
        let end = "\n" + String(repeating: "  ", count: depth)
        guard depth < Self.maxDepth else { return Self.compact(value) }
        if let object = value.object, !object.isEmpty {
            let members = object.sorted { $0.key < $1.key }.map { key, value in
                "\(indent)\(Self.compact(A2AValue(key))): \(Self.text(value, depth: depth + 1))"
            }
            return "{\n" + members.joined(separator: ",\n") + end + "}"
        }
        if let array = value.array, !array.isEmpty {
            return "[\n" + array.map { indent + Self.text($0, depth: depth + 1) }.joined(separator: ",\n") + end + "]"
        }
        return Self.compact(value)
    }

    private static func compact(_ value: A2AValue) -> String {
        guard let bytes = try? ModelJSON.encode(value) else { return "null" }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Timestamps as JSON has them.
enum A2ATimestampText {
    static func text(_ timestamp: A2ATimestamp) -> String {
        guard let json = try? timestamp.jsonString() else { return "" }
        return String(json.drop { $0 == "\"" }.prefix { $0 != "\"" })
    }
}
