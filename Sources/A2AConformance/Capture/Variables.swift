import A2A

/// A variable has no value.
package struct UnresolvedVariable: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether it cannot be told what the agent did, rather than that it did wrong.
    package var isUndecided = false
}

/// What `{{…}}` stands for in one test (ACTS §8, §12.2).
///
/// First what steps captured, then the document's variables, the environment, the generators.
struct Variables: Sendable {
    /// The longest text that `$text.N` makes, in characters.
    private static let maxText = 1 << 20

    /// How deep variables may stand in variables.
    private static let maxDepth = 8

    /// The document's variables.
    var document: [String: String]
    /// The environment of the run.
    var environment: [String: String]
    /// What the steps gave so far, by their ids.
    var steps: [String: StepRecord] = [:]

    init(document: [String: String] = [:], environment: [String: String] = [:]) {
        self.document = document
        self.environment = environment
    }

    /// A text with its variables put in.
    ///
    /// A text that is nothing but one variable gives its value as it is; otherwise values that are no texts are put in as JSON.
    func resolve(_ text: String) throws(UnresolvedVariable) -> JSONValue { try self.resolve(text, depth: 0) }

    /// A value with the variables in all its texts put in.
    func resolve(_ value: JSONValue) throws(UnresolvedVariable) -> JSONValue {
        switch value {
        case .string(let text): return try self.resolve(text)
        case .array(let elements):
            var result: [JSONValue] = []
            for element in elements { result.append(try self.resolve(element)) }
            return .array(result)
        case .object(let members):
            var result: [String: JSONValue] = [:]
            for (name, member) in members { result[name] = try self.resolve(member) }
            return .object(result)
        default: return value
        }
    }

    private func resolve(_ text: String, depth: Int) throws(UnresolvedVariable) -> JSONValue {
        guard text.contains("{{") else { return .string(text) }
        guard depth < Self.maxDepth else {
            throw UnresolvedVariable(description: "the variables in \"\(text)\" stand in each other")
        }
        var result = ""
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw UnresolvedVariable(description: "\"\(text)\" has a {{ without its }}")
            }
            let value = try self.value(rest[open.upperBound..<close.lowerBound].trimmed, depth: depth)
            if open.lowerBound == text.startIndex, close.upperBound == text.endIndex { return value }
            result += rest[..<open.lowerBound]
            result += value.textOrJSON
            rest = rest[close.upperBound...]
        }
        return .string(result + rest)
    }

    private func value(_ expression: Substring, depth: Int) throws(UnresolvedVariable) -> JSONValue {
        if let value = self.captured(expression) { return value }
        if let text = self.document[String(expression)] { return try self.resolve(text, depth: depth + 1) }
        if expression.hasPrefix("env.") {
            let name = String(expression.dropFirst(4))
            guard let value = self.environment[name] else {
                throw UnresolvedVariable(description: "the environment variable \(name) is not set")
            }
            return .string(value)
        }
        if expression == "$uuid" { return .string(Identifier.make()) }
        if expression.hasPrefix("$text."), let count = Int(expression.dropFirst(6)), (1...Self.maxText).contains(count)
        {
            return .string(String(repeating: "x", count: count))
        }
        throw UnresolvedVariable(description: self.unknown(expression))
    }

    /// `step.variable`, or `step.response.path`.
    private func captured(_ expression: Substring) -> JSONValue? {
        guard let path = try? JSONPath(String(expression)), let (step, rest) = path.split,
            let record = self.steps[step]
        else { return nil }
        return record.value(at: rest)
    }

    private func unknown(_ expression: Substring) -> String {
        let step = expression.prefix { $0 != "." && $0 != "[" }
        guard step.count < expression.count else { return "there is no variable '\(expression)'" }
        guard let record = self.steps[String(step)] else {
            return "there is no variable '\(expression)': no step '\(step)' came before"
        }
        let names = record.captured.keys.sorted().joined(separator: ", ")
        return "step '\(step)' gave no '\(expression.dropFirst(step.count + 1))'"
            + (names.isEmpty ? "; it captured nothing" : "; it captured \(names)")
    }

    /// What the source of an assertion means: `step`, `step.variable`, `step.response.path`, with or without braces.
    ///
    /// - Parameter current: The step that the assertion stands in; its members need no name.
    func source(_ text: String, current: String?) throws(UnresolvedVariable) -> JSONValue {
        let bare = text.trimmed
        if bare.hasPrefix("{{") {
            if bare.hasSuffix("}}") {
                return try self.source(String(bare.dropFirst(2).dropLast(2).trimmed), current: current)
            }
            return try self.resolve(text)
        }
        guard let path = try? JSONPath(String(bare)), let (first, rest) = path.split else {
            throw UnresolvedVariable(description: "the source '\(text)' is no path")
        }
        if let record = self.steps[first] {
            guard let value = record.value(at: rest) else {
                throw UnresolvedVariable(description: self.unknown(bare))
            }
            return value
        }
        if let current, let record = self.steps[current], let value = record.value(at: path) { return value }
        return try self.resolve("{{\(bare)}}")
    }
}

/// What a step gave, for the steps after it.
struct StepRecord: Sendable {
    /// The assertion root (ACTS §4.2); of a stream the array of its events.
    var response: JSONValue?
    /// What was captured, by name.
    var captured: [String: JSONValue] = [:]
    /// Beside the answer: `status`, `headers`, `error`, `events`, `duration_ms`.
    var others: [String: JSONValue] = [:]

    /// The value at a path: captured variables first, then `response` and the others; the empty path is the response.
    func value(at path: JSONPath) -> JSONValue? {
        guard let (name, rest) = path.split else {
            return self.response.flatMap { path.first(in: $0) }
        }
        let base = self.captured[name] ?? (name == "response" ? self.response : self.others[name])
        return base.flatMap { rest.first(in: $0) }
    }
}

extension StepRecord {
    /// What several calls of one step gave: arrays of their answers, outcomes and streams; captured is what the first gave.
    init(of records: [StepRecord]) {
        self.response = .array(records.map { $0.response ?? .null })
        self.captured = records.first?.captured ?? [:]
        self.others["outcomes"] = .array(records.compactMap { $0.others["outcome"] })
        let streams = records.compactMap { $0.others["events"] }
        if !streams.isEmpty { self.others["streams"] = .array(streams) }
        self.others["final_events"] = .array(records.compactMap { $0.others["final_event"] })
    }
}
