import SwiftProtobuf

/// The canonical form of JSON (RFC 8785): one text for one value, whoever writes it.
///
/// No spaces, members in the order of their names in UTF-16, numbers as ECMAScript writes a double, strings with as few escapes as
/// JSON allows.
package enum CanonicalJSON {
    /// - Throws: ``A2AError`` with `.parseError` for what is no JSON, or nests deeper than 100 levels.
    package static func bytes(of json: [UInt8]) throws(A2AError) -> [UInt8] {
        let value: Google_Protobuf_Value
        do {
            value = try Google_Protobuf_Value(jsonUTF8Bytes: json)
        } catch {
            throw A2AError(.parseError, "It is not JSON, or nests too deep.", cause: error)
        }
        var output: [UInt8] = []
        output.reserveCapacity(json.count)
        Self.append(value, to: &output)
        return output
    }

    private static func append(_ value: Google_Protobuf_Value, to output: inout [UInt8]) {
        switch value.kind {
        case .boolValue(let flag): output.append(contentsOf: (flag ? "true" : "false").utf8)
        case .numberValue(let number): output.append(contentsOf: Self.text(number).utf8)
        case .stringValue(let text): Self.append(text, to: &output)
        case .listValue(let list):
            output.append(UInt8(ascii: "["))
            for (index, element) in list.values.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.append(element, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .structValue(let object):
            output.append(UInt8(ascii: "{"))
            let members = object.fields.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.append(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                Self.append(member.value, to: &output)
            }
            output.append(UInt8(ascii: "}"))
        case .nullValue, nil: output.append(contentsOf: "null".utf8)
        }
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x08: output.append(contentsOf: "\\b".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0C: output.append(contentsOf: "\\f".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0..<0x20: output.append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// A number as ECMAScript writes it (`Number::toString`): from the shortest digits that give the same double.
    package static func text(_ number: Double) -> String {
        guard number.isFinite, number != 0 else { return number == 0 ? "0" : "null" }
        let parts = number.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = mantissa.joined()[...]
        // The value is 0.digits × 10^point.
        var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.first == "0" {
            digits.removeFirst()
            point -= 1
        }
        while digits.last == "0" { digits.removeLast() }
        let sign = number < 0 ? "-" : ""
        let count = digits.count
        switch point {
        case count...21: return sign + digits + String(repeating: "0", count: point - count)
        case 1...21: return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        case -5...0: return sign + "0." + String(repeating: "0", count: -point) + digits
        default:
            let exponent = point - 1
            let fraction = count > 1 ? "." + digits.dropFirst() : ""
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(exponent.magnitude)"
        }
    }
}

extension A2AAgentCard {
    /// What the signatures of the card are over (§8.4.1): its canonical form without `signatures`.
    ///
    /// - Throws: ``A2AError`` with `.internal` if the card holds what JSON cannot express.
    package func canonicalBytes() throws(A2AError) -> [UInt8] {
        var card = self
        card.signatures = []
        return try CanonicalJSON.bytes(of: try ModelJSON.encode(card))
    }
}
