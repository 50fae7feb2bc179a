/// CREDIT: `Increment: 32`, 1 to 2^31 - 1 (spec/bindings/tcp.md §5).
package enum TCPCredit {
    /// Most calls or octets that may be outstanding.
    package static let max = 0x7FFF_FFFF
    /// Octets that a receiver grants at least at a time.
    package static let leastGrant = 1_024

    static let emptyData = TCPViolation.connection(.protocolError, "an empty DATA that ends nothing")

    static func increment(from reader: inout TCPByteReader) throws(TCPViolation) -> UInt32 {
        let increment = try reader.read(UInt32.self)
        guard (1...UInt32(Self.max)).contains(increment) else {
            throw .connection(.frameError, "an increment outside 1 to 2^31 - 1")
        }
        return increment
    }

    static func encode(_ increment: UInt32, stream: UInt32, into sink: inout some TCPByteSink) {
        TCPFrameHeader(.credit, length: 4, stream: stream).encode(into: &sink)
        sink.append(bigEndian: increment)
    }
}

/// What a peer may still send on a stream, and when it is granted more.
///
/// Octets are spent on arrival and come back when the application has taken them, half a window at a time. A message that
/// has begun and fits no longer into what is left gets what it needs beyond that, so that it always ends; this is taken off
/// what comes back later.
package struct TCPReceiveCredit: Hashable, Sendable {
    /// Octets that are outstanding when nothing is under way.
    package let window: Int
    /// Octets that the peer may still send.
    package private(set) var available: Int
    /// Octets that have arrived and that the application has not taken.
    package private(set) var held = 0
    /// Octets of a grant that is decided and not sent yet.
    package private(set) var pendingGrant = 0

    package init(window: Int) {
        self.window = window
        self.available = window
    }

    /// Takes the length of a MSG or DATA frame.
    ///
    /// - Throws: FLOW_CONTROL if the peer had no right to send it.
    package mutating func spend(_ length: Int) throws(TCPViolation) {
        // A grant that has not left cannot have been used.
        guard length <= self.available - self.pendingGrant else {
            throw .connection(.flowControl, "more octets than credit on a stream")
        }
        self.available -= length
        self.held += length
    }

    /// Lets a message go on of which `remaining` octets are missing.
    package mutating func continueMessage(remaining: Int) {
        guard self.available < remaining, self.available < self.window / 2 else { return }
        self.grant(Swift.max(Swift.min(remaining, self.window) - self.available, TCPCredit.leastGrant))
    }

    /// Gives back what the application has taken.
    package mutating func release(_ octets: Int) {
        self.held -= Swift.min(Swift.max(octets, 0), self.held)
        let room = self.window - self.available - self.held
        if room >= self.window / 2 { self.grant(room) }
    }

    /// The increment to send now, or `nil`.
    package mutating func takeGrant() -> UInt32? {
        guard self.pendingGrant > 0 else { return nil }
        defer { self.pendingGrant = 0 }
        return UInt32(clamping: self.pendingGrant)
    }

    private mutating func grant(_ octets: Int) {
        let octets = Swift.min(octets, TCPCredit.max - self.available)
        self.available += octets
        self.pendingGrant += octets
    }
}
