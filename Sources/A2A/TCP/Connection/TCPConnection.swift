/// One side of an A2A/TCP connection as a value: what came in, what goes out, what is due. No I/O, no clock.
///
/// Both roles are the same code; calls go both ways. A driver, such as one channel handler, does this:
///
/// - octets arrived: call ``receive(_:at:now:)`` until it returns `nil`, act on each event, drop what was read;
/// - anything was queued and the transport is writable: call ``output(into:limit:now:)`` and write that;
/// - ``nextDeadline(now:)`` has come: call ``timePassed(now:)``;
/// - after any of these: take ``nextEvent()`` until it returns `nil`;
/// - the transport ended: call ``transportClosed()``.
///
/// Memory: the control frames that wait are bounded by the calls that are open, since call credit is only returned in
/// ``output(into:limit:now:)``; messages that arrive by `reassemblyLimit`; messages to send by whoever queues them, who waits
/// for `sendable`.
package struct TCPConnection {
    enum Phase { case preface, hello, open, closed }

    package let role: TCPRole
    let configuration: TCPConfiguration
    /// What the peer said; the defaults until it did.
    package internal(set) var peer = TCPHello()

    var phase = Phase.preface
    var pending = TCPQueue<TCPEvent>()
    var table = TCPStreamTable()
    var reservations: TCPReservations
    var glitches: TCPGlitchMeter

    // Calls of this side.
    var nextOwn: UInt64
    var ownOpened = 0
    /// Calls that this side may open in all. Until HELLO, an initiator may open the early ones.
    var ownLimit: Int

    // Calls of the peer.
    var nextPeer: UInt64
    var peerOpened = 0
    var peerLimit: Int
    /// Highest stream of the peer that was not refused.
    var lastAccepted: UInt32 = 0
    /// Calls that are over and whose credit was not returned yet.
    var returnableCalls = 0
    /// Calls that were granted beside those that come back.
    var grantedCalls: Int
    /// Whether the peer has shown who it is, as far as it must.
    package internal(set) var isPeerKnown: Bool

    /// Streams that were reset here last: what still comes on them is no fault of the peer.
    var recentResets = TCPRecentStreams()
    /// Slots that the peer wrote: when, and whether there is something in them.
    var slots: [UInt16: (writtenAt: TCPInstant, isSet: Bool)] = [:]

    var sentGoAway: TCPGoAway?
    var receivedGoAway: TCPGoAway?
    var drainDeadline: TCPInstant?

    // Output.
    var control: [UInt8] = []
    var granting: [UInt32] = []
    var acknowledgement: UInt64?
    var lastAcknowledged: TCPInstant?
    var scheduler = TCPScheduler()

    // Time.
    var wheel: TCPTimerWheel
    let startedAt: TCPInstant
    var phaseStarted: TCPInstant
    var lastReceived: TCPInstant
    var lastSent: TCPInstant
    var frameStarted: TCPInstant?
    var blockedSince: TCPInstant?
    var ping: (opaque: UInt64, sentAt: TCPInstant)?
    var pings: UInt64 = 0
    /// A PING that is to be written.
    var isPingDue = false
    var nextRateCheck: TCPInstant

    /// Calls that an initiator may open before it has seen the listener's HELLO.
    package static let earlyCalls = 8
    /// Highest stream number; an endpoint that has come so far drains.
    package static let lastStreamNumber: UInt64 = 0xFFFF_FF00

    package init(_ role: TCPRole, _ configuration: TCPConfiguration, now: TCPInstant) {
        self.role = role
        self.configuration = configuration
        self.reservations = TCPReservations(
            limit: configuration.reassemblyLimit, shared: configuration.sharedBudget)
        self.glitches = TCPGlitchMeter(
            limit: configuration.glitchLimit, windowMilliseconds: configuration.glitchWindow)
        let credit = Int(configuration.hello.settings.callCredit)
        self.nextOwn = role == .initiator ? 1 : 2
        self.nextPeer = role == .initiator ? 2 : 1
        self.ownLimit = role == .initiator ? Self.earlyCalls : 0
        self.peerLimit = role == .listener ? max(credit, Self.earlyCalls) : credit
        self.grantedCalls = credit
        self.isPeerKnown = configuration.unknownPeers == nil
        self.wheel = TCPTimerWheel(now: now)
        self.startedAt = now
        self.phaseStarted = now
        self.lastReceived = now
        self.lastSent = now
        self.nextRateCheck = now
        if role == .initiator { self.greet() }
    }

    /// The preface and HELLO go out together.
    mutating func greet() {
        self.control.append(octets: TCPPreface.octets)
        self.configuration.hello.encode(into: &self.control)
    }

    // MARK: What the driver may ask

    /// Whether the connection is over.
    package var isClosed: Bool { self.phase == .closed }

    /// Whether the peer's HELLO has come.
    package var isReady: Bool { self.phase == .open }

    /// Whether a PING is under way: there was silence before it.
    package var isWaitingForPing: Bool { self.ping != nil }

    /// Calls that may be opened now.
    package var availableCalls: Int {
        self.phase == .closed || self.isGoingAway ? 0 : max(0, self.ownLimit - self.ownOpened)
    }

    /// Whether no new calls are opened from here.
    package var isGoingAway: Bool { self.sentGoAway != nil || self.receivedGoAway != nil }

    /// Streams that are not over, and responders' streams whose handler was not released.
    package var openStreams: Int { self.table.count }

    /// Octets of messages that are reserved now.
    package var reservedOctets: Int { self.reservations.used }

    /// Glitches in the present window.
    package var glitchCount: Int { self.glitches.count }

    /// The state of a stream: `.closed` for one that is over and `.idle` for one that was never opened.
    package func state(of stream: UInt32) -> TCPStreamState {
        if let place = self.table.find(stream) { return self.table.streams[place].state }
        return self.isIdle(stream) ? .idle : .closed
    }

    /// Octets of messages that wait on a stream to be written.
    package func queuedOctets(on stream: UInt32) -> Int {
        self.table.find(stream).map { self.table.streams[$0].outgoing.octets } ?? 0
    }

    /// An event that no octets caused, or that came with another.
    package mutating func nextEvent() -> TCPEvent? { self.pending.popFirst() }

    func isIdle(_ stream: UInt32) -> Bool {
        let isOdd = stream & 1 == 1
        return isOdd == (self.role == .initiator) ? UInt64(stream) >= self.nextOwn : UInt64(stream) >= self.nextPeer
    }

    // MARK: Ends of streams

    /// Takes a stream out, or, at the responder, keeps its place until the handler is released.
    mutating func finish(_ place: Int) {
        let id = self.table.streams[place].id
        self.table.streams[place].state = .closed
        self.wheel.clear(place)
        self.table.streams[place].outgoing = TCPOutgoingQueue()
        if let assembly = self.table.streams[place].assembly {
            self.reservations.release(assembly.total)
            self.table.streams[place].assembly = nil
        }
        guard self.table.streams[place].isOurs || self.table.streams[place].isReleased else { return }
        self.reservations.release(self.table.streams[place].reserved)
        if !self.table.streams[place].isOurs { self.returnableCalls += 1 }
        self.table.remove(id)
    }

    /// Ends a stream with RESET.
    mutating func finish(_ place: Int, with reset: TCPReset) {
        let id = self.table.streams[place].id
        reset.encode(stream: id, into: &self.control)
        self.recentResets.insert(id)
        self.finish(place)
    }

    /// Counts a glitch.
    ///
    /// - Throws: CALM when there are too many.
    mutating func glitch(now: TCPInstant) throws(TCPViolation) {
        if self.glitches.record(now: now) { throw .connection(.calm, "too many useless frames") }
    }
}

/// The last 1,024 streams that this side reset.
struct TCPRecentStreams {
    static let limit = 1_024
    private var ids: [UInt32] = []
    private var next = 0

    mutating func insert(_ id: UInt32) {
        if self.ids.count < Self.limit {
            self.ids.append(id)
        } else {
            self.ids[self.next] = id
            self.next = (self.next + 1) % Self.limit
        }
    }

    func contains(_ id: UInt32) -> Bool { self.ids.contains(id) }
}
