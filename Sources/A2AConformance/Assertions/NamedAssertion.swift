/// What some or all elements of a value must be like (ACTS §5.5).
struct CollectionMatch: Sendable {
    var path: JSONPath
    var match: Assertion

    init(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) {
        let map = try MapReader(node, what, file: file, keys: ["path", "match"])
        self.path = try JSONPath(try map.requiredText("path"), map, "path")
        let match = try map.required("match")
        guard case .map = match.content else { throw map.refuse("match", "'match' of \(what) must be a map") }
        self.match = try Assertion(match, file: file)
    }

    /// The elements that it speaks of: those at the path, or those of the array there.
    func elements(in value: JSONValue) -> [(path: String, value: JSONValue)] {
        let found = self.path.find(in: value)
        guard !self.path.hasWildcard, found.count == 1, let elements = found[0].value.elements else { return found }
        return elements.enumerated().map { ("\(found[0].path)[\($0.offset)]", $0.element) }
    }
}

/// An assertion about what an earlier step gave (ACTS §5.5): `inline-assertion` and `named-assertion`.
struct NamedAssertion: Sendable {
    enum Check: Sendable {
        case match(Assertion)
        case any(CollectionMatch)
        case all(CollectionMatch)
        case none(CollectionMatch)
    }

    var id: String?
    var source: String
    var path: JSONPath?
    var checks: [Check]
    var line: Int

    /// - Parameter isInline: Whether it is the assertion of an assertion step, which has fewer keys.
    init(_ node: YAMLNode, _ what: String, file: String, isInline: Bool = false) throws(DocumentError) {
        let keys: Set<String> =
            isInline
            ? ["source", "any", "all", "none"]
            : ["id", "description", "source", "path", "match", "any", "all", "none"]
        let map = try MapReader(node, what, file: file, keys: keys)
        self.line = node.line
        self.id = try map.text("id")
        _ = try map.text("description")
        self.source = try map.requiredText("source")
        self.path = try map.text("path").map { text throws(DocumentError) in try JSONPath(text, map, "path") }
        self.checks = []
        if let match = map.node("match") { self.checks.append(.match(try Assertion(match, file: file))) }
        if let node = map.node("any") {
            self.checks.append(.any(try CollectionMatch(node, "'any' of \(what)", file: file)))
        }
        if let node = map.node("all") {
            self.checks.append(.all(try CollectionMatch(node, "'all' of \(what)", file: file)))
        }
        if let node = map.node("none") {
            self.checks.append(.none(try CollectionMatch(node, "'none' of \(what)", file: file)))
        }
    }

    /// A list of them under a key.
    static func list(_ map: MapReader, _ key: String, file: String) throws(DocumentError) -> [NamedAssertion] {
        var all: [NamedAssertion] = []
        for node in try map.list(key) ?? [] {
            all.append(try NamedAssertion(node, "an assertion of \(map.what)", file: file))
        }
        return all
    }

    // MARK: Checking

    /// Compares what the source gave.
    func check(_ source: JSONValue, _ resolve: Assertion.Resolve) throws(UnresolvedVariable) -> Mismatch? {
        let values = self.path?.find(in: source) ?? [("", source)]
        if values.isEmpty, !self.allowsAbsence {
            return Mismatch(path: self.path?.description ?? "", expected: "a value", actual: "nothing")
        }
        for check in self.checks {
            if case .match(let assertion) = check {
                if values.isEmpty, let mismatch = try assertion.check(nil, resolve) {
                    return mismatch.under(self.path?.description ?? "")
                }
                for (path, value) in values {
                    if let mismatch = try assertion.check(value, resolve) { return mismatch.under(path) }
                }
                continue
            }
            for (path, value) in values {
                if let mismatch = try check.check(value, resolve) { return mismatch.under(path) }
            }
        }
        return nil
    }

    /// Whether something that is not there may satisfy it.
    private var allowsAbsence: Bool {
        !self.checks.isEmpty
            && self.checks.allSatisfy { check in
                if case .match(let assertion) = check { assertion.allowsAbsence } else { false }
            }
    }
}

extension NamedAssertion.Check {
    fileprivate func check(
        _ value: JSONValue, _ resolve: Assertion.Resolve
    ) throws(UnresolvedVariable) -> Mismatch? {
        switch self {
        case .match(let assertion): return try assertion.check(value, resolve)
        case .any(let collection):
            let elements = collection.elements(in: value)
            var nearest: Mismatch?
            for (path, element) in elements {
                guard let mismatch = try collection.match.check(element, resolve) else { return nil }
                nearest = nearest ?? mismatch.under(path)
            }
            return Mismatch(
                path: collection.path.description,
                expected: "an element that matches" + (nearest.map { " (\($0.path): \($0.expected))" } ?? ""),
                actual: elements.isEmpty
                    ? "no elements" : Mismatch.text(.array(elements.map(\.value))))
        case .all(let collection):
            for (path, element) in collection.elements(in: value) {
                if let mismatch = try collection.match.check(element, resolve) { return mismatch.under(path) }
            }
            return nil
        case .none(let collection):
            for (path, element) in collection.elements(in: value)
            where try collection.match.check(element, resolve) == nil {
                return Mismatch(
                    path: path, expected: "no element that matches", actual: Mismatch.text(element))
            }
            return nil
        }
    }
}

extension JSONPath {
    /// Reads a path of a document.
    init(_ text: String, _ map: MapReader, _ key: String) throws(DocumentError) {
        do {
            try self.init(text)
        } catch {
            throw map.refuse(key, "'\(key)' of \(map.what) is no path: \(error.problem)")
        }
    }
}
