import Synchronization
import Testing

@testable import A2A

/// Memory, abuse, and the ends of connections: what counts although every frame is right.
@Suite("A2A/TCP limits")
struct TCPLimitTests {
    @Test("memory that is used up refuses the next message, and comes back")
    func memory() {
        final class Shared: TCPMemoryBudget {
            let left = Mutex(250_000)
            func reserve(_ octets: Int) -> Bool {
                self.left.withLock {
                    if $0 < octets { return false }
                    $0 -= octets
                    return true
                }
            }
            func release(_ octets: Int) { self.left.withLock { $0 += octets } }
        }
        let shared = Shared()
        var wire = TCPWire.listener {
            $0.sharedBudget = shared
            $0.reassemblyLimit = 300_000
        }
        for stream in [UInt32(1), 3, 5] {
            wire.feed(.getTask(stream), .text(stream, 1_000, of: 100_000, isLast: false))
        }
        wire.drain()
        #expect(wire.resets == [.resourceExhausted])
        #expect(wire.connection.reservedOctets == 200_000)
        wire.feed(.reset(stream: 1, TCPReset(.canceled)))
        wire.connection.release(1)
        #expect(wire.connection.reservedOctets == 100_000)
        wire.connection.transportClosed()
        #expect(wire.connection.reservedOctets == 0 && shared.left.withLock { $0 } == 250_000)
    }

    @Test(
        "useless frames are borne up to a number, then the peer is told to be calm",
        arguments: ["ignored", "cancel", "auth", "credit", "ping", "fragments", "closed", "unauthenticated"])
    func abuse(_ kind: String) {
        var wire = TCPWire.listener()
        wire.feed(.getTask(1))
        var stream: UInt32 = 1
        if kind == "fragments" { wire.feed(.text(1, 10, of: 60_000, isLast: false)) }
        if kind == "closed" { wire.feed(.text(1)) }
        if kind == "closed" {
            _ = wire.connection.send([], isLast: true, on: 1)
            wire.drain()
            wire.connection.release(1)
        }
        var count = 0
        while wire.goAway == nil, count < 1_000 {
            count += 1
            switch kind {
            case "ignored": wire.feed(.ignored(type: 0x80, flags: 0, stream: 0, body: []))
            case "cancel":
                stream += 2
                wire.feed(.getTask(stream), .reset(stream: stream, TCPReset(.canceled)))
                wire.connection.release(stream)
            case "auth": wire.feed(.auth(TCPCredentials(slot: 1)))
            case "credit": wire.feed(.credit(stream: 1, increment: 1))
            case "ping": wire.feed(.ping(opaque: 1, isAcknowledgement: false))
            case "fragments": wire.feed(.data(stream: 1, body: [0], isLast: false))
            case "closed": wire.feed(.text(1))
            default:
                stream += 2
                var call = TCPCall(.init(.getTask))
                call.slot = 2
                wire.feed(.call(stream: stream, call))
            }
            wire.drain()
        }
        #expect(wire.goAway == .calm)
        #expect((200...203).contains(count))
    }

    @Test("before the listener's HELLO an initiator opens eight calls and writes four slots, and both count then")
    func early() {
        for (credit, rest) in [(UInt32(100), 92), (8, 0), (0, 0)] {
            var wire = TCPWire(TCPConnection(.initiator, TCPConfiguration(), now: TCPWire.start), now: TCPWire.start)
            for index in 0..<8 {
                #expect(wire.connection.open(TCPCall(.init(.getTask)), now: wire.now) == .stream(UInt32(2 * index + 1)))
            }
            #expect(wire.connection.open(TCPCall(.init(.getTask)), now: wire.now) == .noCredit)
            let slots = (4...5).map { wire.connection.setCredentials(TCPCredentials(slot: UInt16($0))) }
            #expect(slots == [true, false])
            let body = wire.connection.send(Array(repeating: 0, count: (1 << 20) + 1), isLast: true, on: 1)
            #expect(body == .tooLarge, "MAX_MESSAGE has its default")
            var settings = TCPSettings()
            settings.callCredit = credit
            wire.feed(TCPPreface.octets + TCPFrame.hello(TCPHello(settings: settings)).octets)
            #expect(wire.connection.availableCalls == rest)
        }
    }

    @Test("when the stream numbers are used up the connection is drained, and the last of them is still good")
    func lastNumber() {
        var wire = TCPWire.listener()
        wire.connection.nextOwn = 0xFFFF_FF00
        #expect(wire.connection.open(TCPCall(.init(.getTask)), now: wire.now) == .stream(0xFFFF_FF00))
        #expect(wire.connection.open(TCPCall(.init(.getTask)), now: wire.now) == .goingAway)
        wire.drain()
        #expect(wire.goAway == .noError && !wire.connection.isClosed)
    }

    @Test("an initiator ends the connection if the listener's preface names another version")
    func otherVersion() {
        var wire = TCPWire(TCPConnection(.initiator, TCPConfiguration(), now: TCPWire.start), now: TCPWire.start)
        wire.drain()
        wire.feed(Array("A2A/TCP".utf8) + [2])
        wire.drain()
        #expect(wire.events == [.closed(.version(2))] && wire.connection.isClosed)
    }

    @Test("after GOAWAY its sender returns no call credit")
    func noCreditAfterGoAway() {
        var wire = TCPWire.listener { $0.hello.settings.callCredit = 8 }
        for stream in stride(from: UInt32(1), through: 15, by: 2) { wire.feed(.getTask(stream), .text(stream)) }
        wire.connection.drain(graceMilliseconds: 10_000, now: wire.now)
        for stream in stride(from: UInt32(1), through: 13, by: 2) {
            _ = wire.connection.send([], isLast: true, on: stream)
            wire.drain()
            wire.connection.release(stream)
        }
        wire.drain()
        #expect(!wire.written.contains { if case .credit = $0 { true } else { false } })
    }

    @Test("a caller that has no credit left gets back what there is, be it one call")
    func lastCredit() {
        var wire = TCPWire.listener { $0.hello.settings.callCredit = 100 }
        for index in UInt32(0)..<100 { wire.feed(.getTask(2 * index + 1), .text(2 * index + 1)) }
        _ = wire.connection.send([], isLast: true, on: 1)
        wire.drain()
        #expect(!wire.written.contains { if case .credit = $0 { true } else { false } })
        wire.connection.release(1)
        wire.drain()
        #expect(wire.written.last == .credit(stream: 0, increment: 1))
    }

    @Test("cancelling calls makes no room for more")
    func rapidReset() {
        var wire = TCPWire.listener { $0.hello.settings.callCredit = 8 }
        for stream in stride(from: UInt32(1), through: 15, by: 2) {
            wire.feed(.getTask(stream), .text(stream), .reset(stream: stream, TCPReset(.canceled)))
        }
        wire.drain()
        #expect(!wire.written.contains { if case .credit(0, _) = $0 { true } else { false } })
        for stream in stride(from: UInt32(1), through: 15, by: 2) { wire.connection.release(stream) }
        wire.drain()
        #expect(wire.written.last == .credit(stream: 0, increment: 8))
    }

    @Test("draining lets calls end, refuses others, and then ends them")
    func drain() {
        var wire = TCPWire.listener()
        wire.feed(.getTask(1), .text(1), .getTask(3), .text(3))
        wire.connection.drain(graceMilliseconds: 10_000, retryAfterMilliseconds: 700, now: wire.now)
        wire.drain()
        #expect(wire.goAway == .noError && wire.connection.availableCalls == 0)
        wire.feed(.getTask(5), .text(5))
        wire.drain()
        #expect(wire.resets == [.refused])
        _ = wire.connection.send([], isLast: true, on: 1)
        wire.drain()
        wire.connection.release(1)
        wire.wait(10_000)
        #expect(wire.resets == [.refused, .unavailable])
        #expect(!wire.connection.isClosed)
        wire.connection.release(3)
        wire.drain()
        #expect(wire.events.last == .closed(.drained))
    }

    @Test("a connection that is lost tells what became of the calls")
    func fate() {
        var wire = TCPWire.listener()
        _ = wire.connection.open(TCPCall(.init(.getTask)), now: wire.now)
        _ = wire.connection.open(TCPCall(.init(.getTask)), now: wire.now)
        _ = wire.connection.send([1], isLast: true, on: 2)
        wire.drain()
        wire.connection.transportClosed()
        wire.drain()
        #expect(wire.events.suffix(3) == [.lost(stream: 2, .unknown), .lost(stream: 4, .notProcessed), .closed(.lost)])
        #expect(wire.connection.open(TCPCall(.init(.getTask)), now: wire.now) == .goingAway)
    }

    @Test("an error of this side's own ends the connection with its code")
    func ownError() {
        for code in [TCPErrorCode.internalConnectionError, .versionMismatch] {
            var wire = TCPWire.listener()
            wire.connection.fail(code, "out of order")
            wire.drain()
            #expect(wire.goAway == code)
        }
    }

    @Test("nothing that this side is asked for makes it break the rules")
    func misuse() {
        var wire = TCPWire.listener()
        #expect(wire.connection.send([1], isLast: true, on: 0) == .closed)
        #expect(wire.connection.send([1], isLast: true, on: 1) == .closed)
        wire.feed(.getTask(1))
        #expect(wire.connection.send([1], isLast: true, on: 1) == .closed, "before the request")
        wire.feed(.text(1))
        #expect(wire.connection.reply(TCPReply(parameters: ["A": ""]), on: 1) == .tooLarge)
        #expect(wire.connection.reply(TCPReply(), on: 1) == .queued)
        #expect(wire.connection.reply(TCPReply(), on: 1) == .closed)
        #expect(wire.connection.send(Array(repeating: 0, count: 2 << 20), isLast: true, on: 1) == .tooLarge)
        #expect(wire.connection.send([1], isLast: true, on: 1) == .queued)
        #expect(wire.connection.sendEnd(on: 1) == .closed)
        wire.drain()
        wire.connection.release(1)
        wire.connection.release(1)
        wire.connection.consume(1_000, on: 1)
        wire.connection.reset(1, TCPReset(.internal))
        #expect(wire.resets == [] && wire.connection.openStreams == 0)
        for slot in [UInt16(0), 5] {
            let isSet = wire.connection.setCredentials(TCPCredentials(slot: slot))
            #expect(!isSet)
        }
        // Before the preface of the other side has come, a listener says nothing at all.
        var silent = TCPWire(TCPConnection(.listener, TCPConfiguration(), now: TCPWire.start), now: TCPWire.start)
        let isSet = silent.connection.setCredentials(TCPCredentials(slot: 1))
        #expect(!isSet && !silent.connection.hasOutput)
    }

    @Test("small events overtake a large message between its fragments")
    func priorities() {
        var wire = TCPWire.listener()
        for (stream, priority) in [(UInt32(1), TCPPriority.bulk), (3, .interactive)] {
            var call = TCPCall(.init(.subscribeToTask))
            call.priority = priority
            wire.feed(.call(stream: stream, call), .text(stream))
        }
        _ = wire.connection.send(Array(repeating: 0, count: 60_000), isLast: true, on: 1)
        for _ in 0..<10 { _ = wire.connection.send([1], isLast: false, on: 3) }
        wire.drain()
        let order = wire.written.compactMap { frame -> UInt32? in
            switch frame {
            case .message(let stream, _, _, _), .data(let stream, _, _): stream
            default: nil
            }
        }
        #expect(order.prefix(10).allSatisfy { $0 == 3 } && order.suffix(1) == [1])
    }
}
