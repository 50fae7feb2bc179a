/// RESET: ends a stream at once, in both directions (spec/bindings/tcp.md §4.4).
///
/// `Code: 16, TextLen: 16, RetryAfterMs: 32, Text, Details`.
package struct TCPReset: Hashable, Sendable {
    /// Most octets of ``text``.
    package static let maxTextOctets = 1_024
    /// Most octets of ``details``.
    package static let maxDetailsOctets = 16_384

    package var code: TCPErrorCode
    /// No part of the call reached the application, so it may be made again whatever its method.
    package var isNotProcessed = false
    /// Milliseconds to wait before trying again. 0: no advice.
    package var retryAfterMilliseconds: UInt32 = 0
    /// For a person. Cut to 1,024 octets when it is sent.
    package var text: String
    /// `google.rpc.Status` (encoding 1) or the JSON array of `data` (encoding 2); empty if there is nothing.
    package var details: [UInt8]

    package init(
        _ code: TCPErrorCode, _ text: String = "", notProcessed: Bool = false, retryAfterMilliseconds: UInt32 = 0,
        details: [UInt8] = []
    ) {
        self.code = code
        self.text = text
        self.isNotProcessed = notProcessed
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.details = details
    }

    package init(from reader: inout TCPByteReader, flags: TCPFrameFlags) throws(TCPViolation) {
        self.code = TCPErrorCode(rawValue: try reader.read(UInt16.self))
        self.isNotProcessed = flags.contains(.notProcessed)
        let length = Int(try reader.read(UInt16.self))
        self.retryAfterMilliseconds = try reader.read(UInt32.self)
        guard length <= Self.maxTextOctets else { throw .connection(.frameError, "text above 1,024 octets") }
        self.text = String(decoding: try reader.read(count: length), as: UTF8.self)
        guard reader.remaining <= Self.maxDetailsOctets else {
            throw .connection(.frameError, "details above 16,384 octets")
        }
        self.details = Array(reader.readRest())
    }

    package func encode(stream: UInt32, into sink: inout some TCPByteSink) {
        let text = Self.cut(self.text)
        let details = self.details.count <= Self.maxDetailsOctets ? self.details : []
        let flags: TCPFrameFlags = self.isNotProcessed ? .notProcessed : []
        TCPFrameHeader(.reset, flags: flags, length: 8 + text.count + details.count, stream: stream)
            .encode(into: &sink)
        sink.append(bigEndian: self.code.rawValue)
        sink.append(bigEndian: UInt16(truncatingIfNeeded: text.count))
        sink.append(bigEndian: self.retryAfterMilliseconds)
        sink.append(octets: text)
        sink.append(octets: details)
    }

    /// The text in at most 1,024 octets, never ending within a character.
    fileprivate static func cut(_ text: String) -> [UInt8] {
        var octets = Array(text.utf8.prefix(Self.maxTextOctets + 1))
        guard octets.count > Self.maxTextOctets else { return octets }
        repeat {
            let last = octets.removeLast()
            if last & 0xC0 != 0x80 { break }
        } while !octets.isEmpty
        return octets
    }
}

/// GOAWAY: no more calls from the peer are taken (spec/bindings/tcp.md §4.4, §8.6).
///
/// `LastStream: 32, Code: 16, TextLen: 16, GraceMs: 32, RetryAfterMs: 32, Text`.
package struct TCPGoAway: Hashable, Sendable {
    /// Highest stream of the peer that was taken; 0 if none. Calls above it were not processed.
    package var lastStream: UInt32
    package var code: TCPErrorCode
    /// Milliseconds until calls that still run are ended. 0 with an error: at once.
    package var graceMilliseconds: UInt32 = 0
    /// Milliseconds to wait before connecting again. 0: no advice.
    package var retryAfterMilliseconds: UInt32 = 0
    /// For a person. Cut to 1,024 octets when it is sent.
    package var text: String

    package init(
        lastStream: UInt32, code: TCPErrorCode, text: String = "", graceMilliseconds: UInt32 = 0,
        retryAfterMilliseconds: UInt32 = 0
    ) {
        self.lastStream = lastStream
        self.code = code
        self.text = text
        self.graceMilliseconds = graceMilliseconds
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    package init(from reader: inout TCPByteReader) throws(TCPViolation) {
        self.lastStream = try reader.read(UInt32.self)
        self.code = TCPErrorCode(rawValue: try reader.read(UInt16.self))
        let length = Int(try reader.read(UInt16.self))
        self.graceMilliseconds = try reader.read(UInt32.self)
        self.retryAfterMilliseconds = try reader.read(UInt32.self)
        guard length == reader.remaining else { throw .connection(.frameError, "text length that is not the rest") }
        self.text = String(decoding: reader.readRest(), as: UTF8.self)
    }

    package func encode(into sink: inout some TCPByteSink) {
        let text = TCPReset.cut(self.text)
        TCPFrameHeader(.goAway, length: 16 + text.count).encode(into: &sink)
        sink.append(bigEndian: self.lastStream)
        sink.append(bigEndian: self.code.rawValue)
        sink.append(bigEndian: UInt16(truncatingIfNeeded: text.count))
        sink.append(bigEndian: self.graceMilliseconds)
        sink.append(bigEndian: self.retryAfterMilliseconds)
        sink.append(octets: text)
    }
}
