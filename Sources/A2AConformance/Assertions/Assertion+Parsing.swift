extension Assertion {
    /// Reads an assertion.
    ///
    /// A map with at least one key of an operator is an assertion object; keys beside them are members of the value. The
    /// members in `x-fields` are never taken for operators.
    init(_ node: YAMLNode, file: String) throws(DocumentError) {
        self.line = node.line
        switch node.content {
        case .scalar(let value): self.kind = .equals(value)
        case .list(let nodes):
            var elements: [Assertion] = []
            for node in nodes { elements.append(try Assertion(node, file: file)) }
            self.kind = .elements(elements)
        case .map(let entries):
            var operators: [Operator] = []
            var members: [Member] = []
            for entry in entries {
                if Self.operatorNames.contains(entry.key) {
                    operators.append(try Operator(entry, file: file))
                } else if entry.key == "x-fields" {
                    guard case .map(let fields) = entry.value.content else {
                        throw DocumentError(file: file, line: entry.line, "'x-fields' must be a map")
                    }
                    operators.append(
                        Operator(name: entry.key, kind: .members(try Self.members(fields, file: file))))
                } else if !entry.key.hasPrefix("x-") {
                    try Self.refusePath(entry, file: file)
                    members.append(Member(name: entry.key, assertion: try Assertion(entry.value, file: file)))
                }
            }
            if operators.isEmpty {
                self.kind = .members(members)
            } else {
                if !members.isEmpty { operators.append(Operator(name: "members", kind: .members(members))) }
                self.kind = .operators(operators)
            }
        }
    }

    private static func members(_ entries: [YAMLNode.Entry], file: String) throws(DocumentError) -> [Member] {
        var members: [Member] = []
        for entry in entries {
            members.append(Member(name: entry.key, assertion: try Assertion(entry.value, file: file)))
        }
        return members
    }

    /// Paths are for values of `capture` and the like; as keys they would be taken for names (ACTS §5.2).
    private static func refusePath(_ entry: YAMLNode.Entry, file: String) throws(DocumentError) {
        guard
            entry.key.hasSuffix("]") || entry.key.contains("[0]") || entry.key.contains("[*]")
                || entry.key.contains("].")
        else { return }
        throw DocumentError(
            file: file, line: entry.line, "the key '\(entry.key)' is a path; write nested maps and lists instead")
    }

    static func list(_ node: YAMLNode, _ what: String, file: String) throws(DocumentError) -> [Assertion] {
        guard case .list(let nodes) = node.content, !nodes.isEmpty else {
            throw DocumentError(
                file: file, line: node.line, "\(what) must be a list that is not empty, not \(node.kind)")
        }
        var all: [Assertion] = []
        for node in nodes { all.append(try Assertion(node, file: file)) }
        return all
    }
}

extension Assertion.Operator {
    init(_ entry: YAMLNode.Entry, file: String) throws(DocumentError) {
        let (name, node) = (entry.key, entry.value)
        func refuse(_ wanted: String) -> DocumentError {
            DocumentError(
                file: file, line: entry.line,
                "the operator '\(name)' takes \(wanted), not \(node.kind). "
                    + "A member of that name is asserted in 'x-fields'.")
        }
        func text() throws(DocumentError) -> String {
            guard let text = node.text else { throw refuse("a text") }
            return text
        }
        func number() throws(DocumentError) -> Double {
            guard case .scalar(let value) = node.content, let number = value.double else { throw refuse("a number") }
            return number
        }
        func count() throws(DocumentError) -> Int {
            guard case .scalar(.integer(let value)) = node.content, value >= 0, let count = Int(exactly: value) else {
                throw refuse("a whole number that is not negative")
            }
            return count
        }
        func onlyTrue() throws(DocumentError) {
            guard case .scalar(.bool(true)) = node.content else { throw refuse("only true") }
        }
        self.name = name
        switch name {
        case "type":
            let type = try text()
            guard Assertion.typeNames.contains(type) else {
                throw DocumentError(
                    file: file, line: entry.line,
                    "the type '\(type)' is unknown; it must be one of \(Assertion.typeNames.joined(separator: ", ")). "
                        + "A member of the name 'type' is asserted in 'x-fields'.")
            }
            self.kind = .type(type)
        case "exists":
            try onlyTrue()
            self.kind = .exists
        case "absent":
            try onlyTrue()
            self.kind = .absent
        case "contains": self.kind = .contains(try text())
        case "matches":
            let pattern = try text()
            if !pattern.contains("{{"), !Expression.isOne(pattern) {
                throw DocumentError(
                    file: file, line: entry.line, "'\(pattern)' is not a regular expression")
            }
            self.kind = .matches(pattern)
        case "starts_with": self.kind = .startsWith(try text())
        case "ends_with": self.kind = .endsWith(try text())
        case "gte": self.kind = .compare(.greaterOrEqual, try number())
        case "lte": self.kind = .compare(.lessOrEqual, try number())
        case "gt": self.kind = .compare(.greater, try number())
        case "lt": self.kind = .compare(.less, try number())
        case "count": self.kind = .count(.equal, try count())
        case "count_gte": self.kind = .count(.greaterOrEqual, try count())
        case "count_lte": self.kind = .count(.lessOrEqual, try count())
        case "one_of": self.kind = .oneOf(try Assertion.list(node, "'one_of'", file: file))
        case "all_of": self.kind = .allOf(try Assertion.list(node, "'all_of'", file: file))
        case "any_of": self.kind = .anyOf(try Assertion.list(node, "'any_of'", file: file))
        default: self.kind = .not(try Assertion(node, file: file))
        }
    }
}
