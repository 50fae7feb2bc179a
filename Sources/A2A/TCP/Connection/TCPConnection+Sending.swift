extension TCPConnection {
    /// What became of the wish to open a call.
    package enum Opened: Hashable, Sendable {
        case stream(UInt32)
        /// Wait for `callCredit`.
        case noCredit
        /// Use another connection.
        case goingAway
    }

    /// What became of a message.
    package enum Queued: Hashable, Sendable {
        case queued
        /// Above the peer's MAX_MESSAGE. Nothing was queued; the stream is as before.
        case tooLarge
        /// The stream is over, or has had its END.
        case closed
    }

    /// Opens a call. Its request follows with ``send(_:sequence:isLast:on:)``.
    ///
    /// - Parameter deadline: When this side stops waiting: the stream then ends with RESET and `failed`. Usually a little
    ///   after the call's own timeout, which the peer keeps.
    package mutating func open(_ call: TCPCall, deadline: TCPInstant? = nil, now: TCPInstant) -> Opened {
        guard self.phase != .closed, !self.isGoingAway else { return .goingAway }
        guard self.nextOwn <= Self.lastStreamNumber else {
            // There are no more numbers; a new connection has them all.
            self.drain(graceMilliseconds: self.configuration.ageGrace, text: "no more stream numbers", now: now)
            return .goingAway
        }
        guard self.ownOpened < self.ownLimit else { return .noCredit }
        let id = UInt32(truncatingIfNeeded: self.nextOwn)
        self.nextOwn += 2
        self.ownOpened += 1
        call.encode(stream: id, into: &self.control)
        let place = self.table.insert(
            TCPStream(
                id: id, isOurs: true, priority: call.priority,
                window: Int(self.configuration.hello.settings.streamCredit),
                sendCredit: Int(self.peer.settings.streamCredit), openedAt: now))
        if let deadline { self.wheel.set(place, deadline: deadline) }
        return .stream(id)
    }

    /// Queues a message: the request of one's own call, or a message of the response.
    package mutating func send(
        _ body: [UInt8], sequence: UInt64? = nil, isLast: Bool, on stream: UInt32
    ) -> Queued {
        guard body.count <= Int(self.peer.settings.maxMessage) else {
            return self.sendable(stream) == nil ? .closed : .tooLarge
        }
        return self.enqueue(
            TCPOutgoingMessage(body: body, sequence: sequence, isLast: isLast, isEndOnly: false), on: stream)
    }

    /// Queues END without a message.
    package mutating func sendEnd(on stream: UInt32) -> Queued {
        self.enqueue(TCPOutgoingMessage(body: [], sequence: nil, isLast: true, isEndOnly: true), on: stream)
    }

    /// Sends REPLY. Only before the first message of a response, and once.
    package mutating func reply(_ reply: TCPReply, on stream: UInt32) -> Queued {
        guard let place = self.sendable(stream), !self.table.streams[place].isOurs,
            !self.table.streams[place].hasReply, !self.table.streams[place].hasSent,
            self.table.streams[place].outgoing.isEmpty
        else { return .closed }
        guard reply.parameters.problem == nil else { return .tooLarge }
        self.table.streams[place].hasReply = true
        self.table.streams[place].hasSent = true
        reply.encode(stream: stream, into: &self.control)
        return .queued
    }

    /// Ends a stream at once; what is queued on it is dropped.
    package mutating func reset(_ stream: UInt32, _ reset: TCPReset) {
        guard let place = self.table.find(stream), self.table.streams[place].state != .closed else { return }
        let isOurs = self.table.streams[place].isOurs
        self.finish(place, with: reset)
        if reset.code == .unauthenticated, !isOurs, self.glitches.record(now: self.lastReceived) {
            return self.fail(.calm, "too many calls without valid credentials")
        }
        self.closeIfDrained()
    }

    /// The handler of a peer's call holds nothing of it any more: its call credit goes back once the stream is over too.
    package mutating func release(_ stream: UInt32) {
        guard let place = self.table.find(stream), !self.table.streams[place].isOurs else { return }
        self.table.streams[place].isReleased = true
        if self.table.streams[place].state == .closed { self.finish(place) }
        self.closeIfDrained()
    }

    /// The application has taken a message: the peer may send as much again.
    ///
    /// - Parameter cost: The `cost` of the message.
    package mutating func consume(_ cost: Int, on stream: UInt32) {
        guard let place = self.table.find(stream) else { return }
        self.table.streams[place].receive.release(cost)
        // What is held bounds what finished messages still need, also while the next one arrives.
        let kept = min(self.table.streams[place].reserved, self.table.streams[place].receive.held)
        self.reservations.release(self.table.streams[place].reserved - kept)
        self.table.streams[place].reserved = kept
        guard self.table.streams[place].state != .closed, self.table.streams[place].state != .responding else { return }
        self.noteGrant(place)
    }

    /// Writes one of this side's credential slots, or clears it. The caller keeps to the peer's AUTH_SLOTS (4 until `ready`).
    ///
    /// - Returns: `false` if the peer would not take it, or a listener has not greeted yet; nothing was sent.
    package mutating func setCredentials(_ credentials: TCPCredentials) -> Bool {
        guard self.phase != .closed, self.role == .initiator || self.phase != .preface, credentials.slot > 0,
            UInt32(credentials.slot) <= self.peer.settings.authSlots,
            credentials.entries.count <= TCPCredentials.maxCount, credentials.encodedSize <= TCPCredentials.maxOctets
        else { return false }
        credentials.encode(into: &self.control)
        return true
    }

    /// Grants the peer more calls than those that come back, for example once it is authenticated.
    package mutating func grantCalls(_ count: Int) {
        guard count > 0, self.configuration.hello.settings.callCredit > 0 else { return }
        let count = min(count, TCPCredit.max - (self.peerLimit - self.peerOpened) - self.returnableCalls)
        self.returnableCalls += count
        self.grantedCalls += count
    }

    /// The peer has shown who it is: it gets what was kept back.
    package mutating func peerBecameKnown() {
        guard !self.isPeerKnown else { return }
        self.isPeerKnown = true
        self.grantCalls(self.configuration.unknownPeers?.laterCalls ?? 0)
        for id in self.table.ids {
            if let place = self.table.find(id) { self.noteGrant(place) }
        }
    }

    // MARK: Private

    /// The place of a stream on which this side may send a message.
    private func sendable(_ stream: UInt32) -> Int? {
        guard let place = self.table.find(stream), !self.table.streams[place].isFinished else { return nil }
        switch self.table.streams[place].state {
        case .sending, .responding: return place
        case .idle, .awaiting, .receiving, .closed: return nil
        }
    }

    private mutating func enqueue(_ message: TCPOutgoingMessage, on stream: UInt32) -> Queued {
        guard let place = self.sendable(stream) else { return .closed }
        self.table.streams[place].outgoing.append(message)
        self.table.streams[place].isFinished = message.isLast
        self.schedule(place)
        return .queued
    }

    /// Puts a stream in the scheduler's ring if it has a fragment that may go.
    mutating func schedule(_ place: Int) {
        guard self.table.streams[place].hasSendableFragment, !self.table.streams[place].isScheduled else { return }
        self.table.streams[place].isScheduled = true
        self.scheduler.add(self.table.streams[place].id, self.table.streams[place].priority)
    }
}
