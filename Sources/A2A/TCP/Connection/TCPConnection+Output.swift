extension TCPConnection {
    /// Whether ``output(into:limit:now:)`` has something to write.
    package var hasOutput: Bool {
        if !self.control.isEmpty { return true }
        guard self.phase != .closed else { return false }
        return self.acknowledgement != nil || self.isPingDue || !self.granting.isEmpty || self.scheduler.count > 0
            || self.shouldReturnCalls
    }

    /// Writes frames: first those of the connection, CREDIT, REPLY and RESET, then fragments by priority.
    ///
    /// Call it when the transport can take octets, and write at once what it gives: a frame that is written here counts as
    /// sent.
    ///
    /// - Parameter limit: Octets after which no more fragments are begun; the last may go beyond by one frame.
    /// - Returns: Octets written.
    package mutating func output(into sink: inout some TCPByteSink, limit: Int, now: TCPInstant) -> Int {
        let start = sink.octetCount
        self.writeControl(into: &sink, now: now)
        while sink.octetCount - start < limit, self.phase != .closed, let id = self.scheduler.next() {
            guard let place = self.table.find(id) else { continue }
            self.table.streams[place].isScheduled = false
            self.writeFragment(of: place, id, into: &sink)
        }
        let count = sink.octetCount - start
        if count > 0 { self.lastSent = now }
        self.closeIfDrained()
        return count
    }

    private mutating func writeControl(into sink: inout some TCPByteSink, now: TCPInstant) {
        if !self.control.isEmpty {
            sink.append(octets: self.control)
            self.control.removeAll(keepingCapacity: self.control.capacity <= 4_096)
        }
        // The last word has been said: GOAWAY is in what was written.
        guard self.phase != .closed else { return }
        if let opaque = self.acknowledgement {
            TCPFrame.ping(opaque: opaque, isAcknowledgement: true).encode(into: &sink)
            self.acknowledgement = nil
        }
        if self.isPingDue {
            self.isPingDue = false
            self.pings += 1
            self.ping = (self.pings, now)
            TCPFrame.ping(opaque: self.pings, isAcknowledgement: false).encode(into: &sink)
        }
        for id in self.granting {
            guard let place = self.table.find(id) else { continue }
            self.table.streams[place].isGranting = false
            guard let grant = self.table.streams[place].receive.takeGrant() else { continue }
            switch self.table.streams[place].state {
            case .closed, .responding: continue
            case .idle, .sending, .awaiting, .receiving: TCPCredit.encode(grant, stream: id, into: &sink)
            }
        }
        self.granting.removeAll(keepingCapacity: self.granting.capacity <= 1_024)
        if self.shouldReturnCalls {
            self.peerLimit += self.returnableCalls
            TCPCredit.encode(UInt32(clamping: self.returnableCalls), stream: 0, into: &sink)
            self.returnableCalls = 0
        }
    }

    /// Call credit goes back when the peer has less than half of what it was given, so that one frame returns many.
    private var shouldReturnCalls: Bool {
        guard self.returnableCalls > 0, self.phase == .open, self.sentGoAway == nil else { return false }
        let granted = self.grantedCalls
        guard granted > 0 else { return false }
        let outstanding = self.peerLimit - self.peerOpened
        return outstanding < (granted + 1) / 2 || self.returnableCalls > granted
    }

    private mutating func writeFragment(of place: Int, _ id: UInt32, into sink: inout some TCPByteSink) {
        // Alone on the connection, a stream delays nobody.
        let limit = self.scheduler.count > 0 ? self.configuration.fragment : self.configuration.loneFragment
        let credit = self.table.streams[place].sendCredit
        guard self.table.streams[place].state != .closed,
            let payload = self.table.streams[place].outgoing.nextPayload(credit: credit, limit: limit)
        else { return }
        self.table.streams[place].sendCredit -= payload
        self.table.streams[place].hasSent = true
        let hadEnd = self.table.streams[place].outgoing.write(payload: payload, stream: id, into: &sink)
        if hadEnd {
            let state = self.table.streams[place].state.afterSendingEnd
            if state == .closed {
                self.finish(place)
            } else {
                self.table.streams[place].state = state
            }
        } else if self.table.streams[place].outgoing.isEmpty {
            self.pending.append(.sendable(stream: id))
        } else {
            self.schedule(place)
        }
    }
}
