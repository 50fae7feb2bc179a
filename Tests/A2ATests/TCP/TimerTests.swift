import Testing

@testable import A2A

/// What ends a connection or a call because of time alone.
@Suite("A2A/TCP timers")
struct TCPTimerTests {
    @Test("a handshake that takes too long ends, in silence before the preface")
    func handshake() {
        var wire = TCPWire(TCPConnection(.listener, TCPConfiguration(), now: TCPWire.start), now: TCPWire.start)
        wire.feed(Array(TCPPreface.octets.prefix(3)))
        #expect(wire.connection.nextDeadline(now: TCPWire.start) == TCPWire.start + 5_000)
        wire.wait(5_000)
        #expect(wire.written == [] && wire.connection.isClosed)

        var late = TCPWire(TCPConnection(.listener, TCPConfiguration(), now: TCPWire.start), now: TCPWire.start)
        late.feed(TCPPreface.octets)
        late.wait(4_999)
        #expect(late.goAway == nil)
        late.wait(1)
        #expect(late.goAway == .handshakeTimeout)
    }

    @Test("silence is first asked about, then the end")
    func idle() {
        var wire = TCPWire.listener()
        wire.wait(30_000)
        #expect(wire.written.last == .ping(opaque: 1, isAcknowledgement: false))
        wire.feed(.ping(opaque: 1, isAcknowledgement: true))
        wire.wait(30_000)
        #expect(wire.written.last == .ping(opaque: 2, isAcknowledgement: false))
        wire.wait(14_999)
        #expect(wire.goAway == nil)
        wire.wait(1)
        #expect(wire.goAway == .idleTimeout)

        var busy = TCPWire.listener()
        for _ in 0..<20 {
            busy.wait(9_000)
            busy.feed(.credit(stream: 0, increment: 1))
            busy.answerPing()
        }
        #expect(busy.goAway == nil)
    }

    @Test("a frame that does not end is the end")
    func slowFrame() {
        var wire = TCPWire.listener()
        wire.feed([3])
        wire.wait(9_999)
        #expect(wire.goAway == nil)
        wire.wait(1)
        #expect(wire.goAway == .idleTimeout)
    }

    @Test("a message that comes too slowly is given up, the connection is not")
    func slowMessage() {
        var wire = TCPWire.listener()
        wire.feed(.getTask(1), .text(1, 300, of: 100_000, isLast: false))
        for _ in 0..<31 {
            wire.feed(.data(stream: 1, body: Array(repeating: 0, count: 300), isLast: false))
            wire.answerPing()
            wire.wait(1_000)
        }
        #expect(wire.resets == [.deadlineExceeded] && !wire.connection.isClosed)
        #expect(wire.connection.reservedOctets == 0)
    }

    @Test("a peer that takes nothing is given up without a word")
    func writeStall() {
        var wire = TCPWire.listener()
        wire.connection.writabilityChanged(false, now: wire.now)
        wire.now = wire.now + 20_000
        wire.connection.writeProgressed(now: wire.now)
        wire.feed(.credit(stream: 0, increment: 1))
        wire.wait(29_999)
        #expect(!wire.connection.isClosed)
        wire.feed(.credit(stream: 0, increment: 1))
        wire.wait(1)
        #expect(wire.events.last == .closed(.writeStalled))
    }

    @Test("an old connection is drained: calls may end, and those that do not are ended")
    func age() {
        var wire = TCPWire.listener {
            $0.ageLimit = 100_000
            $0.ageGrace = 20_000
        }
        func wait(_ seconds: Int) {
            for _ in 0..<seconds {
                wire.feed(.credit(stream: 0, increment: 1))
                wire.wait(1_000)
                wire.answerPing()
            }
        }
        wire.feed(.getTask(1), .text(1), .getTask(3), .text(3))
        wait(99)
        #expect(wire.goAway == nil)
        wait(1)
        #expect(wire.goAway == .noError)
        wire.feed(.getTask(5), .text(5))
        wire.drain()
        #expect(wire.resets == [.refused])
        _ = wire.connection.send([], isLast: true, on: 1)
        wire.drain()
        wire.connection.release(1)
        for _ in 0..<20 { wire.wait(1_000) }
        #expect(wire.resets == [.refused, .unavailable])
        wire.connection.release(3)
        wire.drain()
        #expect(wire.events.last == .closed(.drained))

        var young = TCPWire.listener { $0.ageLimit = nil }
        #expect(young.connection.nextDeadline(now: young.now).map { $0 - young.now } ?? 0 <= 60_000)
        for _ in 0..<4_000 {
            young.feed(.credit(stream: 0, increment: 1))
            young.wait(1_000)
            young.answerPing()
        }
        #expect(young.goAway == nil)
    }

    @Test("an idle connection is drained at once when it is old, and not looked at later than then")
    func idleAge() {
        var wire = TCPWire.listener { $0.ageLimit = 10_000 }
        #expect(wire.connection.nextDeadline(now: wire.now) == wire.now + 10_000)
        wire.wait(10_000)
        #expect(wire.goAway == .noError && wire.events.last == .closed(.drained))
    }

    @Test("a peer that does not say who it is has its time; one that does has all of it")
    func unknownPeer() {
        var wire = TCPWire.listener {
            $0.unknownPeers = TCPUnknownPeers()
            $0.hello.settings.idleTimeoutSeconds = 300
        }
        wire.feed(.getTask(1))
        wire.wait(30_000)
        wire.answerPing()
        wire.wait(29_999)
        wire.answerPing()
        #expect(wire.goAway == nil)
        wire.wait(1)
        #expect(wire.goAway == .noError)
        wire.wait(1)
        #expect(wire.resets == [.unavailable])

        var known = TCPWire.listener {
            $0.unknownPeers = TCPUnknownPeers()
            $0.hello.settings.idleTimeoutSeconds = 300
        }
        known.connection.peerBecameKnown()
        known.wait(30_000)
        known.answerPing()
        known.wait(31_000)
        #expect(known.goAway == nil)
    }

    @Test("what a peer is not granted while it is unknown it is granted then, once")
    func becomesKnown() {
        var wire = TCPWire.listener {
            $0.hello.settings.callCredit = 8
            var unknown = TCPUnknownPeers()
            unknown.laterCalls = 92
            $0.unknownPeers = unknown
        }
        wire.feed(.getTask(1), .text(1, 60_000, of: 100_000, isLast: false))
        wire.drain()
        let isGranted = { (frame: TCPFrame) in if case .credit = frame { true } else { false } }
        #expect(!wire.written.contains(where: isGranted))
        wire.connection.peerBecameKnown()
        wire.connection.peerBecameKnown()
        wire.drain()
        let credits = wire.written.filter(isGranted)
        #expect(credits.count == 2 && credits.contains(.credit(stream: 0, increment: 92)))
        // From now on credit comes back by halves of all of it.
        wire.written = []
        for stream in stride(from: UInt32(3), through: 201, by: 2) {
            guard wire.goAway == nil else { break }
            wire.feed(.getTask(stream), .text(stream))
            _ = wire.connection.send([], isLast: true, on: stream)
            wire.drain()
            wire.connection.release(stream)
            wire.drain()
        }
        #expect(wire.written.count(where: isGranted) <= 3)
    }

    @Test("a call ends when its time is over, on both sides")
    func deadlines() {
        var wire = TCPWire.listener()
        wire.feed(.getTask(1, timeout: 1_000), .text(1))
        wire.wait(999)
        #expect(wire.resets == [])
        wire.wait(TCPTimerWheel.tick + 1)
        #expect(wire.resets == [.deadlineExceeded])
        #expect(wire.events.contains { if case .failed(1, .deadlineExceeded, _) = $0 { true } else { false } })

        let opened = wire.connection.open(TCPCall(.init(.getTask)), deadline: wire.now + 500, now: wire.now)
        #expect(opened == .stream(2))
        wire.wait(600)
        #expect(wire.resets == [.deadlineExceeded, .deadlineExceeded])
        #expect(wire.connection.openStreams == 1)
        wire.connection.release(1)
        #expect(wire.connection.openStreams == 0)
    }
}
