import SwiftProtobuf

/// Compares valid JSON with the schema of a message and names what does not fit, with paths in JSON names.
///
/// It accepts what ProtoJSON accepts: both spellings of a field's name, null for an absent field, integers as strings.
/// It reads the text once, from its start to its end.
struct SchemaWalk {
    /// The most violations that are collected.
    static let maxViolations = 20

    /// What to do with names of enums that the schema does not have.
    enum UnknownNames { case refused, tolerated }

    private enum Step {
        case member(String)
        case element(Int)
    }

    private let json: ArraySlice<UInt8>
    private let unknownNames: UnknownNames
    private let schema = Schema.shared
    private var scanner: JSONScanner
    private var path: [Step] = []
    private var violations: [FieldViolation] = []

    /// What is wrong with a message, at most ``maxViolations``.
    ///
    /// - Parameters:
    ///   - json: A text that ``JSONScanner/validate(_:maxDepth:)`` accepts.
    ///   - message: The full name of its type.
    static func violations(
        of json: ArraySlice<UInt8>, in message: String, unknownNames: UnknownNames
    ) -> [FieldViolation] {
        var walk = SchemaWalk(json: json, unknownNames: unknownNames, scanner: JSONScanner(json))
        // What is thrown here would be bad syntax, which was excluded before.
        try? walk.check(.message(message))
        return walk.violations
    }

    private init(json: ArraySlice<UInt8>, unknownNames: UnknownNames, scanner: JSONScanner) {
        self.json = json
        self.unknownNames = unknownNames
        self.scanner = scanner
    }

    private var isFull: Bool { self.violations.count >= Self.maxViolations }

    // MARK: Values

    /// Checks the value that comes next, and steps over it.
    private mutating func check(_ kind: Schema.Kind) throws(JSONScanner.Failure) {
        // What lies deeper is refused by the decoder in any case.
        guard self.path.count <= ModelJSON.maxDepth else {
            _ = try self.scanner.skipValue()
            return
        }
        let found = try self.scanner.peek()
        switch kind {
        case .message(let name) where found == .object: return try self.checkMessage(name)
        case .map(let kind) where found == .object: return try self.checkMap(kind)
        case .structure where found == .object: return try self.checkMap(.value)
        case .value where found == .object: return try self.checkMap(.value)
        case .value where found == .array: return try self.checkArray(.value)
        default: break
        }
        let text = self.json[try self.scanner.skipValue()]
        if let problem = self.problem(text, found, kind) { self.report(problem) }
    }

    /// What is wrong with a value that is neither the object nor the array that it may be.
    private func problem(_ text: ArraySlice<UInt8>, _ found: JSONScanner.Kind, _ kind: Schema.Kind) -> String? {
        switch kind {
        case .string:
            guard found == .string else { return "must be a string" }
            return Self.isUnicode(text) ? nil : "must be a string of Unicode characters"
        case .bytes: return Self.decodes(Google_Protobuf_BytesValue.self, text) ? nil : "must be base64"
        case .bool: return found == .bool ? nil : "must be true or false"
        case .int32:
            return Self.decodes(Google_Protobuf_Int32Value.self, text) ? nil : "must be an integer of 32 bits"
        case .int64:
            return Self.decodes(Google_Protobuf_Int64Value.self, text) ? nil : "must be an integer of 64 bits"
        case .timestamp:
            return Self.decodes(Google_Protobuf_Timestamp.self, text)
                ? nil : "must be a timestamp such as 2025-10-28T10:30:00.000Z"
        case .enumeration(let names): return self.problem(text, found, names)
        case .structure, .message, .map: return "must be an object"
        case .value:
            switch found {
            case .string: return self.problem(text, found, .string)
            case .number: return Self.isDouble(text) ? nil : "must be a number of 64 bits"
            default: return nil
            }
        case .other: return nil
        }
    }

    private func problem(_ text: ArraySlice<UInt8>, _ found: JSONScanner.Kind, _ names: [String]) -> String? {
        if found == .string {
            guard self.unknownNames == .refused else { return nil }
            if let name = JSONText.string(text), names.contains(name) { return nil }
        } else if Self.decodes(Google_Protobuf_Int32Value.self, text) {
            return nil
        }
        // The name that means "unspecified" is not suggested.
        return "must be one of " + names.filter { !$0.hasSuffix("_UNSPECIFIED") }.joined(separator: ", ")
    }

    // MARK: Objects and arrays

    private mutating func checkMessage(_ name: String) throws(JSONScanner.Failure) {
        let message = self.schema.message(name)
        try self.scanner.enter()
        var seen: Set<String> = []
        var members: [Int: Int] = [:]
        while !self.isFull, let name = try self.nextName() {
            guard let field = message?.fields[name] else {
                _ = try self.scanner.skipValue()
                continue
            }
            self.path.append(.member(field.jsonName))
            if !seen.insert(field.jsonName).inserted { self.report("must appear only once") }
            if try self.scanner.peek() == .null, field.kind != .value {
                _ = try self.scanner.skipValue()
            } else {
                if let oneof = field.oneof { members[oneof, default: 0] += 1 }
                try field.isRepeated ? self.checkArray(field.kind) : self.check(field.kind)
            }
            self.path.removeLast()
        }
        for (oneof, count) in members where count > 1 {
            self.report("must have exactly one of \(message?.oneofs[oneof].joined(separator: ", ") ?? "them")")
        }
    }

    private mutating func checkArray(_ kind: Schema.Kind) throws(JSONScanner.Failure) {
        guard try self.scanner.peek() == .array else {
            _ = try self.scanner.skipValue()
            return self.report("must be an array")
        }
        try self.scanner.enter()
        var index = 0
        while !self.isFull, try self.scanner.nextItem() {
            self.path.append(.element(index))
            try self.checkItem(kind)
            self.path.removeLast()
            index += 1
        }
    }

    private mutating func checkMap(_ kind: Schema.Kind) throws(JSONScanner.Failure) {
        try self.scanner.enter()
        var seen: Set<String> = []
        while !self.isFull, let name = try self.nextName() {
            self.path.append(.member(name))
            if !seen.insert(name).inserted { self.report("must appear only once") }
            try self.checkItem(kind)
            self.path.removeLast()
        }
    }

    /// Checks an element of an array or a value of a map, where null is no way to leave something out.
    private mutating func checkItem(_ kind: Schema.Kind) throws(JSONScanner.Failure) {
        if kind != .value, try self.scanner.peek() == .null {
            self.report("must not be null")
            _ = try self.scanner.skipValue()
        } else {
            try self.check(kind)
        }
    }

    /// The name of the next member whose name is Unicode; others are reported.
    private mutating func nextName() throws(JSONScanner.Failure) -> String? {
        while let (range, hasEscapes) = try self.scanner.nextName() {
            if let name = JSONText.string(content: self.json[range], hasEscapes: hasEscapes) { return name }
            self.report("must have member names of Unicode characters")
            _ = try self.scanner.skipValue()
        }
        return nil
    }

    // MARK: Reports

    private mutating func report(_ description: String) {
        guard !self.isFull else { return }
        var field = ""
        for step in self.path {
            switch step {
            case .element(let index): field += "[\(index)]"
            case .member(let name): field += field.isEmpty ? Self.shown(name) : ".\(Self.shown(name))"
            }
        }
        self.violations.append(
            FieldViolation(field: field.isEmpty ? "params" : field, description: description))
    }

    /// A member name as it is put into a path: bounded, since the peer chose it.
    private static func shown(_ name: String) -> String {
        name.utf8.count <= 64 ? name : "\(name.prefix(32))…"
    }

    // MARK: Scalars

    /// Whether a string of valid JSON holds no half of a surrogate pair.
    private static func isUnicode(_ text: ArraySlice<UInt8>) -> Bool {
        !text.contains(UInt8(ascii: "\\")) || JSONText.string(text) != nil
    }

    /// Whether a number of valid JSON is within the range of a double.
    ///
    /// Short ones without an exponent always are.
    private static func isDouble(_ text: ArraySlice<UInt8>) -> Bool {
        let isShort = text.count < 300 && !text.contains { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        return isShort || Self.decodes(Google_Protobuf_Value.self, text)
    }

    /// Whether SwiftProtobuf reads a scalar, so that both looks agree.
    private static func decodes<M: Message>(_ type: M.Type, _ text: ArraySlice<UInt8>) -> Bool {
        // A bare null is read as an absent value, which is not what is asked here.
        text.first != UInt8(ascii: "n") && (try? M(jsonUTF8Bytes: ByteView(text), options: ModelJSON.strict)) != nil
    }
}
