/// Reads a map of a document member by member, and refuses what does not belong there.
///
/// Keys that begin with `x-` are extensions: those that are unknown are ignored.
struct MapReader {
    let file: String
    let line: Int
    /// What the map is, for messages: "test CORE-SEND-001".
    let what: String
    private let entries: [String: YAMLNode.Entry]

    /// - Parameter keys: The keys that may be there, or `nil` for any.
    init(_ node: YAMLNode, _ what: String, file: String, keys: Set<String>?) throws(DocumentError) {
        guard case .map(let entries) = node.content else {
            throw DocumentError(file: file, line: node.line, "\(what) must be a map, not \(node.kind)")
        }
        self.file = file
        self.line = node.line
        self.what = what
        self.entries = Dictionary(entries.map { ($0.key, $0) }) { _, last in last }
        guard let keys else { return }
        for entry in entries where !keys.contains(entry.key) && !entry.key.hasPrefix("x-") {
            throw DocumentError(file: file, line: entry.line, "\(what) has an unknown key '\(entry.key)'")
        }
    }

    func refuse(_ key: String, _ reason: String) -> DocumentError {
        DocumentError(file: self.file, line: self.entries[key]?.line ?? self.line, reason)
    }

    func has(_ key: String) -> Bool { self.entries[key] != nil }

    func line(of key: String) -> Int { self.entries[key]?.line ?? self.line }

    func node(_ key: String) -> YAMLNode? { self.entries[key]?.value }

    func required(_ key: String) throws(DocumentError) -> YAMLNode {
        guard let node = self.node(key) else { throw self.refuse(key, "\(self.what) has no '\(key)'") }
        return node
    }

    // MARK: Values

    func text(_ key: String) throws(DocumentError) -> String? {
        guard let node = self.node(key) else { return nil }
        guard let text = node.text else {
            throw self.refuse(
                key, "'\(key)' of \(self.what) must be a text, not \(node.kind)\(Self.hint(node))")
        }
        return text
    }

    func requiredText(_ key: String) throws(DocumentError) -> String {
        _ = try self.required(key)
        guard let text = try self.text(key), !text.isEmpty else {
            throw self.refuse(key, "'\(key)' of \(self.what) is empty")
        }
        return text
    }

    private static func hint(_ node: YAMLNode) -> String {
        if case .scalar(let value) = node.content, value != .null { "; put it in quotes" } else { "" }
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws(DocumentError) -> Int? {
        guard let node = self.node(key) else { return nil }
        guard case .scalar(.integer(let value)) = node.content, let value = Int(exactly: value), range.contains(value)
        else {
            throw self.refuse(
                key,
                "'\(key)' of \(self.what) must be a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "not \(node.kind)")
        }
        return value
    }

    func flag(_ key: String) throws(DocumentError) -> Bool? {
        guard let node = self.node(key) else { return nil }
        guard case .scalar(.bool(let value)) = node.content else {
            throw self.refuse(key, "'\(key)' of \(self.what) must be true or false, not \(node.kind)")
        }
        return value
    }

    /// One of a set of words.
    func choice(_ key: String, _ words: [String]) throws(DocumentError) -> String? {
        guard let text = try self.text(key) else { return nil }
        guard words.contains(text) else {
            throw self.refuse(
                key, "'\(key)' of \(self.what) is '\(text)'; it must be one of \(words.joined(separator: ", "))")
        }
        return text
    }

    /// A list of at least one value.
    func list(_ key: String) throws(DocumentError) -> [YAMLNode]? {
        guard let node = self.node(key) else { return nil }
        guard case .list(let nodes) = node.content, !nodes.isEmpty else {
            throw self.refuse(key, "'\(key)' of \(self.what) must be a list that is not empty, not \(node.kind)")
        }
        return nodes
    }

    /// A list of at least one text, each one of `words` if those are given.
    func texts(_ key: String, _ words: [String]? = nil) throws(DocumentError) -> [String]? {
        guard let nodes = try self.list(key) else { return nil }
        var texts: [String] = []
        for node in nodes {
            guard let text = node.text, !text.isEmpty else {
                throw DocumentError(
                    file: self.file, line: node.line, "'\(key)' of \(self.what) must hold texts, not \(node.kind)")
            }
            if let words, !words.contains(text) {
                throw DocumentError(
                    file: self.file, line: node.line,
                    "'\(text)' in '\(key)' of \(self.what) is unknown; it must be one of "
                        + words.joined(separator: ", "))
            }
            texts.append(text)
        }
        return texts
    }

    /// A map from texts to texts.
    func textMap(_ key: String) throws(DocumentError) -> [String: String]? {
        guard let node = self.node(key) else { return nil }
        guard case .map(let entries) = node.content else {
            throw self.refuse(key, "'\(key)' of \(self.what) must be a map, not \(node.kind)")
        }
        var result: [String: String] = [:]
        for entry in entries {
            guard let text = entry.value.text else {
                throw DocumentError(
                    file: self.file, line: entry.line,
                    "'\(entry.key)' in '\(key)' of \(self.what) must be a text, not "
                        + "\(entry.value.kind)\(Self.hint(entry.value))")
            }
            result[entry.key] = text
        }
        return result
    }

    /// The members of a map, in their order.
    func entries(_ key: String) throws(DocumentError) -> [YAMLNode.Entry]? {
        guard let node = self.node(key) else { return nil }
        guard case .map(let entries) = node.content else {
            throw self.refuse(key, "'\(key)' of \(self.what) must be a map, not \(node.kind)")
        }
        return entries
    }
}
