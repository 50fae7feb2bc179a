@testable import A2A

/// A connection, the events and the frames that came out of it.
struct TCPWire {
    var connection: TCPConnection
    var now: TCPInstant
    var events: [TCPEvent] = []
    var written: [TCPFrame] = []
    private var isGreeted = false

    init(_ connection: TCPConnection, now: TCPInstant) {
        self.connection = connection
        self.now = now
    }

    mutating func feed(_ octets: [UInt8]) {
        var offset = 0
        while true {
            let now = self.now
            let event = octets.withUnsafeBytes { self.connection.receive($0, at: &offset, now: now) }
            guard let event else { break }
            self.events.append(event)
        }
    }

    mutating func feed(_ frames: TCPFrame...) { self.feed(frames.flatMap(\.octets)) }

    /// Answers a PING that was written last.
    mutating func answerPing() {
        guard case .ping(let opaque, false)? = self.written.last else { return }
        self.written.removeLast()
        self.feed(.ping(opaque: opaque, isAcknowledgement: true))
    }

    /// Lets time pass, without anything from the peer.
    mutating func wait(_ milliseconds: Int64) {
        self.now = self.now + milliseconds
        self.connection.timePassed(now: self.now)
        self.drain()
    }

    mutating func drain() {
        var octets: [UInt8] = []
        _ = self.connection.output(into: &octets, limit: .max, now: self.now)
        while let event = self.connection.nextEvent() { self.events.append(event) }
        if !self.isGreeted, octets.count >= 8 {
            octets.removeFirst(8)
            self.isGreeted = true
        }
        self.written += (try? frames(octets)) ?? []
    }

    var goAway: TCPErrorCode? {
        for case .goAway(let goAway) in self.written.reversed() { return goAway.code }
        return nil
    }

    var resets: [TCPErrorCode] {
        self.written.compactMap { if case .reset(_, let reset) = $0 { reset.code } else { nil } }
    }
}

extension TCPWire {
    static let start = TCPInstant(milliseconds: 1_000_000)

    /// A listener with a peer that has sent its HELLO.
    static func listener(_ change: (inout TCPConfiguration) -> Void = { _ in }) -> TCPWire {
        var settings = TCPSettings()
        settings.callCredit = 100
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        change(&configuration)
        var wire = TCPWire(TCPConnection(.listener, configuration, now: TCPWire.start), now: TCPWire.start)
        wire.feed(TCPPreface.octets + TCPFrame.hello(TCPHello(settings: settings)).octets)
        wire.drain()
        return wire
    }
}

extension TCPFrame {
    /// GetTask in JSON.
    static func getTask(_ stream: UInt32, timeout: UInt32 = 0) -> TCPFrame {
        var call = TCPCall(.init(.getTask), encoding: .json)
        call.timeoutMilliseconds = timeout
        return .call(stream: stream, call)
    }

    /// The beginning of a message, or all of it.
    static func text(_ stream: UInt32, _ count: Int = 2, of total: Int = 2, isLast: Bool = true) -> TCPFrame {
        .message(
            stream: stream, TCPMessageStart(total: UInt32(total)), body: Array(repeating: 0x20, count: count),
            isLast: isLast)
    }
}
