/// What an endpoint knows of one stream.
struct TCPStream {
    let id: UInt32
    /// Whether this endpoint made the call.
    let isOurs: Bool
    var state: TCPStreamState
    let priority: TCPPriority
    let openedAt: TCPInstant

    var receive: TCPReceiveCredit
    /// The message that is arriving in fragments.
    var assembly: TCPAssembly?
    /// Octets of finished messages that are still counted against the budget.
    var reserved = 0
    /// A request has one message; a second is an error.
    var hasMessage = false
    var hasReply = false
    /// Whether its messages may have numbers: all but the requests of calls other than Notify.
    var takesSequence = true

    /// Octets that may be sent. Falls below zero never; spent when a fragment is written.
    var sendCredit: Int
    var outgoing = TCPOutgoingQueue()
    var hasSent = false
    /// Whether END is in the queue or sent.
    var isFinished = false

    /// In the scheduler's ring.
    var isScheduled = false
    /// In the list of streams with a grant to send.
    var isGranting = false
    /// Responder: the handler holds nothing of this call any more.
    var isReleased = false

    init(
        id: UInt32, isOurs: Bool, priority: TCPPriority, window: Int, sendCredit: Int, openedAt: TCPInstant
    ) {
        self.id = id
        self.isOurs = isOurs
        self.state = isOurs ? .sending : .receiving
        self.priority = priority
        self.receive = TCPReceiveCredit(window: window)
        self.sendCredit = sendCredit
        self.openedAt = openedAt
    }

    /// Whether the next fragment is there and the credit suffices for it.
    var hasSendableFragment: Bool {
        self.state != .closed
            && self.outgoing.nextPayload(credit: self.sendCredit, limit: TCPCredit.leastGrant) != nil
    }
}

/// The streams of a connection by their numbers.
///
/// Streams lie in an array and are found over a hash table with linear probing: numbers are small, dense and never
/// chosen by the peer (each is the former + 2), so a multiplication spreads them well enough.
struct TCPStreamTable {
    /// All places; those on the free list hold closed streams.
    var streams: ContiguousArray<TCPStream> = []
    private var free: [Int] = []
    /// 0 marks an empty cell.
    private var keys: [UInt32] = []
    private var places: [Int32] = []
    private var mask = 0

    private(set) var count = 0

    init() { self.rebuild(capacity: 16) }

    func find(_ id: UInt32) -> Int? {
        guard id != 0 else { return nil }
        var cell = self.home(id)
        while true {
            let key = self.keys[cell]
            if key == id { return Int(self.places[cell]) }
            if key == 0 { return nil }
            cell = (cell + 1) & self.mask
        }
    }

    /// - Parameter stream: Its number must not be 0 and not be in the table.
    mutating func insert(_ stream: TCPStream) -> Int {
        if (self.count + 1) * 2 > self.keys.count { self.rebuild(capacity: self.keys.count * 2) }
        let place: Int
        if let old = self.free.popLast() {
            place = old
            self.streams[place] = stream
        } else {
            place = self.streams.count
            self.streams.append(stream)
        }
        self.put(stream.id, place)
        self.count += 1
        return place
    }

    /// Removes a stream and lets go of what it holds.
    mutating func remove(_ id: UInt32) {
        var cell = self.home(id)
        while self.keys[cell] != id {
            if self.keys[cell] == 0 { return }
            cell = (cell + 1) & self.mask
        }
        let place = Int(self.places[cell])
        self.streams[place].outgoing = TCPOutgoingQueue()
        self.streams[place].assembly = nil
        self.streams[place].state = .closed
        self.free.append(place)
        self.count -= 1
        // Close the gap: move back every following key that would not be found across it.
        var next = (cell + 1) & self.mask
        while self.keys[next] != 0 {
            let home = self.home(self.keys[next])
            if (next &- home) & self.mask >= (next &- cell) & self.mask {
                self.keys[cell] = self.keys[next]
                self.places[cell] = self.places[next]
                cell = next
            }
            next = (next + 1) & self.mask
        }
        self.keys[cell] = 0
    }

    /// The numbers of all streams, in no particular order.
    var ids: [UInt32] { self.keys.filter { $0 != 0 } }

    private func home(_ id: UInt32) -> Int { Int((id &* 0x9E37_79B1) >> 7) & self.mask }

    private mutating func put(_ id: UInt32, _ place: Int) {
        var cell = self.home(id)
        while self.keys[cell] != 0 { cell = (cell + 1) & self.mask }
        self.keys[cell] = id
        self.places[cell] = Int32(truncatingIfNeeded: place)
    }

    private mutating func rebuild(capacity: Int) {
        let old = zip(self.keys, self.places).filter { $0.0 != 0 }
        self.keys = Array(repeating: 0, count: capacity)
        self.places = Array(repeating: 0, count: capacity)
        self.mask = capacity - 1
        for (id, place) in old { self.put(id, Int(place)) }
    }
}
