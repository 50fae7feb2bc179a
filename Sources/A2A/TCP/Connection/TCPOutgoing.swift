/// A message on its way out, or an END without one.
struct TCPOutgoingMessage {
    let body: [UInt8]
    let sequence: UInt64?
    let isLast: Bool
    /// Only END: an empty DATA.
    let isEndOnly: Bool
    /// Octets of the body that were written.
    var offset = 0
    var isStarted = false

    /// Octets before the body in the next frame.
    var prefix: Int { self.isStarted || self.isEndOnly ? 0 : (self.sequence == nil ? 4 : 12) }
    var remaining: Int { self.body.count - self.offset }
}

/// The messages of one stream that wait to be written, in order. The usual case, one message, needs no array.
struct TCPOutgoingQueue {
    private(set) var first: TCPOutgoingMessage?
    private var rest = TCPQueue<TCPOutgoingMessage>()
    /// Octets of bodies that wait.
    private(set) var octets = 0

    var isEmpty: Bool { self.first == nil }

    mutating func append(_ message: TCPOutgoingMessage) {
        self.octets += message.body.count
        if self.first == nil {
            self.first = message
        } else {
            self.rest.append(message)
        }
    }

    /// Octets of the payload of the next frame, or `nil` if there is none or the credit does not suffice.
    ///
    /// A message goes on in pieces of at least 1 KiB or what is left of it: smaller ones would count as abuse.
    func nextPayload(credit: Int, limit: Int) -> Int? {
        guard let message = self.first else { return nil }
        let prefix = message.prefix
        let least = prefix + min(message.remaining, TCPCredit.leastGrant)
        guard credit >= least else { return nil }
        return min(prefix + message.remaining, credit, max(limit, least))
    }

    /// Writes the next frame.
    ///
    /// - Parameter payload: What ``nextPayload(credit:limit:)`` said.
    /// - Returns: Whether the frame had END.
    mutating func write(payload: Int, stream: UInt32, into sink: inout some TCPByteSink) -> Bool {
        guard let message = self.first else { return false }
        let count = max(0, min(payload - message.prefix, message.remaining))
        let isComplete = count == message.remaining
        let isLast = isComplete && message.isLast
        if message.isStarted || message.isEndOnly {
            TCPFrameHeader(.data, flags: isLast ? .end : [], length: count, stream: stream).encode(into: &sink)
        } else {
            TCPMessageStart(total: UInt32(clamping: message.body.count), sequence: message.sequence)
                .encode(stream: stream, fragment: count, isLast: isLast, into: &sink)
        }
        if count > 0 {
            message.body.withUnsafeBytes { body in
                sink.append(octets: UnsafeRawBufferPointer(rebasing: body[message.offset..<(message.offset + count)]))
            }
        }
        self.octets -= count
        if isComplete {
            self.first = self.rest.popFirst()
        } else {
            self.first?.offset += count
            self.first?.isStarted = true
        }
        return isLast
    }
}

/// A queue in an array: taken from the front without moving the rest each time.
struct TCPQueue<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { self.head == self.elements.count }
    var count: Int { self.elements.count - self.head }

    mutating func append(_ element: Element) {
        self.elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard self.head < self.elements.count else { return nil }
        let element = self.elements[self.head]
        self.elements[self.head] = nil
        self.head += 1
        if self.head == self.elements.count {
            self.elements.removeAll(keepingCapacity: self.elements.capacity <= 1_024)
            self.head = 0
        } else if self.head >= 64, self.head * 2 > self.elements.count {
            self.elements.removeFirst(self.head)
            self.head = 0
        }
        return element
    }
}

/// Chooses the stream that writes the next fragment: 16, 4 and 1 turns for the priorities 2, 1 and 0, one stream after
/// the other within each.
struct TCPScheduler {
    private var rings = [TCPQueue<UInt32>](repeating: TCPQueue(), count: 3)
    private var turns = TCPPriority.allCases.map(\.weight)
    private(set) var count = 0

    mutating func add(_ id: UInt32, _ priority: TCPPriority) {
        self.rings[Int(priority.rawValue)].append(id)
        self.count += 1
    }

    mutating func next() -> UInt32? {
        guard self.count > 0 else { return nil }
        while true {
            for index in self.rings.indices.reversed() where self.turns[index] > 0 {
                if let id = self.rings[index].popFirst() {
                    self.turns[index] -= 1
                    self.count -= 1
                    return id
                }
            }
            // Whoever has something to send has had its turns: a new round.
            self.turns = TCPPriority.allCases.map(\.weight)
        }
    }
}
