import Yams

/// A value of a YAML document and where it stands.
///
/// Plain scalars are read by the core schema of YAML 1.2: `yes` and `on` are texts.
struct YAMLNode: Sendable {
    /// A member of a map.
    struct Entry: Sendable {
        var key: String
        var line: Int
        var value: YAMLNode
    }

    enum Content: Sendable {
        case scalar(JSONValue)
        case list([YAMLNode])
        case map([Entry])
    }

    var content: Content
    /// From 1.
    var line: Int

    /// The value without its places.
    var json: JSONValue {
        switch self.content {
        case .scalar(let value): value
        case .list(let nodes): .array(nodes.map(\.json))
        case .map(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.json) }) { _, last in last })
        }
    }

    var text: String? { if case .scalar(.string(let text)) = self.content { text } else { nil } }

    /// What it is, for messages.
    var kind: String {
        switch self.content {
        case .scalar(.null): "nothing"
        case .scalar(.bool(let value)): "the boolean \(value)"
        case .scalar(.integer), .scalar(.number): "the number \(self.json)"
        case .scalar: "a text"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

// MARK: - Reading

extension YAMLNode {
    /// The largest document, in bytes: 8 MiB.
    static let maxBytes = 8 << 20
    /// The most values of a document, counted after its aliases are put in.
    static let maxValues = 200_000
    /// The deepest nesting.
    static let maxDepth = 64

    /// Reads a document of YAML, or of JSON, which is YAML too.
    ///
    /// - Throws: ``DocumentError`` for what is not YAML, for a key that comes twice, and for too large a document.
    init(parsing text: String, file: String) throws(DocumentError) {
        guard text.utf8.count <= Self.maxBytes else {
            throw DocumentError(file: file, line: 1, "the document is larger than \(Self.maxBytes) bytes")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text, .basic)
        } catch let error as YamlError {
            throw Self.refusal(error, file)
        } catch {
            throw DocumentError(file: file, line: 1, "not YAML: \(error)")
        }
        guard let root else { throw DocumentError(file: file, line: 1, "the document is empty") }
        var count = 0
        self = try Self.convert(root, file, depth: 0, count: &count, line: 1)
    }

    private static func refusal(_ error: YamlError, _ file: String) -> DocumentError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return DocumentError(file: file, line: mark.line, "not YAML: \(problem)\(place)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            return DocumentError(file: file, line: context.mark.line, "the key \(keys) comes twice")
        case .reader(let problem, _, _, _): return DocumentError(file: file, line: 1, "not YAML: \(problem)")
        default: return DocumentError(file: file, line: 1, "not YAML")
        }
    }

    private static func convert(
        _ node: Node, _ file: String, depth: Int, count: inout Int, line parentLine: Int
    ) throws(DocumentError) -> YAMLNode {
        let line = node.mark?.line ?? parentLine
        count += 1
        guard count <= Self.maxValues else {
            throw DocumentError(file: file, line: line, "the document has more than \(Self.maxValues) values")
        }
        guard depth < Self.maxDepth else {
            throw DocumentError(file: file, line: line, "values nest deeper than \(Self.maxDepth) levels")
        }
        switch node {
        case .scalar(let scalar): return YAMLNode(content: .scalar(Self.value(scalar)), line: line)
        case .sequence(let sequence):
            var nodes: [YAMLNode] = []
            for element in sequence {
                nodes.append(try Self.convert(element, file, depth: depth + 1, count: &count, line: line))
            }
            return YAMLNode(content: .list(nodes), line: line)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard case .scalar(let name) = key else {
                    throw DocumentError(file: file, line: keyLine, "a key must be a text")
                }
                let value = try Self.convert(value, file, depth: depth + 1, count: &count, line: keyLine)
                entries.append(Entry(key: name.string, line: keyLine, value: value))
            }
            return YAMLNode(content: .map(entries), line: line)
        case .alias: throw DocumentError(file: file, line: line, "an alias without its anchor")
        }
    }

    // MARK: Scalars

    private static func value(_ scalar: Node.Scalar) -> JSONValue {
        switch scalar.style {
        case .plain, .any: Self.core(scalar.string)
        default: .string(scalar.string)
        }
    }

    /// A plain scalar by the core schema (YAML 1.2.2 §10.3.2).
    static func core(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: break
        }
        if text.hasPrefix("0x"), let value = Int64(text.dropFirst(2), radix: 16) { return .integer(value) }
        if text.hasPrefix("0o"), let value = Int64(text.dropFirst(2), radix: 8) { return .integer(value) }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
            text.utf8.contains(where: { (0x30...0x39).contains($0) })
        else { return .string(text) }
        if let value = Int64(text) { return .integer(value) }
        return Double(text).map(JSONValue.number) ?? .string(text)
    }
}
