import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Identifiers of messages, tasks, contexts and artifacts.
package enum Identifier {
    /// The length of an identifier in characters, all ASCII.
    package static let length = 36

    private static let generator = Mutex(UUIDv7Generator())

    /// A fresh UUID, version 7, in lower case: `0190163d-8694-739b-aea5-966c26f8ad91`.
    ///
    /// Later identifiers of one process compare greater than earlier ones, as text too; that of another call cannot
    /// be guessed from one. Safe to call from any thread.
    package static func make() -> String {
        let milliseconds = Self.milliseconds
        let uuid = self.generator.withLock { $0.next(milliseconds: milliseconds) }
        return Self.text(high: uuid.high, low: uuid.low)
    }

    /// Milliseconds since 1970, never negative.
    private static var milliseconds: UInt64 {
        UInt64(exactly: (Date().timeIntervalSince1970 * 1000).rounded(.down)) ?? 0
    }

    /// Sixteen bytes in groups of 8-4-4-4-12 hexadecimal digits.
    private static func text(high: UInt64, low: UInt64) -> String {
        String(unsafeUninitializedCapacity: Self.length) { buffer in
            var position = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer.initializeElement(at: position, to: UInt8(ascii: "-"))
                    position += 1
                }
                let word = index < 8 ? high : low
                let byte = UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64(index & 7)))
                buffer.initializeElement(at: position, to: Self.hexDigit(byte >> 4))
                buffer.initializeElement(at: position + 1, to: Self.hexDigit(byte & 0xF))
                position += 2
            }
            return position
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}

/// Makes UUIDs of version 7 in ascending order (RFC 9562, §5.7 and §6.2 method 2).
///
/// Layout: 48 bits of milliseconds, 4 bits of version, 12 random bits, 2 bits of variant, 62 random bits. Within one
/// millisecond, and while the clock stands still or runs back, the random part grows by a random step.
package struct UUIDv7Generator: Sendable {
    /// Milliseconds since 1970 in the last UUID, 48 bits.
    private var milliseconds: UInt64 = 0
    /// The 12 random bits after the version.
    private var randomHigh: UInt64 = 0
    /// The 62 random bits after the variant.
    private var randomLow: UInt64 = 0
    private var random = RandomBuffer()

    private static let timeMask: UInt64 = (1 << 48) - 1
    private static let highMask: UInt64 = (1 << 12) - 1
    private static let lowMask: UInt64 = (1 << 62) - 1

    package init() {}

    /// The next UUID at a time given in milliseconds since 1970.
    package mutating func next(milliseconds now: UInt64) -> (high: UInt64, low: UInt64) {
        let now = now & Self.timeMask
        if now > self.milliseconds {
            self.start(at: now)
        } else {
            self.step()
        }
        return (
            high: self.milliseconds << 16 | 0x7 << 12 | self.randomHigh,
            low: 0b10 << 62 | self.randomLow
        )
    }

    private mutating func start(at milliseconds: UInt64) {
        self.milliseconds = milliseconds & Self.timeMask
        // The top bit starts clear, which leaves room for 2^73 steps.
        self.randomHigh = self.random.next() & (Self.highMask >> 1)
        self.randomLow = self.random.next() & Self.lowMask
    }

    private mutating func step() {
        self.randomLow += 1 + (self.random.next() >> 32)
        guard self.randomLow > Self.lowMask else { return }
        self.randomLow &= Self.lowMask
        self.randomHigh += 1
        if self.randomHigh > Self.highMask { self.start(at: self.milliseconds + 1) }
    }
}

/// Random words from the system's generator, fetched in batches.
///
/// One system call for each word would cost more than all the rest of an identifier.
private struct RandomBuffer: Sendable {
    /// Words per batch, 8 bytes each: the 256 bytes that `getentropy` gives at most.
    private static let capacity = 32

    private var words: [UInt64] = []

    mutating func next() -> UInt64 {
        if let word = self.words.popLast() { return word }
        self.words = Self.batch()
        return self.words.popLast() ?? UInt64.random(in: .min ... .max)
    }

    private static func batch() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: Self.capacity)
        let isFilled = words.withUnsafeMutableBytes { bytes in
            #if canImport(Glibc) || canImport(Musl)
                return bytes.baseAddress.map { getentropy($0, bytes.count) == 0 } ?? false
            #else
                return false
            #endif
        }
        return isFilled ? words : words.map { _ in UInt64.random(in: .min ... .max) }
    }
}
