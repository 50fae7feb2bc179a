/// The side of a connection: it decides who speaks first and which stream numbers are whose.
package enum TCPRole: Hashable, Sendable {
    /// Dialled; opens odd streams.
    case initiator
    /// Accepted; opens even streams.
    case listener
}

/// The octets of a message.
package enum TCPPayload: Hashable, Sendable {
    /// In the buffer that was given to `receive`: counted from its start, valid until it changes. Not copied.
    case inPlace(Range<Int>)
    /// Put together from several frames.
    case assembled([UInt8])
}

/// A message that has arrived completely.
package struct TCPMessage: Hashable, Sendable {
    package var stream: UInt32
    package var payload: TCPPayload
    package var sequence: UInt64?
    /// Whether nothing follows on this stream.
    package var isLast: Bool
    /// Octets to give to `consume` when the application has taken the message.
    package var cost: Int
}

/// What became of a call whose connection is gone.
package enum TCPFate: Hashable, Sendable {
    /// It cannot have reached the application and may be made again.
    case notProcessed
    /// It may have been done.
    case unknown
}

/// Why a connection ended.
package enum TCPClosure: Hashable, Sendable {
    /// What we told the peer.
    case violation(TCPErrorCode, String)
    /// What the peer told us.
    case goneAway(TCPGoAway)
    /// All calls ended after GOAWAY.
    case drained
    /// The peer does not speak this protocol; it gets no answer.
    case notA2A
    /// The preface names another version.
    case version(UInt8)
    /// The peer did not take what we write.
    case writeStalled
    /// The transport ended.
    case lost
}

/// Something for the driver of a connection to act on.
///
/// Each stream ends with exactly one of: a message with `isLast`, `end` (after which, at the responder, the response is
/// due), `reset`, `failed`, `lost`. After `call` the responder calls `release` once it holds nothing of the call any more.
package enum TCPEvent: Hashable, Sendable {
    /// The peer's HELLO is here.
    case ready(TCPHello)
    /// The peer wrote one of its credential slots.
    case credentials(TCPCredentials)
    /// The peer opened a call; its request follows as `message`.
    case call(stream: UInt32, TCPCall)
    case reply(stream: UInt32, TCPReply)
    case message(TCPMessage)
    /// END came alone.
    case end(stream: UInt32)
    /// The peer ended the stream.
    case reset(stream: UInt32, TCPReset)
    /// This side ended the stream by itself: a limit, a deadline, or a response that cannot be.
    case failed(stream: UInt32, TCPErrorCode, String)
    /// The connection ended, or GOAWAY says that the call was not taken.
    case lost(stream: UInt32, TCPFate)
    /// Everything queued on the stream was written; the next message may come.
    case sendable(stream: UInt32)
    /// More calls may be opened.
    case callCredit
    /// The peer takes no more calls. `closed` follows if it ends the connection at once.
    case goAway(TCPGoAway)
    /// The connection is over: write what is left, then close the transport. The last event.
    case closed(TCPClosure)
}

/// What is different for a peer that has not shown who it is (spec/bindings/tcp.md §10.3): it gets no credit beyond what HELLO
/// gives, and its time is limited.
package struct TCPUnknownPeers: Hashable, Sendable {
    /// Milliseconds until the connection is drained. Default 60 s.
    package var timeout: Int64 = 60_000
    /// Calls that it may open beside CALL_CREDIT once it is known.
    package var laterCalls = 0

    package init() {}
}

/// The limits of an endpoint, and what it says in HELLO.
package struct TCPConfiguration: Sendable {
    package var hello: TCPHello
    /// `false` on plaintext that leaves the machine: AUTH is then answered with INSECURE.
    package var acceptsCredentials = true
    package var versions: [TCPCall.Version] = [.v1]
    /// Numbers from 0x80 to 0xFE that this endpoint serves.
    package var privateMethods: Set<UInt8> = []

    /// What a peer gets that has not shown who it is; `nil` where it need not.
    package var unknownPeers: TCPUnknownPeers?
    /// Milliseconds after which a listener drains the connection; `nil` for never. Differs from connection to connection.
    package var ageLimit: Int64?
    /// Milliseconds that calls have then to end. Default 60 s.
    package var ageGrace: UInt32 = 60_000

    /// Octets of all messages of a connection that arrive in fragments or wait for the application. Default 16 MiB.
    package var reassemblyLimit = 16 << 20
    package var sharedBudget: (any TCPMemoryBudget)?
    /// Octets of payload per frame while several streams have something to send: one TLS record. Default 16,376.
    package var fragment = 16_376
    /// Octets of payload per frame while only one has. Default 65,535.
    package var loneFragment = 65_535

    /// Milliseconds until the preface is complete. Default 5 s.
    package var prefaceTimeout: Int64 = 5_000
    /// Milliseconds from then until HELLO is. Default 5 s.
    package var helloTimeout: Int64 = 5_000
    /// Milliseconds from a frame's first octet to its last. Default 10 s.
    package var frameTimeout: Int64 = 10_000
    /// Milliseconds until a PING is answered. Default 15 s.
    package var pingTimeout: Int64 = 15_000
    /// Milliseconds without progress in writing. Default 30 s.
    package var writeTimeout: Int64 = 30_000
    /// Octets per second that a message makes at least, averaged over 30 s. Default 1 KiB.
    package var leastMessageRate: Int64 = 1_024
    /// Glitches within the window before GOAWAY(CALM). Default 200.
    package var glitchLimit = 200
    /// Milliseconds of that window. Default 30 s.
    package var glitchWindow: Int64 = 30_000

    package init(hello: TCPHello = TCPHello()) { self.hello = hello }
}
