import A2A

/// The time that a caller gives a call, as `grpc-timeout` has it: up to eight digits and a unit.
enum GRPCTimeout {
    /// The most digits.
    private static let maxDigits = 8
    private static let maxValue: Int64 = 99_999_999

    static func parse(_ text: String) -> Duration? {
        var digits = text.utf8[...]
        guard let unit = digits.popLast(), (1...Self.maxDigits).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        switch unit {
        case UInt8(ascii: "H"): return .seconds(value * 3600)
        case UInt8(ascii: "M"): return .seconds(value * 60)
        case UInt8(ascii: "S"): return .seconds(value)
        case UInt8(ascii: "m"): return .milliseconds(value)
        case UInt8(ascii: "u"): return .microseconds(value)
        case UInt8(ascii: "n"): return .nanoseconds(value)
        default: return nil
        }
    }

    /// The finest form that has room; nothing is left of a time that is over.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard seconds > 0 || (seconds == 0 && attoseconds > 0) else { return "0n" }
        if seconds < 90 { return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)u" }
        if seconds < 90_000 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)m" }
        return seconds <= Self.maxValue ? "\(seconds)S" : "\(min(seconds / 3600, Self.maxValue))H"
    }

    static func malformed(_ text: String) -> A2AError {
        A2AError(
            .invalidRequest,
            "The timeout '\(text.prefix(32))' is none; send up to eight digits and one of the units H, M, S, m, u, n.")
    }
}
