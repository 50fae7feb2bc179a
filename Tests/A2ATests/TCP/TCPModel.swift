@testable import A2A

/// One side, and what its application knows.
struct TCPModelSide {
    var connection: TCPConnection
    var input: [UInt8] = []
    var calls: [UInt32: TCPModelCall] = [:]
    var handlers: [UInt32: TCPModelHandler] = [:]
    /// Streams that came, and how often each ended.
    var ended: [UInt32: Int] = [:]
    /// Messages that the application has not taken.
    var held: [(stream: UInt32, cost: Int)] = []
    var closure: TCPClosure?
}

struct TCPModelCall {
    var request: UInt64
    /// Only some are, or a call that is stuck would be saved.
    var mayBeCanceled: Bool
    var received: [UInt64] = []
    var ends = 0
    var isComplete = false
    var hasReply = false
}

struct TCPModelHandler {
    var request: UInt64?
    var responses: [[UInt8]] = []
    var sent: [UInt64] = []
    var isOver = false
    var isReleased = false
    var withReply = false
}

struct TCPModel {
    var random: TCPRandom
    var sides: [TCPModelSide]
    /// Octets on their way to each side.
    var pipes: [[UInt8]] = [[], []]
    /// Deliveries that each direction leaves out.
    var stalls = [0, 0]
    var now = TCPInstant(milliseconds: 10_000)
    var toOpen = 120
    let isCut: Bool
    let isDrained: Bool
    var hasBegunDrain = false
    var problems: [String] = []
    /// Sums of the responses of each call, as the responder sent them, by the caller's side and stream.
    var log: [[UInt32: [UInt64]]] = [[:], [:]]

    init(seed: UInt64, isCut: Bool, isDrained: Bool) {
        self.random = TCPRandom(seed: seed)
        self.isCut = isCut
        self.isDrained = isDrained
        var settings = TCPSettings()
        settings.callCredit = 8
        settings.streamCredit = [65_536, 100_000].randomElement(using: &self.random) ?? 65_536
        var configuration = TCPConfiguration(hello: TCPHello(settings: settings))
        configuration.reassemblyLimit = 4 << 20
        configuration.glitchLimit = 1_000_000
        // Or a message that is stuck would be ended for its slowness.
        configuration.leastMessageRate = 0
        let start = self.now
        self.sides = [TCPRole.initiator, .listener].map {
            TCPModelSide(connection: TCPConnection($0, configuration, now: start))
        }
    }

    static func sum(_ octets: [UInt8]) -> UInt64 {
        var hasher = Hasher()
        octets.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    mutating func body() -> [UInt8] {
        let sizes = [0, 1, 20, 700, 5_000, 70_000, 300_000]
        let size = sizes.randomElement(using: &self.random) ?? 0
        var body = [UInt8](repeating: UInt8.random(in: 0...255, using: &self.random), count: size)
        for index in stride(from: 0, to: size, by: 509) { body[index] = UInt8(truncatingIfNeeded: index / 509) }
        return body
    }

    mutating func run() {
        let cutAt = self.isCut ? Int.random(in: 20...600, using: &self.random) : Int.max
        let drainAt = self.isDrained ? Int.random(in: 20...600, using: &self.random) : Int.max
        var step = 0
        var quiet = 0
        var stuck = 0
        while quiet < 40, step < 200_000 {
            step += 1
            if step == cutAt { break }
            if step == drainAt {
                self.hasBegunDrain = true
                self.sides[1].connection.drain(graceMilliseconds: 60_000, now: self.now)
            }
            let index = Int.random(in: 0...1, using: &self.random)
            let before = self.fingerprint
            self.act(index)
            self.deliver(1 - index)
            self.settle(0)
            self.settle(1)
            self.checkOctets()
            let isBusy = self.fingerprint != before || !self.pipes[0].isEmpty || !self.pipes[1].isEmpty
            quiet = isBusy ? 0 : quiet + 1
            if isBusy { stuck = 0 }
            if quiet == 20, self.isWaiting { self.now = self.now + 100 }
            if self.isWaiting, quiet > 30, stuck < 100 {
                // A deadline may still come; after so many rounds nothing will.
                stuck += 1
                quiet = 15
            }
            if self.random.once(in: 4) { self.now = self.now + Int64.random(in: 0...40, using: &self.random) }
        }
        if self.isCut { self.cut() }
        self.check(steps: step)
    }

    /// Something that changes whenever anything goes on.
    var fingerprint: [Int] {
        self.sides.flatMap { side in
            [side.calls.count, side.held.count, side.handlers.count, side.connection.openStreams, side.input.count]
        } + self.pipes.map(\.count) + [self.toOpen]
    }

    /// Whether a call is still open on either side.
    var isWaiting: Bool {
        self.sides.contains { side in
            !side.connection.isClosed
                && (side.calls.values.contains { $0.ends == 0 } || side.handlers.values.contains { !$0.isReleased })
        }
    }

    // MARK: What an application does

    mutating func act(_ index: Int) {
        if self.toOpen > 0, self.random.once(in: 3) { self.open(index) }
        // Take some of what is held.
        while let next = self.sides[index].held.first, !self.random.once(in: 4) {
            self.sides[index].held.removeFirst()
            self.sides[index].connection.consume(next.cost, on: next.stream)
        }
        for stream in self.sides[index].handlers.keys.sorted() where !self.random.once(in: 3) {
            self.respond(index, stream)
        }
        let open = self.sides[index].calls.filter { $0.value.ends == 0 && $0.value.mayBeCanceled }.keys.min()
        if self.random.once(in: 10), let stream = open {
            self.sides[index].calls[stream]?.ends += 1
            self.sides[index].connection.reset(stream, TCPReset(.canceled))
        }
        if self.random.once(in: 200) { self.sides[index].connection.sendPing(now: self.now) }
    }

    mutating func open(_ index: Int) {
        var call = TCPCall(.init(.getTask))
        call.priority = TCPPriority.allCases.randomElement(using: &self.random) ?? .normal
        if self.random.once(in: 10) { call.timeoutMilliseconds = UInt32.random(in: 1...200, using: &self.random) }
        let deadline = self.random.once(in: 10) ? self.now + Int64.random(in: 1...300, using: &self.random) : nil
        guard case .stream(let stream) = self.sides[index].connection.open(call, deadline: deadline, now: self.now)
        else {
            if self.sides[index].connection.isGoingAway || self.sides[index].connection.isClosed {
                self.toOpen -= 1
            }
            return
        }
        self.toOpen -= 1
        let request = self.body()
        self.sides[index].calls[stream] = TCPModelCall(
            request: Self.sum(request), mayBeCanceled: self.random.once(in: 8))
        let isLast = !self.random.once(in: 10)
        if self.sides[index].connection.send(request, isLast: isLast, on: stream) != .queued {
            self.problems.append("request refused")
        }
        if !isLast { _ = self.sides[index].connection.sendEnd(on: stream) }
    }

    mutating func respond(_ index: Int, _ stream: UInt32) {
        guard let handler = self.sides[index].handlers[stream], !handler.isReleased else { return }
        if handler.isOver {
            self.sides[index].handlers[stream]?.isReleased = true
            self.sides[index].connection.release(stream)
            return
        }
        guard handler.request != nil else { return }
        if self.random.once(in: 30) {
            self.sides[index].connection.reset(stream, TCPReset(.internal, "failed"))
            self.sides[index].handlers[stream]?.isOver = true
            return
        }
        if !handler.withReply {
            self.sides[index].handlers[stream]?.withReply = true
            _ = self.sides[index].connection.reply(TCPReply(epoch: 7), on: stream)
        }
        // A pump: one message at a time.
        guard self.sides[index].connection.queuedOctets(on: stream) == 0 else { return }
        let body = self.body()
        let isLast = self.random.once(in: 4)
        self.sides[index].handlers[stream]?.sent.append(Self.sum(body))
        self.log[1 - index][stream, default: []].append(Self.sum(body))
        let sequence = UInt64(handler.sent.count + 1)
        let queued = self.sides[index].connection.send(body, sequence: sequence, isLast: isLast, on: stream)
        if queued != .queued { self.problems.append("response \(queued)") }
        if isLast { self.sides[index].handlers[stream]?.isOver = true }
    }
}
