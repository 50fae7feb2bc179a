import A2A

/// What tasks ask of a connection. Carried out on its event loop, in the order of asking.
enum TCPCommand: Sendable {
    // A caller.
    case open(TCPOpening)
    case cancel(TCPClientCall, TCPReset)
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

    // The connection.
    case drain(graceMilliseconds: UInt32, retryAfterMilliseconds: UInt32)
    case close
}

/// A call that is to be opened.
struct TCPOpening: Sendable {
    let call: TCPClientCall
    let frame: TCPCall
    let credentials: [TCPCredentials.Entry]
    let request: [UInt8]
    let deadline: ContinuousClock.Instant?

    var isOverdue: Bool { self.deadline.map { $0 <= .now } ?? false }
}

/// The credential slots that an initiator writes: one for each set of credentials, the one unused for longest goes first.
struct TCPSlots {
    private var contents: [[TCPCredentials.Entry]] = []
    private var lastUse: [UInt64] = []
    private var uses: UInt64 = 0

    /// - Parameter limit: The peer's AUTH_SLOTS.
    /// - Returns: The slot for the credentials, and whether it must be written first.
    mutating func slot(for entries: [TCPCredentials.Entry], limit: Int) -> (slot: UInt16, mustWrite: Bool) {
        guard !entries.isEmpty else { return (0, false) }
        self.uses += 1
        if let index = self.contents.firstIndex(of: entries) {
            self.lastUse[index] = self.uses
            return (UInt16(clamping: index + 1), false)
        }
        if self.contents.count < max(1, limit) {
            self.contents.append(entries)
            self.lastUse.append(self.uses)
            return (UInt16(clamping: self.contents.count), true)
        }
        let index = self.lastUse.indices.min { self.lastUse[$0] < self.lastUse[$1] } ?? 0
        self.contents[index] = entries
        self.lastUse[index] = self.uses
        return (UInt16(clamping: index + 1), true)
    }
}
