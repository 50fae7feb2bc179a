/// Small pieces of JSON text, written and read by hand where the model's own coder is not involved.
package enum JSONText {
    /// Appends a string in quotes, with the escapes that JSON asks for.
    package static func append(_ string: String, to output: inout [UInt8]) {
        var string = string
        output.append(UInt8(ascii: "\""))
        string.withUTF8 { utf8 in
            var start = utf8.startIndex
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                output.append(contentsOf: utf8[start..<index])
                Self.appendEscape(byte, to: &output)
                start = index + 1
            }
            output.append(contentsOf: utf8[start...])
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Appends text that is JSON already.
    package static func append(raw text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The string whose content, between the quotes, is `content`; `nil` if it holds an escape or bytes that are
    /// no Unicode.
    package static func string(content: ArraySlice<UInt8>, hasEscapes: Bool = true) -> String? {
        guard hasEscapes, content.contains(UInt8(ascii: "\\")) else {
            return String(validating: content, as: UTF8.self)
        }
        var output: [UInt8] = []
        output.reserveCapacity(content.count)
        var rest = content
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(escape)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = Self.scalar(&rest) else { return nil }
                output.append(contentsOf: String(scalar).utf8)
            default: return nil
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    /// The string in the JSON text `value`, quotes included; `nil` if it is no string.
    package static func string(_ value: ArraySlice<UInt8>) -> String? {
        guard value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") else { return nil }
        return Self.string(content: value.dropFirst().dropLast())
    }

    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let high = Self.codeUnit(&rest) else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
            let low = Self.codeUnit(&rest), (0xDC00..<0xE000).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    }

    private static func codeUnit(_ rest: inout ArraySlice<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = rest.popFirst()?.hexValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x09: output.append(UInt8(ascii: "t"))
        default:
            Self.append(raw: "u00", to: &output)
            output.append(Self.hexDigit(byte >> 4))
            output.append(Self.hexDigit(byte & 0x0F))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
