/// Reads JSON without building anything: checks it against the grammar of RFC 8259 and tells where values lie.
///
/// A scanner stands before a value, or inside one object or array that it has entered. It skips nested values
/// without recursion and, up to 64 levels, without allocation. Ranges are indices of the slice it was made with.
///
/// Every text is checked in full: escapes, numbers, literals, UTF-8 inside strings. Offsets in failures count
/// bytes from the start of the slice.
package struct JSONScanner {
    /// The most levels of arrays and objects that are followed.
    ///
    /// Decoders have limits of their own below it.
    package static let defaultMaxDepth = 512

    /// What is wrong with a text, and at which byte.
    package struct Failure: Error, Equatable {
        package enum Reason: Sendable { case syntax, invalidUTF8, tooDeep }

        package var reason: Reason
        /// Bytes from the start of the text.
        package var offset: Int
        /// What the grammar wants there, such as `a value`.
        package var expected: String
    }

    /// The kinds of JSON values.
    package enum Kind: Sendable { case object, array, string, number, bool, null }

    /// One member of an object.
    package struct Member: Sendable {
        /// The name, between the quotes and with its escapes.
        package var name: Range<Int>
        /// Whether the name contains escapes.
        package var nameHasEscapes: Bool
        /// The value, without the space around it.
        package var value: Range<Int>
    }

    private let bytes: ArraySlice<UInt8>
    private let maxDepth: Int
    private var index: Int
    private var isFirst = true

    /// A scanner before the first value of a text.
    package init(_ bytes: ArraySlice<UInt8>, maxDepth: Int = JSONScanner.defaultMaxDepth) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        self.index = bytes.startIndex
    }

    /// Checks that the text is one JSON value and nothing else.
    package static func validate(
        _ bytes: ArraySlice<UInt8>, maxDepth: Int = JSONScanner.defaultMaxDepth
    ) throws(Failure) {
        var scanner = JSONScanner(bytes, maxDepth: maxDepth)
        _ = try scanner.skipValue()
        try scanner.finish()
    }

    /// The kind of the value that comes next.
    package mutating func peek() throws(Failure) -> Kind {
        self.skipSpace()
        guard self.index < self.bytes.endIndex else { throw self.failure("a value") }
        switch self.bytes[self.index] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw self.failure("a value")
        }
    }

    /// Steps into the object or array that comes next.
    package mutating func enter() throws(Failure) {
        self.skipSpace()
        guard self.byte == UInt8(ascii: "{") || self.byte == UInt8(ascii: "[") else {
            throw self.failure("an object or an array")
        }
        self.index += 1
        self.isFirst = true
    }

    /// The next member of the object that was entered, or `nil` after the last; the scanner then stands behind it.
    package mutating func nextMember() throws(Failure) -> Member? {
        guard let name = try self.nextName() else { return nil }
        return Member(name: name.range, nameHasEscapes: name.hasEscapes, value: try self.skipValue())
    }

    /// The next element of the array that was entered, or `nil` after the last; the scanner then stands behind it.
    package mutating func nextElement() throws(Failure) -> Range<Int>? {
        guard try self.nextItem() else { return nil }
        return try self.skipValue()
    }

    /// Steps before the value of the next member of an object, which may be entered or skipped; `nil` after the last.
    mutating func nextName() throws(Failure) -> (range: Range<Int>, hasEscapes: Bool)? {
        guard try self.advance(to: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        guard self.byte == UInt8(ascii: "\"") else { throw self.failure("a member name in quotes") }
        let start = self.index + 1
        let hasEscapes = try self.skipString()
        let name = start..<(self.index - 1)
        self.skipSpace()
        guard self.byte == UInt8(ascii: ":") else { throw self.failure("':'") }
        self.index += 1
        return (name, hasEscapes)
    }

    /// Steps before the next element of an array, which may be entered or skipped; `false` after the last.
    mutating func nextItem() throws(Failure) -> Bool { try self.advance(to: UInt8(ascii: "]"), "',' or ']'") }

    /// Steps over one value.
    package mutating func skipValue() throws(Failure) -> Range<Int> {
        self.skipSpace()
        let (base, start, limit) = (self.bytes.startIndex, self.index, self.maxDepth)
        let end = try self.bytes.withUnsafeBufferPointer { (buffer) throws(Failure) -> Int in
            var walker = JSONWalker(buffer, from: start - base, maxDepth: limit)
            try walker.skipValue()
            return walker.index
        }
        self.index = base + end
        return start..<self.index
    }

    /// Checks that nothing but space follows.
    package mutating func finish() throws(Failure) {
        self.skipSpace()
        guard self.index == self.bytes.endIndex else { throw self.failure("the end of the text") }
    }

    /// Steps to the next item of a container; `false` if it ends here.
    private mutating func advance(to close: UInt8, _ expected: String) throws(Failure) -> Bool {
        self.skipSpace()
        if self.byte == close {
            self.index += 1
            // The container around this one, if there is one, has had an item: this one.
            self.isFirst = false
            return false
        }
        if self.isFirst {
            self.isFirst = false
            return true
        }
        guard self.byte == UInt8(ascii: ",") else { throw self.failure(expected) }
        self.index += 1
        self.skipSpace()
        return true
    }

    private mutating func skipString() throws(Failure) -> Bool {
        let (base, start, limit) = (self.bytes.startIndex, self.index, self.maxDepth)
        let (end, escapes) = try self.bytes.withUnsafeBufferPointer { (buffer) throws(Failure) -> (Int, Bool) in
            var walker = JSONWalker(buffer, from: start - base, maxDepth: limit)
            let escapes = try walker.skipString()
            return (walker.index, escapes)
        }
        self.index = base + end
        return escapes
    }

    private var byte: UInt8? { self.index < self.bytes.endIndex ? self.bytes[self.index] : nil }

    private mutating func skipSpace() {
        while let byte = self.byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.index += 1 }
    }

    private func failure(_ expected: String) -> Failure {
        Failure(reason: .syntax, offset: self.index - self.bytes.startIndex, expected: expected)
    }
}
