import A2A

/// What tasks ask of a connection. Carried out on its event loop, in the order of asking.
enum TCPCommand: Sendable {
    // A caller.
    case open(TCPOpening)
    case cancel(TCPClientCall, TCPReset)
    /// Newer credentials of somebody.
    case renew(UInt64, [TCPCredentials.Entry])
    /// The reader has taken so many octets.
    case consume(Int, TCPClientCall)

    // A responder.
    case reply(UInt32, TCPReply)
    case send(UInt32, [UInt8], sequence: UInt64?, isLast: Bool)
    case end(UInt32)
    case reset(UInt32, TCPReset)
    /// The task that answers has failed and is done: what it said before is written first.
    case fail(UInt32, TCPReset)
    case release(UInt32)
    /// The peer has shown who it is.
    case peerIsKnown

    // The connection.
    case drain(graceMilliseconds: UInt32, retryAfterMilliseconds: UInt32)
    case close
    /// Calls the closure once no more calls can be opened.
    case watch(@Sendable () -> Void)
}

/// A call that is to be opened.
struct TCPOpening: Sendable {
    let call: TCPClientCall
    let frame: TCPCall
    let credentials: [TCPCredentials.Entry]
    /// Whose they are.
    let identity: UInt64?
    let request: [UInt8]
    let deadline: ContinuousClock.Instant?
    /// Of the request; only Notify has one.
    var sequence: UInt64?

    var isOverdue: Bool { self.deadline.map { $0 <= .now } ?? false }
}
