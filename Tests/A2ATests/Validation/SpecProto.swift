import Foundation

/// What `spec/a2a.proto` says about its messages, read from its text.
struct SpecProto {
    struct Field {
        var name: String
        var type: String
        var isRequired: Bool
        /// The oneof that the field is a member of.
        var oneof: String?
        /// The field's name in JSON.
        var jsonName: String
    }

    var messages: [String: [Field]] = [:]

    static func load() throws -> SpecProto {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../spec/a2a.proto").standardized
        return try SpecProto(text: String(contentsOf: file, encoding: .utf8))
    }

    init(text: String) {
        var message: String?
        var oneof: String?
        var isRequired = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("//") {
                if line.hasPrefix("// REQUIRED.") { isRequired = true }
            } else if let match = line.wholeMatch(of: /message (\w+) \{/) {
                message = String(match.1)
                self.messages[String(match.1)] = []
            } else if let match = line.wholeMatch(of: /oneof (\w+) \{/) {
                oneof = String(match.1)
            } else if line == "}" {
                if oneof != nil { oneof = nil } else { message = nil }
            } else if let message,
                let match = line.wholeMatch(of: /(?:optional |repeated )?(map<.*>|[\w.]+) (\w+) = \d+.*;/)
            {
                self.messages[message]?.append(
                    Field(
                        name: String(match.2), type: Self.valueType(String(match.1)), isRequired: isRequired,
                        oneof: oneof, jsonName: Self.jsonName(String(match.2))))
                isRequired = false
            }
        }
    }

    /// The type of a map's values, or the type itself.
    private static func valueType(_ type: String) -> String {
        guard type.hasPrefix("map<"), let comma = type.firstIndex(of: ",") else { return type }
        return type[type.index(after: comma)...].dropLast().trimmingCharacters(in: .whitespaces)
    }

    private static func jsonName(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}
