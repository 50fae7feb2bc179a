#if canImport(A2A)
    @testable import A2A
#endif

/// Watches what one side of a connection writes, and says where it breaks a rule.
///
/// Written from spec/bindings/tcp.md, not from the code: it keeps its own account of credit, streams and messages. It is told
/// what the side has read when the side has read it, so what is on its way plays no part.
struct TCPObserver {
    /// The role of the side that is watched.
    let role: TCPRole
    private(set) var problems: [String] = []

    private struct Stream {
        /// Opened by the side that is watched.
        let isOwn: Bool
        /// Octets that the side may still send.
        var credit: Int
        /// Octets that are missing of the message that the side is sending.
        var missing = 0
        var messages = 0
        var hasReply = false
        var hasSentEnd = false
        var hasSentReset = false
        var hasEnd = false
        var hasReset = false
        /// Octets that the peer may still send.
        var granted: Int

        var isOver: Bool {
            self.hasSentReset || self.hasReset || (self.isOwn ? self.hasEnd : self.hasSentEnd)
        }
    }

    private var streams: [UInt32: Stream] = [:]
    /// Credit for calls that wait for the transport, from a peer that guesses their numbers.
    private var guessed: [UInt32: Int] = [:]
    private var sentOctets: [UInt8] = []
    private var readOctets: [UInt8] = []
    private var hasSentPreface = false
    private var hasReadPreface = false
    private var isDeaf = false
    private var own: TCPHello?
    private var peer: TCPHello?
    private var nextOwn: UInt32
    private var nextPeer: UInt32
    private var callLimit: Int
    private var opened = 0
    private(set) var grantedCalls = 0
    private var isPinging = false
    private var pings: [UInt64] = []
    private var goAway: TCPGoAway?

    init(_ role: TCPRole) {
        self.role = role
        self.nextOwn = role == .initiator ? 1 : 2
        self.nextPeer = role == .initiator ? 2 : 1
        self.callLimit = role == .initiator ? 8 : 0
    }

    private mutating func require(_ holds: Bool, _ rule: String) { if !holds { self.problems.append(rule) } }

    // MARK: What the side writes

    /// - Returns: The frames that are complete.
    @discardableResult
    mutating func sent(_ octets: [UInt8]) -> [TCPFrame] {
        self.sentOctets += octets
        if !self.hasSentPreface {
            guard self.sentOctets.count >= 8 else { return [] }
            self.require(
                self.role == .initiator || self.hasReadPreface || self.isDeaf,
                "TCP-002 octets before the preface matched")
            self.require(self.sentOctets.starts(with: TCPPreface.octets), "TCP-001 no preface")
            self.sentOctets.removeFirst(8)
            self.hasSentPreface = true
        }
        var frames: [TCPFrame] = []
        var offset = 0
        while let frame = try? self.sentOctets.withUnsafeBytes({ try TCPFrame($0, at: &offset) }) {
            frames.append(frame)
            self.check(frame)
        }
        self.sentOctets.removeFirst(offset)
        self.require(self.sentOctets.isEmpty, "octets that are no frame")
        return frames
    }

    private mutating func check(_ frame: TCPFrame) {
        if case .hello = frame {
            self.require(self.own == nil, "TCP-003 a second HELLO")
        } else {
            self.require(self.own != nil, "TCP-003 the first frame is not HELLO")
        }
        if let goAway = self.goAway {
            self.require(goAway.code == .noError, "TCP-157 a frame after GOAWAY with an error")
        }
        switch frame {
        case .hello(let hello): self.own = hello
        case .auth(let credentials):
            let slots = self.peer?.settings.authSlots ?? 4
            self.require(1...slots ~= UInt32(credentials.slot), "TCP-117 a slot that there is not")
        case .call(let id, _): self.checkCall(id)
        case .reply(let id, _):
            guard let stream = self.unfinished(id, "REPLY") else { return }
            self.require(!stream.isOwn && stream.hasEnd, "TCP-023 REPLY before the request is complete")
            self.require(!stream.hasReply && stream.messages == 0, "TCP-023 REPLY that is not the first")
            self.streams[id]?.hasReply = true
        case .message(let id, let start, let body, let isLast):
            self.checkMessage(id, start, body.count, isLast)
        case .data(let id, let body, let isLast): self.checkData(id, body.count, isLast)
        case .credit(0, let increment): self.checkCallCredit(Int(increment))
        case .credit(let id, let increment):
            guard let stream = self.open(id, "CREDIT") else { return }
            self.require(!stream.hasEnd, "CREDIT for one who sends nothing more")
            self.require(increment >= 1_024, "TCP-133 a grant below 1,024 octets")
            self.require(stream.granted + Int(increment) <= 0x7FFF_FFFF, "TCP-129 more than 2^31 - 1 octets")
            self.streams[id]?.granted += Int(increment)
        case .reset(let id, _):
            _ = self.unfinished(id, "RESET")
            self.streams[id]?.hasSentReset = true
        case .ping(let opaque, true):
            self.require(self.pings.first == opaque, "an answer to no PING")
            if !self.pings.isEmpty { self.pings.removeFirst() }
        case .ping(_, false):
            self.require(!self.isPinging, "TCP-082 a PING while one is unanswered")
            self.isPinging = true
        case .goAway(let goAway):
            if let former = self.goAway {
                self.require(goAway.code != .noError, "TCP-157 a second GOAWAY without an error")
                self.require(goAway.lastStream <= former.lastStream, "TCP-157 LastStream that grows")
            }
            self.require(goAway.lastStream < self.nextPeer, "TCP-158 LastStream that was not opened")
            self.goAway = goAway
        case .ignored: self.problems.append("a frame of an unknown type")
        }
    }

    /// A stream on which something may be sent.
    private mutating func open(_ id: UInt32, _ what: String) -> Stream? {
        guard let stream = self.streams[id] else {
            self.problems.append("\(what) on the stream \(id), which there is not")
            return nil
        }
        self.require(!stream.isOver, "\(what) on the stream \(id), which is over")
        return stream
    }

    /// A stream that the side itself has not ended. REPLY and RESET wait for the transport, and an end may be read meanwhile.
    private mutating func unfinished(_ id: UInt32, _ what: String) -> Stream? {
        guard let stream = self.streams[id] else {
            self.problems.append("\(what) on the stream \(id), which there is not")
            return nil
        }
        let isFinished = stream.hasSentReset || !stream.isOwn && stream.hasSentEnd
        self.require(!isFinished, "\(what) on the stream \(id), which is over")
        return stream
    }

    private mutating func checkCall(_ id: UInt32) {
        self.require(id == self.nextOwn, "TCP-010 a stream that is not the next")
        self.require(self.goAway == nil, "TCP-154 CALL after GOAWAY")
        self.require(self.opened < self.callLimit, "TCP-012 CALL without credit")
        self.opened += 1
        self.nextOwn = id + 2
        self.streams[id] = Stream(
            isOwn: true, credit: Int(self.peer?.settings.streamCredit ?? 65_536) + (self.guessed[id] ?? 0),
            granted: Int(self.own?.settings.streamCredit ?? 65_536))
    }

    private mutating func checkMessage(_ id: UInt32, _ start: TCPMessageStart, _ count: Int, _ isLast: Bool) {
        guard let stream = self.open(id, "MSG") else { return }
        self.require(stream.isOwn || stream.hasEnd, "TCP-023 MSG before the request is complete")
        self.require(!stream.hasSentEnd, "MSG after END")
        self.require(stream.missing == 0, "TCP-122 a message within a message")
        self.require(!stream.isOwn || stream.messages == 0, "TCP-021 a second request")
        self.require(start.total <= self.peer?.settings.maxMessage ?? 1 << 20, "TCP-136 a message above MAX_MESSAGE")
        self.streams[id]?.messages += 1
        self.streams[id]?.missing = Int(start.total)
        self.take(id, start.encodedSize + count, count, isLast)
    }

    private mutating func checkData(_ id: UInt32, _ count: Int, _ isLast: Bool) {
        guard let stream = self.open(id, "DATA") else { return }
        self.require(!stream.hasSentEnd, "DATA after END")
        self.require(stream.isOwn || stream.hasEnd, "TCP-023 DATA before the request is complete")
        self.require((count > 0) == (stream.missing > 0), "TCP-122 DATA that belongs to no message")
        self.require(!stream.isOwn || stream.messages == 1, "TCP-021 a request without a message")
        self.take(id, count, count, isLast)
    }

    private mutating func take(_ id: UInt32, _ length: Int, _ count: Int, _ isLast: Bool) {
        guard let stream = self.streams[id] else { return }
        self.require(length <= stream.credit, "TCP-050 \(length) octets with \(stream.credit) of credit")
        self.require(count <= stream.missing, "TCP-121 more octets than Total")
        let missing = stream.missing - count
        self.require(!isLast || missing == 0, "TCP-120 END within a message")
        self.require(missing == 0 || count >= 1_024, "TCP-134 a fragment of \(count) octets")
        self.streams[id]?.missing = missing
        self.streams[id]?.credit -= length
        if isLast { self.streams[id]?.hasSentEnd = true }
    }

    private mutating func checkCallCredit(_ increment: Int) {
        let initial = Int(self.own?.settings.callCredit ?? 0)
        self.require(initial > 0, "TCP-130 call credit from one who serves none")
        self.require(self.goAway == nil, "TCP-155 call credit after GOAWAY")
        self.grantedCalls += increment
        // A call whose stream is open has not given its credit back.
        let over = self.streams.values.count { !$0.isOwn && $0.isOver }
        self.require(self.grantedCalls <= over, "TCP-013 credit for calls that are not over")
    }

    // MARK: What the side reads

    mutating func read(_ octets: [UInt8]) {
        guard !self.isDeaf else { return }
        self.readOctets += octets
        if !self.hasReadPreface {
            guard self.readOctets.count >= 8 else { return }
            self.isDeaf = !self.readOctets.starts(with: TCPPreface.octets)
            self.readOctets.removeFirst(8)
            self.hasReadPreface = !self.isDeaf
        }
        var offset = 0
        while !self.isDeaf {
            do throws(TCPViolation) {
                let frame = try Self.frame(self.readOctets, at: &offset)
                guard let frame else { break }
                self.note(frame)
            } catch {
                // A CALL or REPLY that only its stream pays for counts all the same.
                if error.scope == .stream {
                    self.noteRefused(offset)
                } else {
                    self.isDeaf = true
                }
            }
        }
        self.readOctets.removeFirst(min(offset, self.readOctets.count))
    }

    private static func frame(_ octets: [UInt8], at offset: inout Int) throws(TCPViolation) -> TCPFrame? {
        let result = octets.withUnsafeBytes { bytes -> Result<TCPFrame?, TCPViolation> in
            do throws(TCPViolation) { return .success(try TCPFrame(bytes, at: &offset)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func noteRefused(_ end: Int) {
        // Only CALL takes a number; which one it was does not matter, the next is the only one that is not an error.
        var offset = 0
        self.readOctets.withUnsafeBytes { bytes in
            while let header = TCPFrameHeader(bytes, at: offset), offset + 8 + header.length < end {
                offset += 8 + header.length
            }
        }
        let header = self.readOctets.withUnsafeBytes { TCPFrameHeader($0, at: offset) }
        if header?.type == TCPFrameType.call.rawValue, header?.stream == self.nextPeer { self.noteCall(self.nextPeer) }
    }

    private mutating func noteCall(_ id: UInt32) {
        guard id == self.nextPeer else { return }
        self.nextPeer += 2
        self.streams[id] = Stream(
            isOwn: false, credit: Int(self.peer?.settings.streamCredit ?? 65_536),
            granted: Int(self.own?.settings.streamCredit ?? 65_536))
    }

    private mutating func note(_ frame: TCPFrame) {
        switch frame {
        case .hello(let hello) where self.peer == nil:
            self.peer = hello
            self.callLimit = Int(hello.settings.callCredit)
            for id in self.streams.keys { self.streams[id]?.credit += Int(hello.settings.streamCredit) - 65_536 }
        case .call(let id, _): self.noteCall(id)
        case .message(let id, let start, let body, let isLast):
            self.streams[id]?.granted -= start.encodedSize + body.count
            if isLast { self.streams[id]?.hasEnd = true }
        case .data(let id, let body, let isLast):
            self.streams[id]?.granted -= body.count
            if isLast { self.streams[id]?.hasEnd = true }
        case .credit(0, let increment): self.callLimit += Int(increment)
        case .credit(let id, let increment):
            if self.streams[id] == nil { self.guessed[id, default: 0] += Int(increment) }
            self.streams[id]?.credit += Int(increment)
        case .reset(let id, _): self.streams[id]?.hasReset = true
        case .ping(let opaque, false): self.pings.append(opaque)
        case .ping(_, true): self.isPinging = false
        case .hello, .auth, .reply, .goAway, .ignored: break
        }
    }
}
