extension TCPConnection {
    /// Begins to drain: no more calls are taken or opened; those that run may end within the grace time.
    ///
    /// `closed` comes when all have ended. At the end of the grace time the responder's streams get RESET(UNAVAILABLE), and
    /// `failed` tells their handlers.
    ///
    /// - Parameter retryAfterMilliseconds: What callers are told to wait before they come back. Spread it per peer.
    package mutating func drain(
        graceMilliseconds: UInt32, retryAfterMilliseconds: UInt32 = 0, text: String = "", now: TCPInstant
    ) {
        guard self.phase != .closed, self.sentGoAway == nil else { return }
        guard self.role == .initiator || self.phase != .preface else { return self.close(.drained) }
        let goAway = TCPGoAway(
            lastStream: self.lastAccepted, code: .noError, text: text, graceMilliseconds: graceMilliseconds,
            retryAfterMilliseconds: retryAfterMilliseconds)
        goAway.encode(into: &self.control)
        self.sentGoAway = goAway
        self.drainDeadline = now + Int64(graceMilliseconds)
        self.closeIfDrained()
    }

    /// Ends the connection with GOAWAY and an error.
    package mutating func fail(_ code: TCPErrorCode, _ text: String) {
        guard self.phase != .closed else { return }
        // Before the preface matched, a listener says nothing.
        if self.role == .initiator || self.phase != .preface {
            let last = min(self.lastAccepted, self.sentGoAway?.lastStream ?? .max)
            TCPGoAway(lastStream: last, code: code, text: text).encode(into: &self.control)
        }
        self.close(.violation(code, text))
    }

    /// The transport ended, in order or not. Streams that were open are lost.
    package mutating func transportClosed() {
        self.control.removeAll()
        self.close(.lost)
    }

    mutating func close(_ closure: TCPClosure) {
        guard self.phase != .closed else { return }
        self.phase = .closed
        for id in self.table.ids.sorted() {
            guard let place = self.table.find(id) else { continue }
            let state = self.table.streams[place].state
            if state != .closed {
                // A request that is not complete cannot have been dispatched.
                let fate: TCPFate = state == .sending ? .notProcessed : .unknown
                self.pending.append(.lost(stream: id, fate))
            }
            self.table.streams[place].isReleased = true
            self.finish(place)
        }
        self.pending.append(.closed(closure))
    }

    /// Ends the connection once GOAWAY was said and nothing is under way.
    mutating func closeIfDrained() {
        guard self.isGoingAway, self.phase == .open || self.phase == .hello else { return }
        guard self.table.count == 0, self.control.isEmpty else { return }
        self.close(.drained)
    }
}

extension TCPConnection {
    /// When ``timePassed(now:)`` is to be called next.
    package func nextDeadline(now: TCPInstant) -> TCPInstant? {
        guard self.phase != .closed else { return nil }
        var next: TCPInstant
        switch self.phase {
        case .preface: next = self.phaseStarted + self.configuration.prefaceTimeout
        case .hello: next = self.phaseStarted + self.configuration.helloTimeout
        case .open, .closed:
            next = self.lastReceived + Int64(self.configuration.hello.settings.idleTimeoutSeconds) * 1_000
            if let ping {
                next = min(next, ping.sentAt + self.configuration.pingTimeout)
            } else if !self.isPingDue {
                next = min(next, self.lastSent + self.pingInterval)
            }
        }
        if let frameStarted { next = min(next, frameStarted + self.configuration.frameTimeout) }
        if let blockedSince { next = min(next, blockedSince + self.configuration.writeTimeout) }
        if let drainDeadline {
            next = min(next, drainDeadline)
        } else if let retirement = self.retirement {
            next = min(next, retirement)
        }
        if self.reservations.used > 0 { next = min(next, max(self.nextRateCheck, now)) }
        if let tick = self.wheel.nextTick(now: now) { next = min(next, tick) }
        return next
    }

    /// Does what is due: deadlines of calls, PING, and the ends that silence and slowness have.
    package mutating func timePassed(now: TCPInstant) {
        guard self.phase != .closed else { return }
        switch self.phase {
        case .preface where now - self.phaseStarted >= self.configuration.prefaceTimeout,
            .hello where now - self.phaseStarted >= self.configuration.helloTimeout:
            return self.fail(.handshakeTimeout, "no handshake in time")
        case .open:
            let idle = Int64(self.configuration.hello.settings.idleTimeoutSeconds) * 1_000
            if now - self.lastReceived >= idle { return self.fail(.idleTimeout, "nothing received for too long") }
            if let ping {
                if now - ping.sentAt >= self.configuration.pingTimeout {
                    return self.fail(.idleTimeout, "a PING without an answer")
                }
            } else if now - self.lastSent >= self.pingInterval {
                self.sendPing()
            }
        case .preface, .hello, .closed: break
        }
        if let frameStarted, now - frameStarted >= self.configuration.frameTimeout {
            return self.fail(.idleTimeout, "a frame that does not end")
        }
        if let blockedSince, now - blockedSince >= self.configuration.writeTimeout {
            self.control.removeAll()
            return self.close(.writeStalled)
        }
        for place in self.wheel.expired(now: now) {
            let reset = TCPReset(.deadlineExceeded, "the call's time is over")
            self.pending.append(self.end(place, reset))
        }
        if self.reservations.used > 0, now >= self.nextRateCheck { self.checkRates(now: now) }
        if let drainDeadline, now >= drainDeadline { self.endDrain() }
        if let retirement = self.retirement, now >= retirement { self.retire(now: now) }
        self.closeIfDrained()
    }

    /// When this side begins to drain by itself: the connection is old, or its peer has not shown in time who it is.
    private var retirement: TCPInstant? {
        guard self.sentGoAway == nil else { return nil }
        let age = self.configuration.ageLimit.map { self.startedAt + $0 }
        let unknown = self.isPeerKnown ? nil : self.configuration.unknownPeers.map { self.startedAt + $0.timeout }
        guard let age, let unknown else { return age ?? unknown }
        return min(age, unknown)
    }

    private mutating func retire(now: TCPInstant) {
        let isOld = self.configuration.ageLimit.map { now - self.startedAt >= $0 } ?? false
        self.drain(
            graceMilliseconds: isOld ? self.configuration.ageGrace : 0,
            text: isOld ? "the connection is old; make a new one" : "nobody authenticated in time", now: now)
    }

    /// The transport can take octets, or cannot.
    package mutating func writabilityChanged(_ isWritable: Bool, now: TCPInstant) {
        self.blockedSince = isWritable ? nil : (self.blockedSince ?? now)
    }

    /// The transport took some octets although it cannot take more yet.
    package mutating func writeProgressed(now: TCPInstant) {
        if self.blockedSince != nil { self.blockedSince = now }
    }

    /// Sends a PING with what is written next, unless one is under way. Its time runs from then.
    package mutating func sendPing() {
        guard self.ping == nil, self.phase == .open else { return }
        self.isPingDue = true
    }

    /// Milliseconds of silence from this side after which it sends a PING: half of what the peer bears.
    private var pingInterval: Int64 { Int64(self.peer.settings.idleTimeoutSeconds) * 500 }

    /// Ends messages that arrive too slowly although the peer had credit to send them.
    private mutating func checkRates(now: TCPInstant) {
        self.nextRateCheck = now + 1_000
        for id in self.table.ids.sorted() {
            guard let place = self.table.find(id), let assembly = self.table.streams[place].assembly else { continue }
            let age = now - assembly.startedAt
            guard age >= 30_000, Int64(assembly.octets.count) * 1_000 < age * self.configuration.leastMessageRate
            else { continue }
            self.pending.append(self.end(place, TCPReset(.deadlineExceeded, "a message that arrives too slowly")))
        }
    }

    private mutating func endDrain() {
        self.drainDeadline = nil
        let retry = self.sentGoAway?.retryAfterMilliseconds ?? 0
        for id in self.table.ids.sorted() {
            guard let place = self.table.find(id), self.table.streams[place].state != .closed else { continue }
            let isOurs = self.table.streams[place].isOurs
            let reset = TCPReset(
                isOurs ? .canceled : .unavailable, "this side shuts down", retryAfterMilliseconds: retry)
            self.pending.append(self.end(place, reset))
        }
    }
}
