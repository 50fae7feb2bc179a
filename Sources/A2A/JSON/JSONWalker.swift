/// The inner loop of ``JSONScanner``: steps over one value in a buffer.
///
/// Every read is guarded by `index < count`, so that no input can lead it outside the buffer.
struct JSONWalker {
    private typealias Failure = JSONScanner.Failure

    private let buffer: UnsafeBufferPointer<UInt8>
    private let count: Int
    private let maxDepth: Int
    private(set) var index: Int

    init(_ buffer: UnsafeBufferPointer<UInt8>, from index: Int, maxDepth: Int) {
        self.buffer = buffer
        self.count = buffer.count
        self.index = index
        self.maxDepth = maxDepth
    }

    /// Steps over the value that comes next, with everything in it.
    mutating func skipValue() throws(JSONScanner.Failure) {
        var containers = ContainerStack()
        while true {
            self.skipSpace()
            switch self.byte {
            case UInt8(ascii: "{"):
                try self.open(isObject: true, &containers)
                if self.take(UInt8(ascii: "}")) { containers.pop() } else { try self.skipName(); continue }
            case UInt8(ascii: "["):
                try self.open(isObject: false, &containers)
                if self.take(UInt8(ascii: "]")) { containers.pop() } else { continue }
            case UInt8(ascii: "\""): _ = try self.skipString()
            case UInt8(ascii: "t"): try self.skipLiteral("true")
            case UInt8(ascii: "f"): try self.skipLiteral("false")
            case UInt8(ascii: "n"): try self.skipLiteral("null")
            default: try self.skipNumber()
            }
            // A value has ended: close what ends with it, and find the next one.
            while true {
                guard containers.depth > 0 else { return }
                self.skipSpace()
                if self.byte == UInt8(ascii: ",") {
                    self.index += 1
                    if containers.isObject { try self.skipName() }
                    break
                }
                let close = containers.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
                guard self.take(close) else {
                    throw self.failure(containers.isObject ? "',' or '}'" : "',' or ']'")
                }
                containers.pop()
            }
        }
    }

    /// Steps over a string; tells whether it has escapes.
    mutating func skipString() throws(JSONScanner.Failure) -> Bool {
        self.index += 1
        var escapes = false
        while true {
            self.skipPlainBytes()
            guard let byte = self.byte else { throw self.failure("the end of a string") }
            switch byte {
            case UInt8(ascii: "\""):
                self.index += 1
                return escapes
            case UInt8(ascii: "\\"):
                escapes = true
                try self.skipEscape()
            case 0..<0x20: throw self.failure("control characters in strings to be escaped")
            case 0x80...: try self.skipMultibyte(byte)
            default: self.index += 1
            }
        }
    }

    /// Steps over eight bytes at a time as long as they are plain characters of a string.
    private mutating func skipPlainBytes() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let raw = UnsafeRawBufferPointer(self.buffer)
        while self.index &+ 8 <= self.count {
            let word = raw.loadUnaligned(fromByteOffset: self.index, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let special =
                ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                | ((word &- (ones &* 0x20)) & ~word) | word
            guard special & highs == 0 else { return }
            self.index &+= 8
        }
    }

    private mutating func skipEscape() throws(JSONScanner.Failure) {
        self.index += 1
        switch self.byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            self.index += 1
        case UInt8(ascii: "u"):
            self.index += 1
            for _ in 0..<4 {
                guard let digit = self.byte, digit.hexValue != nil else { throw self.failure("four hex digits") }
                self.index += 1
            }
        default: throw self.failure("an escape")
        }
    }

    /// Steps over one character of two to four bytes, after the table in RFC 3629 §4.
    private mutating func skipMultibyte(_ lead: UInt8) throws(JSONScanner.Failure) {
        let start = self.index
        let second: ClosedRange<UInt8>
        let length: Int
        switch lead {
        case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
        case 0xE0: (second, length) = (0xA0...0xBF, 3)
        case 0xED: (second, length) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
        case 0xF0: (second, length) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
        case 0xF4: (second, length) = (0x80...0x8F, 4)
        default: throw self.failure("UTF-8", .invalidUTF8)
        }
        guard start + length <= self.count, second.contains(self.buffer[start + 1]),
            self.buffer[(start + 2)..<max(start + 2, start + length)].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw self.failure("UTF-8", .invalidUTF8) }
        self.index = start + length
    }

    private mutating func skipNumber() throws(JSONScanner.Failure) {
        if self.byte == UInt8(ascii: "-") {
            self.index += 1
            guard let digit = self.byte, digit.isDigit else { throw self.failure("a digit") }
        }
        guard let first = self.byte, first.isDigit else { throw self.failure("a value") }
        self.index += 1
        if first != UInt8(ascii: "0") {
            self.skipDigits()
        } else if let next = self.byte, next.isDigit {
            throw self.failure("no digit after a leading zero")
        }
        if self.byte == UInt8(ascii: ".") {
            self.index += 1
            guard self.skipDigits() > 0 else { throw self.failure("a digit") }
        }
        if self.byte == UInt8(ascii: "e") || self.byte == UInt8(ascii: "E") {
            self.index += 1
            if self.byte == UInt8(ascii: "+") || self.byte == UInt8(ascii: "-") { self.index += 1 }
            guard self.skipDigits() > 0 else { throw self.failure("a digit") }
        }
    }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = self.index
        while let byte = self.byte, byte.isDigit { self.index += 1 }
        return self.index - start
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONScanner.Failure) {
        let length = literal.utf8CodeUnitCount
        guard self.index + length <= self.count else { throw self.failure("a value") }
        for offset in 0..<length where self.buffer[self.index + offset] != literal.utf8Start[offset] {
            throw self.failure("a value")
        }
        self.index += length
    }

    /// Steps over `"name":`.
    private mutating func skipName() throws(JSONScanner.Failure) {
        self.skipSpace()
        guard self.byte == UInt8(ascii: "\"") else { throw self.failure("a member name in quotes") }
        _ = try self.skipString()
        self.skipSpace()
        guard self.take(UInt8(ascii: ":")) else { throw self.failure("':'") }
    }

    private mutating func open(
        isObject: Bool, _ containers: inout ContainerStack
    ) throws(JSONScanner.Failure) {
        guard containers.depth < self.maxDepth else {
            throw self.failure("at most \(self.maxDepth) levels", .tooDeep)
        }
        containers.push(isObject: isObject)
        self.index += 1
        self.skipSpace()
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.byte == byte else { return false }
        self.index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.index += 1 }
    }

    private var byte: UInt8? { self.index < self.count ? self.buffer[self.index] : nil }

    private func failure(_ expected: String, _ reason: JSONScanner.Failure.Reason = .syntax) -> Failure {
        Failure(reason: reason, offset: self.index, expected: expected)
    }
}

/// Which containers are open: one bit a level, in a word for the first 64 and in an array beyond.
private struct ContainerStack {
    private(set) var depth = 0
    private var current: UInt64 = 0
    private var spilled: [UInt64] = []

    /// Whether the innermost container is an object.
    var isObject: Bool { self.current & 1 == 1 }

    mutating func push(isObject: Bool) {
        if self.depth > 0, self.depth % 64 == 0 {
            self.spilled.append(self.current)
            self.current = 0
        }
        self.current = self.current << 1 | (isObject ? 1 : 0)
        self.depth += 1
    }

    mutating func pop() {
        self.depth -= 1
        self.current >>= 1
        if self.depth > 0, self.depth % 64 == 0, let word = self.spilled.popLast() { self.current = word }
    }
}

extension UInt8 {
    /// Whether this is an ASCII digit.
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// The value of an ASCII hexadecimal digit.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
