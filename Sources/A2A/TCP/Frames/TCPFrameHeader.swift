/// The frame types of version 1 (spec/bindings/tcp.md §4.2).
package enum TCPFrameType: UInt8, Sendable, CaseIterable {
    case hello = 0x01
    case auth, call, reply, message, data, credit, reset, ping, goAway

    /// Lengths of payload that the type can have, in octets.
    package var payloadLengths: ClosedRange<Int> {
        switch self {
        case .hello: 1...17_915
        case .auth: 2...16_384
        case .call: 12...16_421
        case .reply: 8...16_392
        case .message: 4...65_535
        case .data: 0...65_535
        case .credit: 4...4
        case .reset: 8...17_416
        case .ping: 8...8
        case .goAway: 16...1_040
        }
    }

    /// The flags that version 1 defines for the type.
    package var definedFlags: TCPFrameFlags {
        switch self {
        case .call: .trace
        case .message: [.end, .sequence]
        case .data: .end
        case .reset: .notProcessed
        case .ping: .acknowledgement
        case .hello, .auth, .reply, .credit, .goAway: []
        }
    }

    /// On which streams the type may come.
    fileprivate func allows(streamZero isZero: Bool) -> Bool {
        switch self {
        case .hello, .auth, .ping, .goAway: isZero
        case .call, .reply, .message, .data, .reset: !isZero
        case .credit: true
        }
    }
}

/// The flags of a frame; what a bit means depends on the type.
package struct TCPFrameFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// CALL: a trace context follows the fixed fields.
    package static let trace = Self(rawValue: 0x01)
    /// MSG and DATA: the sender sends nothing more on this stream.
    package static let end = Self(rawValue: 0x01)
    /// MSG: the message is the event with this number of its task.
    package static let sequence = Self(rawValue: 0x04)
    /// RESET: no part of the call reached the application.
    package static let notProcessed = Self(rawValue: 0x01)
    /// PING: the answer to one.
    package static let acknowledgement = Self(rawValue: 0x01)
}

/// The eight octets before each payload: `type: 8, flags: 8, length: 16, stream: 32`, big-endian.
package struct TCPFrameHeader: Hashable, Sendable {
    /// Octets of a header.
    package static let size = 8
    /// Octets of the largest frame; a receiver needs no larger buffer.
    package static let maxFrameSize = Self.size + 65_535

    package var type: UInt8
    package var flags: TCPFrameFlags
    /// Octets of payload.
    package var length: Int
    package var stream: UInt32

    package init(type: UInt8, flags: TCPFrameFlags, length: Int, stream: UInt32) {
        self.type = type
        self.flags = flags
        self.length = length
        self.stream = stream
    }

    package init(_ type: TCPFrameType, flags: TCPFrameFlags = [], length: Int, stream: UInt32 = 0) {
        self.init(type: type.rawValue, flags: flags, length: length, stream: stream)
    }

    /// The header at `offset`, or `nil` while it is not complete.
    package init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard offset >= 0, bytes.count - offset >= Self.size else { return nil }
        let word = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        self.type = UInt8(truncatingIfNeeded: word >> 56)
        self.flags = TCPFrameFlags(rawValue: UInt8(truncatingIfNeeded: word >> 48))
        self.length = Int(UInt16(truncatingIfNeeded: word >> 32))
        self.stream = UInt32(truncatingIfNeeded: word)
    }

    /// Checks what can be known before the payload is there.
    ///
    /// - Returns: The type, or `nil` for a frame that is to be skipped (types from 0x80 that we do not know).
    /// - Throws: PROTOCOL_ERROR for an unknown type or a type on a stream where it cannot be, FRAME_ERROR for an
    ///   undefined flag or a length that the type cannot have.
    package func checked() throws(TCPViolation) -> TCPFrameType? {
        guard let type = TCPFrameType(rawValue: self.type) else {
            if self.type >= 0x80 { return nil }
            throw .connection(.protocolError, "unknown frame type")
        }
        guard self.flags.isSubset(of: type.definedFlags) else {
            throw .connection(.frameError, "undefined flag")
        }
        guard type.allows(streamZero: self.stream == 0) else {
            throw .connection(.protocolError, "frame type on a stream where it cannot be")
        }
        var lengths = type.payloadLengths
        if type == .message, self.flags.contains(.sequence) { lengths = 12...lengths.upperBound }
        if type == .call, self.flags.contains(.trace) { lengths = 37...lengths.upperBound }
        if type == .call, !self.flags.contains(.trace) { lengths = lengths.lowerBound...(12 + 16_384) }
        guard lengths.contains(self.length) else {
            throw .connection(.frameError, "payload length that the frame type cannot have")
        }
        return type
    }

    package func encode(into sink: inout some TCPByteSink) {
        var word = UInt64(self.type) << 56 | UInt64(self.flags.rawValue) << 48
        word |= UInt64(UInt16(truncatingIfNeeded: self.length)) << 32 | UInt64(self.stream)
        sink.append(bigEndian: word)
    }
}

/// The eight octets that each side sends first: `A2A/TCP` and the version.
package enum TCPPreface {
    package static let version: UInt8 = 1
    package static let octets: [UInt8] = Array("A2A/TCP".utf8) + [Self.version]
}
