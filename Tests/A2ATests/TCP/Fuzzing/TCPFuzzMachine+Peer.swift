#if canImport(A2A)
    @testable import A2A
#endif

extension TCPFuzzMachine {
    /// The tables of spec/bindings/tcp.md §6.2, once more: what the four states make of what comes. `x` is PROTOCOL_ERROR, `-`
    /// leaves the state, `.` ignores, `>` goes on, `#` closes.
    private static let responder: [TCPStreamInput: String] = [
        .call: ">xxx", .body: "x-x.", .end: "x>x.", .reply: "xxx.", .credit: "x--.", .reset: "x##.",
    ]
    private static let caller: [TCPStreamInput: String] = [
        .call: "xxxx", .body: "xx-.", .end: "xx#.", .reply: "xx-.", .credit: "x--.", .reset: "x##.",
    ]

    private func state(_ id: UInt32) -> TCPStreamState {
        if let state = self.states[id] { return state }
        let isOwn = id & 1 == (self.role == .initiator ? 1 : 0)
        return id >= (isOwn ? self.nextOwn : self.nextPeer) ? .idle : .closed
    }

    /// What the tables make of a frame.
    private func reaction(_ input: TCPStreamInput, _ id: UInt32) -> Character {
        let isOwn = id & 1 == (self.role == .initiator ? 1 : 0)
        let column =
            switch self.state(id) {
            case .idle: 0
            case .sending, .receiving: 1
            case .awaiting, .responding: 2
            case .closed: 3
            }
        let row = Array((isOwn ? Self.caller : Self.responder)[input] ?? "")
        return row[column]
    }

    // MARK: Frames

    mutating func peerCall() {
        let flags = self.byte()
        var call = TCPCall(.init(rawValue: flags & 8 == 0 ? 3 : self.byte()), encoding: .json)
        if flags & 16 != 0 { call.timeoutMilliseconds = UInt32(self.byte()) * 10 }
        if flags & 32 != 0, !self.connection.slots.isEmpty { call.slot = 1 }
        if flags & 64 != 0 { call.version = .init(major: 9, minor: 9) }
        if flags & 128 != 0 { call.parameters["A"] = "not a name" }
        self.feed(.call(stream: flags == 0 ? max(1, self.stream()) : self.nextPeer, call))
    }

    mutating func peerMessage() {
        let id = self.stream(.receiving, .awaiting)
        guard id > 0 else { return }
        // Mostly where one may come.
        let place = self.connection.table.find(id)
        let stream = place.map { self.connection.table.streams[$0] }
        let isExpected = stream?.assembly == nil && (stream?.isOurs == true || stream?.hasMessage == false)
        guard isExpected || self.byte() < 8 else { return }
        let total = self.size()
        let count = min(total, [total, 1, 256, 1_100, 16_372, 65_500][Int(self.byte() % 6)], 65_500)
        let flags = self.byte()
        var start = TCPMessageStart(total: UInt32(total))
        if flags & 12 == 12 { start.sequence = UInt64(flags) }
        let body = [UInt8](repeating: 9, count: max(count, min(1, total)))
        self.feed(.message(stream: id, start, body: body, isLast: flags & 1 == 0 && body.count == total))
    }

    /// Mostly what the message that is arriving still needs.
    mutating func peerData() {
        let id = self.stream(.receiving, .awaiting)
        guard id > 0 else { return }
        let flags = self.byte()
        let missing =
            self.connection.table.find(id).flatMap { self.connection.table.streams[$0].assembly?.remaining } ?? 0
        guard missing > 0 || flags & 0xF8 == 0 || flags & 7 == 0 && self.hasMessage(id) else { return }
        let choices = [min(missing, 16_376), min(missing, 65_535), min(missing, 300), min(missing, 1), 0, 100]
        let count = choices[Int(flags >> 1) % choices.count]
        guard count > 0 || flags & 1 == 0 else { return }
        self.feed(.data(stream: id, body: [UInt8](repeating: 9, count: count), isLast: flags & 1 == 0))
    }

    private func hasMessage(_ id: UInt32) -> Bool {
        self.connection.table.find(id).map { self.connection.table.streams[$0].hasMessage } ?? false
    }

    mutating func peerOther() {
        let flags = self.byte()
        switch flags % 8 {
        case 0 where self.connection.acknowledgement == nil || flags & 0xF0 == 0:
            self.feed(.ping(opaque: UInt64(flags), isAcknowledgement: false))
        case 1 where self.connection.ping != nil || flags & 0xF0 == 0:
            self.feed(.ping(opaque: self.connection.pings, isAcknowledgement: true))
        case 2 where flags & 0x60 == 0:
            // Rarely one that there is not; mostly one of the last.
            let choice = UInt32(self.byte())
            let last = choice > 250 ? choice : self.nextOwn - min(self.nextOwn, 2 * (1 + choice % 4))
            self.feed(.goAway(TCPGoAway(lastStream: last, code: flags & 16 == 0 ? .noError : .internalConnectionError)))
        case 3:
            let slot = UInt16(self.byte() % 16 == 0 ? 9 : 1 + flags % 4)
            self.feed(.auth(TCPCredentials(slot: slot, entries: [.init(.headerKey, name: "k", value: "v")])))
        case 4: self.feed(.ignored(type: 0x80 | flags, flags: flags, stream: UInt32(flags), body: [flags]))
        case 5 where flags & 0xE0 == 0: self.feed(.hello(TCPHello()))
        default:
            var reply = TCPReply(epoch: 3)
            if flags & 64 != 0 { reply.parameters["B"] = "not a name" }
            let id = self.stream(.awaiting)
            if id > 0 { self.feed(.reply(stream: id, reply)) }
        }
    }

    /// Gives a frame to the connection, and compares what comes of it with the tables.
    mutating func feed(_ frame: TCPFrame) {
        self.steps.append("peer \(frame)".prefix(160).description)
        var expected: (id: UInt32, input: TCPStreamInput)?
        switch frame {
        case .call(let id, _): expected = (id, .call)
        case .reply(let id, _): expected = (id, .reply)
        case .message(let id, _, _, let isLast), .data(let id, _, let isLast): expected = (id, isLast ? .end : .body)
        case .credit(let id, _) where id != 0: expected = (id, .credit)
        case .reset(let id, _): expected = (id, .reset)
        default: break
        }
        guard let (id, kind) = expected, self.connection.isReady, !self.isBlind else {
            self.read(frame.octets)
            if case .goAway(let goAway) = frame, self.connection.receivedGoAway == goAway {
                self.checkRefused(above: goAway)
            }
            return
        }
        var reaction = self.reaction(kind, id)
        let hasCredit = self.peerCalls < Self.callCredit + self.observer.grantedCalls
        if kind == .call, id != self.nextPeer || !hasCredit { reaction = "x" }
        let before = self.state(id)
        let ended = self.ends[id, default: 0] + self.requestEnds[id, default: 0]
        if kind == .call, reaction != "x" {
            self.nextPeer = id + 2
            self.peerCalls += 1
            // Until the event says that it was taken.
            self.states[id] = .closed
        }
        self.read(frame.octets)
        let isClosed = self.connection.isClosed
        let after = self.connection.state(of: id)
        switch reaction {
        case "x": if !isClosed { self.fail("\(kind) on \(id), \(before): the connection should have ended") }
        case ".":
            if isClosed || after != .closed || self.ends[id, default: 0] + self.requestEnds[id, default: 0] != ended {
                self.fail("\(kind) on \(id), which is over, was not ignored")
            }
        case "#": if after != .closed { self.fail("\(kind) on \(id): \(after) and not closed") }
        case ">":
            let next: TCPStreamState = kind == .call ? .receiving : .responding
            if !isClosed, after != next, after != .closed { self.fail("\(kind) on \(id), \(before): \(after)") }
        default: if !isClosed, after != before, after != .closed { self.fail("\(kind) on \(id), \(before): \(after)") }
        }
    }

    /// Calls that GOAWAY says were not taken are over.
    private mutating func checkRefused(above goAway: TCPGoAway) {
        for id in self.states.keys where id & 1 == (self.role == .initiator ? 1 : 0) && id > goAway.lastStream {
            if self.connection.state(of: id) != .closed {
                self.fail("\(id) goes on after GOAWAY up to \(goAway.lastStream)")
            }
        }
    }

    // MARK: What must hold after each step

    mutating func check() {
        if let problem = self.observer.problems.first { self.fail("wrote what it may not: \(problem)") }
        let connection = self.connection
        guard !connection.isClosed else { return }
        for (id, state) in self.states where connection.state(of: id) != state && !self.isBlind {
            self.fail("stream \(id) is \(connection.state(of: id)) and not \(state)")
        }
        var reserved = 0
        // Calls that have not been let go, and those whose stream goes on all the same.
        let ofPeer = self.requestEnds.keys.count { self.served.contains($0) || connection.state(of: $0) != .closed }
        for id in connection.table.ids {
            guard let place = connection.table.find(id) else { continue }
            let stream = connection.table.streams[place]
            let credit = stream.receive
            if stream.sendCredit < 0 || credit.held < 0 || credit.pendingGrant < 0 {
                self.fail("negative credit on \(id)")
            }
            if credit.available < credit.pendingGrant { self.fail("a grant that was used before it was sent on \(id)") }
            let needed = stream.reserved + (stream.assembly?.total ?? 0)
            // What a stream that is over held of a message in fragments is gone.
            if stream.state != .closed, credit.available + credit.held > credit.window + needed + TCPCredit.leastGrant {
                self.fail("\(credit.available) granted and \(credit.held) held on \(id)")
            }
            if stream.state == .closed, stream.outgoing.octets > 0 || stream.assembly != nil {
                self.fail("the stream \(id) is over and holds messages")
            }
            if let assembly = stream.assembly {
                if assembly.octets.capacity > 2 * assembly.octets.count + 65_536 {
                    self.fail("memory before octets on \(id)")
                }
            }
            reserved += needed
        }
        if reserved != connection.reservedOctets {
            self.fail("\(connection.reservedOctets) reserved and not \(reserved)")
        }
        if reserved > Self.reassemblyLimit { self.fail("\(reserved) octets reserved") }
        if connection.peerLimit - connection.peerOpened + connection.returnableCalls + ofPeer != Self.callCredit {
            self.fail("call credit was lost or made")
        }
        // Each call may leave a RESET; the rest is the application's, and the greeting.
        let most = 200 + 100 * (Self.callCredit + self.openAtWrite + self.ownControl)
        if connection.control.count > most { self.fail("\(connection.control.count) octets of control frames wait") }
        if connection.granting.count > 200 { self.fail("\(connection.granting.count) grants wait") }
    }

    // MARK: The end

    mutating func finish() {
        self.write()
        self.connection.transportClosed()
        self.read([])
        if let problem = self.observer.problems.first { self.fail("wrote what it may not: \(problem)") }
        if self.closures != 1 { self.fail("closed \(self.closures) times") }
        if self.connection.reservedOctets != 0 {
            self.fail("\(self.connection.reservedOctets) octets are still reserved")
        }
        if self.connection.openStreams != 0 { self.fail("\(self.connection.openStreams) streams are left") }
        for id in self.states.keys where id & 1 == (self.role == .initiator ? 1 : 0) && self.ends[id, default: 0] != 1 {
            self.fail("own call \(id) ended \(self.ends[id, default: 0]) times")
        }
        for id in self.requestEnds.keys where self.ends[id, default: 0] > 1 { self.fail("call \(id) ended twice") }
        for (id, state) in self.states where state != .closed && !(self.ends[id] == 1) {
            self.fail("stream \(id) did not end, it was \(state)")
        }
    }
}
