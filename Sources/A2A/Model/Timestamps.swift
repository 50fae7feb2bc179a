public import SwiftProtobuf

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A point in time, in JSON `2025-10-28T10:30:00.000Z`, a fraction of zero left out (§5.6.1).
public typealias A2ATimestamp = Google_Protobuf_Timestamp

extension A2ATimestamp {
    /// The current time, in whole milliseconds.
    public static var now: A2ATimestamp { A2ATimestamp(Date()) }

    /// A date, cut to whole milliseconds.
    ///
    /// What lies outside the years 1 to 9999 becomes the nearest time inside.
    public init(_ date: Date) {
        let seconds = date.timeIntervalSince1970
        let milliseconds = (seconds * 1000).rounded(.down)
        let range = Double(Self.minSeconds) * 1000...Double(Self.maxSeconds) * 1000
        let bounded = milliseconds.isNaN ? 0 : min(max(milliseconds, range.lowerBound), range.upperBound)
        self.init(milliseconds: Int64(bounded))
    }

    /// Milliseconds since the beginning of 1970.
    public init(milliseconds: Int64) {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        self.init()
        self.seconds = remainder < 0 ? quotient - 1 : quotient
        self.nanos = Int32(remainder < 0 ? remainder + 1000 : remainder) * 1_000_000
    }

    /// Whether this time lies before another.
    ///
    /// Both may come from a peer: nothing is computed that could overflow.
    public func isBefore(_ other: A2ATimestamp) -> Bool {
        (self.seconds, self.nanos) < (other.seconds, other.nanos)
    }

    /// Whether the time can be written: a year from 1 to 9999, nanoseconds from 0 to 999 999 999.
    public var isValid: Bool {
        (Self.minSeconds...Self.maxSeconds).contains(self.seconds) && (0..<1_000_000_000).contains(self.nanos)
    }

    /// 0001-01-01T00:00:00Z in seconds since 1970.
    private static let minSeconds: Int64 = -62_135_596_800
    /// 9999-12-31T23:59:59Z in seconds since 1970.
    private static let maxSeconds: Int64 = 253_402_300_799
}
