extension TCPConnection {
    /// Reads on in `bytes` from `offset` until something happened that the driver must know.
    ///
    /// - Parameters:
    ///   - bytes: What has arrived and was not read, from the first octet of a frame. Any division of the octets among
    ///     calls gives the same events.
    ///   - offset: Where to read on; moved behind what was read. When `nil` comes back, keep the octets from there on, at most
    ///     65,542, and put them before those that arrive next.
    /// - Returns: The next event, or `nil` when more octets are needed.
    package mutating func receive(
        _ bytes: UnsafeRawBufferPointer, at offset: inout Int, now: TCPInstant
    ) -> TCPEvent? {
        if offset < bytes.count { self.lastReceived = now }
        while true {
            if let event = self.pending.popFirst() { return event }
            do throws(TCPViolation) {
                switch self.phase {
                case .closed:
                    offset = bytes.count
                    return nil
                case .preface:
                    guard try self.readPreface(bytes, at: &offset, now: now) else { return nil }
                case .hello, .open:
                    guard let header = TCPFrameHeader(bytes, at: offset) else {
                        self.noteRest(bytes.count - offset, now: now)
                        return nil
                    }
                    let type = try header.checked()
                    if self.phase == .hello, type != .hello {
                        throw .connection(.protocolError, "the first frame is not HELLO")
                    }
                    let start = offset + TCPFrameHeader.size
                    guard bytes.count - start >= header.length else {
                        self.noteRest(bytes.count - offset, now: now)
                        return nil
                    }
                    offset = start + header.length
                    self.frameStarted = nil
                    if let event = try self.take(type, header, bytes, start..<offset, now: now) { return event }
                }
            } catch {
                offset = bytes.count
                self.fail(error.code, error.text)
            }
        }
    }

    private mutating func noteRest(_ count: Int, now: TCPInstant) {
        if count == 0 {
            self.frameStarted = nil
        } else if self.frameStarted == nil {
            self.frameStarted = now
        }
    }

    /// - Returns: Whether the preface is complete; otherwise more octets are needed.
    private mutating func readPreface(
        _ bytes: UnsafeRawBufferPointer, at offset: inout Int, now: TCPInstant
    ) throws(TCPViolation) -> Bool {
        let here = UnsafeRawBufferPointer(rebasing: bytes[min(offset, bytes.count)...].prefix(8))
        guard here.prefix(7).elementsEqual(TCPPreface.octets.prefix(min(7, here.count))) else {
            offset = bytes.count
            self.close(.notA2A)
            return true
        }
        guard here.count == 8 else { return false }
        offset += 8
        guard here[7] == TCPPreface.version else {
            offset = bytes.count
            // The listener says which version it speaks; the initiator has said so already.
            if self.role == .listener { self.control.append(octets: TCPPreface.octets) }
            self.close(.version(here[7]))
            return true
        }
        if self.role == .listener { self.greet() }
        self.phase = .hello
        self.phaseStarted = now
        return true
    }

    private mutating func take(
        _ type: TCPFrameType?, _ header: TCPFrameHeader, _ bytes: UnsafeRawBufferPointer, _ payload: Range<Int>,
        now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        var reader = TCPByteReader(bytes, payload)
        switch type {
        case .message, .data:
            return try self.takeBody(header, isStart: type == .message, bytes, payload, now: now)
        case .call: return try self.takeCall(header, &reader, now: now)
        case .credit: return try self.takeCredit(header.stream, &reader, now: now)
        case .reply: return try self.takeReply(header.stream, &reader, now: now)
        case .reset: return try self.takeReset(header, &reader, now: now)
        case .ping: return try self.takePing(header, &reader, now: now)
        case .hello:
            guard self.phase == .hello else { throw .connection(.protocolError, "a second HELLO") }
            return self.takeHello(try TCPHello(from: &reader))
        case .auth: return try self.takeCredentials(&reader, now: now)
        case .goAway: return try self.takeGoAway(&reader)
        case nil:
            try self.glitch(now: now)
            return nil
        }
    }

    /// The place of a stream that may take `input`, and the state it is then in; `nil` if the frame is to be dropped.
    func admit(
        _ input: TCPStreamInput, on stream: UInt32
    ) throws(TCPViolation) -> (place: Int, state: TCPStreamState)? {
        let place = self.table.find(stream)
        let state = place.map { self.table.streams[$0].state } ?? (self.isIdle(stream) ? .idle : .closed)
        switch state.reaction(to: input) {
        case .violation: throw .connection(.protocolError, "a frame that the state of its stream does not allow")
        case .ignore: return nil
        case .take(let state):
            guard let place else { return nil }
            return (place, state)
        }
    }

    // MARK: MSG and DATA

    private mutating func takeBody(
        _ header: TCPFrameHeader, isStart: Bool, _ bytes: UnsafeRawBufferPointer, _ payload: Range<Int>, now: TCPInstant
    ) throws(TCPViolation) -> TCPEvent? {
        let hasEnd = header.flags.contains(.end)
        var reader = TCPByteReader(bytes, payload)
        if !isStart, header.length == 0, !hasEnd { throw TCPCredit.emptyData }
        let start = isStart ? try TCPMessageStart(from: &reader, flags: header.flags) : nil
        guard let (place, state) = try self.admit(hasEnd ? .end : .body, on: header.stream) else {
            if !self.recentResets.contains(header.stream) { try self.glitch(now: now) }
            return nil
        }
        try self.table.streams[place].receive.spend(header.length)

        if let start {
            guard self.table.streams[place].assembly == nil else {
                throw .connection(.protocolError, "a message within a message")
            }
            guard self.table.streams[place].isOurs || !self.table.streams[place].hasMessage else {
                throw .connection(.protocolError, "a second request message")
            }
            self.table.streams[place].hasMessage = true
            if let refusal = self.refusal(of: start, at: place) { return self.end(place, refusal) }
            let isComplete = reader.remaining == Int(start.total)
            if isComplete {
                let message = TCPMessage(
                    stream: header.stream, payload: .inPlace(reader.offset..<payload.upperBound),
                    sequence: start.sequence, isLast: hasEnd, cost: header.length)
                self.advance(place, to: state)
                return .message(message)
            }
            guard self.reservations.reserve(Int(start.total)) else {
                let text = "no memory for a message now"
                return self.end(place, TCPReset(.resourceExhausted, text, retryAfterMilliseconds: 1_000))
            }
            self.table.streams[place].assembly = TCPAssembly(
                total: Int(start.total), sequence: start.sequence, startedAt: now)
        }

        guard let total = self.table.streams[place].assembly?.total else {
            guard header.length == 0 else { throw .connection(.protocolError, "DATA before a message") }
            guard self.table.streams[place].isOurs || self.table.streams[place].hasMessage else {
                throw .connection(.protocolError, "a request without a message")
            }
            self.advance(place, to: state)
            return .end(stream: header.stream)
        }
        try self.table.streams[place].assembly?.append(reader.readRest())
        self.table.streams[place].assembly?.cost += header.length
        let remaining = self.table.streams[place].assembly?.remaining ?? 0
        guard remaining == 0 else {
            guard !hasEnd else { throw .connection(.frameError, "END before the message is complete") }
            if header.length < 256 { try self.glitch(now: now) }
            self.table.streams[place].receive.continueMessage(remaining: remaining)
            self.noteGrant(place)
            return nil
        }
        let assembly = self.table.streams[place].assembly
        self.table.streams[place].assembly = nil
        self.table.streams[place].reserved += total
        let message = TCPMessage(
            stream: header.stream, payload: .assembled(assembly?.octets ?? []), sequence: assembly?.sequence,
            isLast: hasEnd, cost: assembly?.cost ?? 0)
        self.advance(place, to: state)
        return .message(message)
    }

    /// Why a message is not taken, although it is well-formed.
    private func refusal(of start: TCPMessageStart, at place: Int) -> TCPReset? {
        if start.total > self.configuration.hello.settings.maxMessage {
            return TCPReset(.messageTooLarge, "a message above MAX_MESSAGE")
        }
        if start.sequence != nil, !self.table.streams[place].takesSequence {
            return TCPReset(.invalidRequest, "SEQ on a request that has none")
        }
        return nil
    }

    private mutating func advance(_ place: Int, to state: TCPStreamState) {
        if state == .closed {
            self.finish(place)
        } else {
            self.table.streams[place].state = state
        }
    }

    /// Ends a stream from this side and says so.
    mutating func end(_ place: Int, _ reset: TCPReset) -> TCPEvent {
        let id = self.table.streams[place].id
        self.finish(place, with: reset)
        return .failed(stream: id, reset.code, reset.text)
    }

    /// Puts a stream on the list of those with a grant to send.
    mutating func noteGrant(_ place: Int) {
        guard self.table.streams[place].receive.pendingGrant > 0, !self.table.streams[place].isGranting else { return }
        // A peer that is not known gets no more than it began with.
        guard self.isPeerKnown || self.table.streams[place].isOurs else { return }
        self.table.streams[place].isGranting = true
        self.granting.append(self.table.streams[place].id)
    }
}
