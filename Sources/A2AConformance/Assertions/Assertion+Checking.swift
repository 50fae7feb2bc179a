extension Assertion {
    /// Puts the values of variables into a text.
    typealias Resolve = (String) throws(UnresolvedVariable) -> JSONValue

    /// Compares a value with the assertion.
    ///
    /// - Parameter value: `nil` if it is not there.
    /// - Returns: The first difference, or `nil`.
    /// - Throws: ``UnresolvedVariable``.
    func check(_ value: JSONValue?, _ resolve: Resolve) throws(UnresolvedVariable) -> Mismatch? {
        switch self.kind {
        case .equals(let expected):
            let expected = try Self.resolved(expected, resolve)
            if let value, value.isEqual(to: expected) { return nil }
            return Mismatch(path: "", expected: Mismatch.text(expected), actual: Mismatch.text(value))
        case .members(let members): return try Self.check(members, value, resolve)
        case .elements(let elements):
            guard let actual = value?.elements else {
                return Mismatch(path: "", expected: "an array", actual: Mismatch.text(value))
            }
            if elements.isEmpty, !actual.isEmpty {
                return Mismatch(path: "", expected: "an empty array", actual: Mismatch.text(value))
            }
            for (index, element) in elements.enumerated() {
                if let mismatch = try element.check(value?[index], resolve) { return mismatch.under("[\(index)]") }
            }
            return nil
        case .operators(let operators):
            for one in operators {
                if let mismatch = try one.check(value, resolve) { return mismatch }
            }
            return nil
        }
    }

    fileprivate static func check(
        _ members: [Member], _ value: JSONValue?, _ resolve: Resolve
    ) throws(UnresolvedVariable) -> Mismatch? {
        guard let value else {
            // Members that must not be there are not there either.
            if !members.isEmpty, members.allSatisfy(\.assertion.allowsAbsence) {
                for member in members {
                    if let mismatch = try member.assertion.check(nil, resolve) { return mismatch.under(member.name) }
                }
                return nil
            }
            return Mismatch(path: "", expected: "an object", actual: "nothing")
        }
        guard value.members != nil else {
            return Mismatch(path: "", expected: "an object", actual: Mismatch.text(value))
        }
        for member in members {
            if let mismatch = try member.assertion.check(value[member.name], resolve) {
                return mismatch.under(member.name)
            }
        }
        return nil
    }

    /// A value with its variables put in.
    fileprivate static func resolved(
        _ value: JSONValue, _ resolve: Resolve
    ) throws(UnresolvedVariable) -> JSONValue {
        guard case .string(let text) = value else { return value }
        return try resolve(text)
    }
}

extension Assertion.Operator {
    fileprivate func check(
        _ value: JSONValue?, _ resolve: Assertion.Resolve
    ) throws(UnresolvedVariable) -> Mismatch? {
        func unless(_ holds: Bool, _ expected: String) -> Mismatch? {
            holds ? nil : Mismatch(path: "", expected: expected, actual: Mismatch.text(value))
        }
        func text(_ template: String) throws(UnresolvedVariable) -> String { try resolve(template).textOrJSON }
        switch self.kind {
        case .type(let type): return unless(value?.typeName == type, "a value of type \(type)")
        case .exists: return unless(value != nil, "a value")
        case .absent: return unless(value == nil, "nothing")
        case .contains(let part):
            let part = try text(part)
            return unless(value?.string?.contains(part) ?? false, "a text with \"\(part)\" in it")
        case .matches(let pattern):
            let pattern = try text(pattern)
            switch value?.string.map({ Expression.search(pattern, in: $0) }) {
            case .found: return nil
            case .none, .absent: return unless(false, "a text that matches /\(pattern)/")
            case .gaveUp(let why):
                throw UnresolvedVariable(
                    description: "whether a text matches /\(pattern)/ is not known: \(why)", isUndecided: true)
            }
        case .startsWith(let part):
            let part = try text(part)
            return unless(value?.string?.hasPrefix(part) ?? false, "a text that begins with \"\(part)\"")
        case .endsWith(let part):
            let part = try text(part)
            return unless(value?.string?.hasSuffix(part) ?? false, "a text that ends with \"\(part)\"")
        case .compare(let comparison, let bound):
            let holds = value?.double.map { comparison.holds($0, bound) } ?? false
            return unless(holds, "a number \(comparison.rawValue) \(JSONValue.number(bound))")
        case .count(let comparison, let bound):
            let holds = value?.elements.map { comparison.holds($0.count, bound) } ?? false
            return unless(
                holds, "an array of \(comparison == .equal ? "" : comparison.rawValue + " ")\(bound) elements")
        case .oneOf(let all), .anyOf(let all):
            var mismatches: [Mismatch] = []
            for one in all {
                guard let mismatch = try one.check(value, resolve) else { return nil }
                mismatches.append(mismatch)
            }
            let words = mismatches.map { $0.path.isEmpty ? $0.expected : "\($0.path): \($0.expected)" }
            return unless(false, "one of: " + words.joined(separator: " | "))
        case .allOf(let all):
            for one in all {
                if let mismatch = try one.check(value, resolve) { return mismatch }
            }
            return nil
        case .not(let inner):
            guard try inner.check(value, resolve) == nil else { return nil }
            if case .equals(let expected) = inner.kind {
                return unless(false, "anything but \(Mismatch.text(try Assertion.resolved(expected, resolve)))")
            }
            return unless(false, "not what the assertion in line \(inner.line) says")
        case .members(let members): return try Assertion.check(members, value, resolve)
        }
    }
}

extension JSONValue {
    /// A text as it is, anything else as JSON.
    var textOrJSON: String { self.string ?? self.description }
}
