/// Prints integral doubles as integers: `42.0` becomes `42`.
///
/// SwiftProtobuf prints the numbers of `google.protobuf.Value` as doubles; other implementations print integers, and
/// people and signatures notice the difference. `1.5`, `10.05`, `1e+16` and `-0.0` stay: the last would lose its
/// sign in a reader that takes `-0` for an integer.
package enum IntegralNumbers {
    /// Rewrites one valid JSON text in place.
    ///
    /// Costs one look for `.0` where there is nothing to do.
    package static func rewrite(_ json: inout [UInt8]) {
        guard let first = Self.firstCandidate(json) else { return }
        let count = json.withUnsafeMutableBufferPointer { Self.compact($0, candidate: first) }
        json.removeLast(json.count - count)
    }

    /// The place of the first `.0`, inside a string or not.
    private static func firstCandidate(_ json: [UInt8]) -> Int? {
        json.withUnsafeBufferPointer { buffer in
            guard buffer.count >= 2 else { return nil }
            for index in 0..<(buffer.count - 1)
            where buffer[index] == UInt8(ascii: ".") && buffer[index + 1] == UInt8(ascii: "0") {
                return index
            }
            return nil
        }
    }

    /// Moves the bytes that stay to the front, and returns how many they are.
    private static func compact(_ buffer: UnsafeMutableBufferPointer<UInt8>, candidate: Int) -> Int {
        var (read, write) = (0, 0)
        var isInString = false
        while read < buffer.count {
            let byte = buffer[read]
            if isInString {
                if byte == UInt8(ascii: "\\"), read + 1 < buffer.count {
                    buffer[write] = byte
                    write += 1
                    read += 1
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == UInt8(ascii: "."), read >= candidate, Self.isWhole(buffer, at: read),
                !Self.isNegativeZero(buffer, before: write)
            {
                read += 2
                continue
            }
            buffer[write] = buffer[read]
            write += 1
            read += 1
        }
        return write
    }

    /// Whether the fraction at `index` is `.0` and ends the number.
    private static func isWhole(_ buffer: UnsafeMutableBufferPointer<UInt8>, at index: Int) -> Bool {
        guard index + 1 < buffer.count, buffer[index + 1] == UInt8(ascii: "0") else { return false }
        guard index + 2 < buffer.count else { return true }
        switch buffer[index + 2] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: return true
        default: return false
        }
    }

    /// Whether what was written last is the number `-0`.
    private static func isNegativeZero(_ buffer: UnsafeMutableBufferPointer<UInt8>, before write: Int) -> Bool {
        write >= 2 && buffer[write - 1] == UInt8(ascii: "0") && buffer[write - 2] == UInt8(ascii: "-")
    }
}
