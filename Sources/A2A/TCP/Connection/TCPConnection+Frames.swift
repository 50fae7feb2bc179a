extension TCPConnection {
    mutating func takeHello(_ hello: TCPHello) -> TCPEvent {
        self.phase = .open
        self.peer = hello
        self.ownLimit = Int(hello.settings.callCredit)
        // Streams that were opened early began with the default.
        let more = Int(hello.settings.streamCredit) - 65_536
        if more > 0 {
            for id in self.table.ids {
                guard let place = self.table.find(id), self.table.streams[place].isOurs else { continue }
                self.table.streams[place].sendCredit += more
                self.schedule(place)
            }
        }
        return .ready(hello)
    }

    mutating func takeCredentials(_ reader: inout TCPByteReader, now: TCPInstant) throws(TCPViolation) -> TCPEvent {
        guard self.configuration.acceptsCredentials else {
            throw .connection(.insecure, "credentials need TLS")
        }
        let credentials = try TCPCredentials(from: &reader)
        guard UInt32(credentials.slot) <= self.configuration.hello.settings.authSlots else {
            throw .connection(.protocolError, "a slot above AUTH_SLOTS")
        }
        if let old = self.slots[credentials.slot], now - old.writtenAt < 1_000 { try self.glitch(now: now) }
        self.slots[credentials.slot] = (now, !credentials.entries.isEmpty)
        return .credentials(credentials)
    }

    // MARK: CALL and REPLY

    mutating func takeCall(
        _ header: TCPFrameHeader, _ reader: inout TCPByteReader, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        let id = header.stream
        var problem: TCPViolation?
        let call = try TCPCall(from: &reader, flags: header.flags, problem: &problem)
        guard UInt64(id) == self.nextPeer, self.nextPeer <= Self.lastStreamNumber else {
            throw .connection(.protocolError, "a stream number that is not the next")
        }
        guard self.receivedGoAway == nil else { throw .connection(.protocolError, "CALL after GOAWAY") }
        guard self.peerOpened < self.peerLimit else { throw .connection(.flowControl, "more calls than call credit") }
        guard UInt32(call.slot) <= self.configuration.hello.settings.authSlots else {
            throw .connection(.protocolError, "a slot above AUTH_SLOTS")
        }
        self.nextPeer += 2
        self.peerOpened += 1
        if self.sentGoAway != nil || self.configuration.hello.settings.callCredit == 0 {
            self.refuse(id, TCPReset(.refused, "no calls are taken", notProcessed: true))
            return nil
        }
        self.lastAccepted = id
        if let problem = problem ?? self.problem(with: call) {
            self.refuse(id, TCPReset(problem.code, problem.text))
            if problem.code == .unauthenticated { try self.glitch(now: now) }
            return nil
        }
        var stream = TCPStream(
            id: id, isOurs: false, priority: call.priority, window: Int(self.configuration.hello.settings.streamCredit),
            sendCredit: Int(self.peer.settings.streamCredit), openedAt: now)
        stream.takesSequence = call.method == .notify
        let place = self.table.insert(stream)
        if call.timeoutMilliseconds > 0 {
            self.wheel.set(place, deadline: now + Int64(call.timeoutMilliseconds))
        }
        return .call(stream: id, call)
    }

    /// Why a call that can be read is not taken, before anybody is asked.
    private func problem(with call: TCPCall) -> TCPViolation? {
        guard self.configuration.versions.contains(call.version) else {
            return .stream(.versionNotSupported, "this A2A version is not spoken here")
        }
        if call.slot != 0, self.slots[call.slot]?.isSet != true {
            return .stream(.unauthenticated, "the credential slot is empty")
        }
        let settings = self.configuration.hello.settings
        let isServed =
            switch call.method {
            case .named: true
            case .resumeStream: settings.resumeSeconds > 0
            case .notify: settings.acceptsNotify
            default: call.method.isKnown || self.configuration.privateMethods.contains(call.method.rawValue)
            }
        return isServed ? nil : .stream(.methodNotFound, "no such method here")
    }

    /// Answers a call for which no stream is made.
    private mutating func refuse(_ id: UInt32, _ reset: TCPReset) {
        reset.encode(stream: id, into: &self.control)
        self.recentResets.insert(id)
        self.returnableCalls += 1
    }

    mutating func takeReply(
        _ id: UInt32, _ reader: inout TCPByteReader, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        var problem: TCPViolation?
        let reply = try TCPReply(from: &reader, problem: &problem)
        guard let (place, _) = try self.admit(.reply, on: id) else {
            if !self.recentResets.contains(id) { try self.glitch(now: now) }
            return nil
        }
        guard !self.table.streams[place].hasReply, !self.table.streams[place].hasMessage else {
            throw .connection(.protocolError, "a REPLY that is not the first")
        }
        self.table.streams[place].hasReply = true
        if let problem { return self.end(place, TCPReset(problem.code, problem.text)) }
        return .reply(stream: id, reply)
    }

    // MARK: CREDIT, RESET, PING, GOAWAY

    mutating func takeCredit(
        _ id: UInt32, _ reader: inout TCPByteReader, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        let increment = Int(try TCPCredit.increment(from: &reader))
        if id == 0 {
            guard self.peer.settings.callCredit > 0 else {
                throw .connection(.protocolError, "calls from one who serves none")
            }
            guard self.ownLimit - self.ownOpened + increment <= TCPCredit.max else {
                throw .connection(.flowControl, "more than 2^31 - 1 calls outstanding")
            }
            self.ownLimit += increment
            return .callCredit
        }
        guard let (place, _) = try self.admit(.credit, on: id) else { return nil }
        let credit = self.table.streams[place].sendCredit
        guard credit + increment <= TCPCredit.max else {
            throw .connection(.flowControl, "more than 2^31 - 1 octets outstanding")
        }
        if increment < TCPCredit.leastGrant, credit >= 16_384 { try self.glitch(now: now) }
        self.table.streams[place].sendCredit = credit + increment
        self.schedule(place)
        return nil
    }

    mutating func takeReset(
        _ header: TCPFrameHeader, _ reader: inout TCPByteReader, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        let reset = try TCPReset(from: &reader, flags: header.flags)
        guard let (place, _) = try self.admit(.reset, on: header.stream) else { return nil }
        let isRapid =
            !self.table.streams[place].isOurs && !self.table.streams[place].hasSent
            && now - self.table.streams[place].openedAt < 1_000
        self.finish(place)
        if isRapid { try self.glitch(now: now) }
        return .reset(stream: header.stream, reset)
    }

    mutating func takePing(
        _ header: TCPFrameHeader, _ reader: inout TCPByteReader, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        let opaque = try reader.read(UInt64.self)
        if header.flags.contains(.acknowledgement) {
            guard self.ping?.opaque == opaque else {
                throw .connection(.protocolError, "the answer to a PING that was not sent")
            }
            self.ping = nil
            return nil
        }
        guard self.acknowledgement == nil else { throw .connection(.calm, "a second PING before the answer") }
        if let last = self.lastAcknowledged, now - last < 100 { try self.glitch(now: now) }
        self.lastAcknowledged = now
        self.acknowledgement = opaque
        return nil
    }

    mutating func takeGoAway(_ reader: inout TCPByteReader) throws(TCPViolation) -> TCPEvent? {
        let goAway = try TCPGoAway(from: &reader)
        let last = UInt64(goAway.lastStream)
        let isOwnParity = last & 1 == (self.role == .initiator ? 1 : 0)
        guard last == 0 || (isOwnParity && last < self.nextOwn) else {
            throw .connection(.protocolError, "GOAWAY names a stream that was not opened")
        }
        if let former = self.receivedGoAway {
            guard goAway.code != .noError, goAway.lastStream <= former.lastStream, former.code == .noError else {
                throw .connection(.protocolError, "a second GOAWAY")
            }
        }
        self.receivedGoAway = goAway
        for id in self.table.ids.sorted() where id > goAway.lastStream {
            guard let place = self.table.find(id), self.table.streams[place].isOurs else { continue }
            self.finish(place)
            self.pending.append(.lost(stream: id, .notProcessed))
        }
        if goAway.code == .noError {
            self.closeIfDrained()
        } else {
            self.close(.goneAway(goAway))
        }
        return .goAway(goAway)
    }
}
