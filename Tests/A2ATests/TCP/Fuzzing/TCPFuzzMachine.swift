#if canImport(A2A)
    @testable import A2A
#endif

/// One endpoint between a peer and an application that both do what the input says, and an account of its own of what must be.
///
/// The peer sends well-formed frames in any order; the application makes every call of the interface in any order. After each
/// step the states of all streams are those of the tables in spec/bindings/tcp.md §6.2, credit is not negative, memory is within
/// its bounds, and what is written keeps the rules (``TCPObserver``).
struct TCPFuzzMachine {
    var input: ArraySlice<UInt8>
    var connection: TCPConnection
    var observer: TCPObserver
    var now = TCPInstant(milliseconds: 1_000_000)
    let role: TCPRole
    /// The states by the tables; streams that are not here are idle, or closed.
    var states: [UInt32: TCPStreamState] = [:]
    var nextOwn: UInt32
    var nextPeer: UInt32
    /// How often each stream has ended for the application, and whether its request has.
    var ends: [UInt32: Int] = [:]
    var requestEnds: [UInt32: Int] = [:]
    var requests: Set<UInt32> = []
    /// Calls of the peer that the application has been told of and has not let go.
    var served: Set<UInt32> = []
    /// Calls that the peer has made.
    var peerCalls = 0
    var held: [(stream: UInt32, cost: Int)] = []
    var closures = 0
    /// Frames of the application that wait: they, and calls, are all that the control queue may hold.
    var ownControl = 0
    /// Streams that were open when something was written last: each may have been reset since.
    var openAtWrite = 0
    /// Octets that nobody meant were read: what the peer did is not known any more.
    var isBlind = false
    var problem: String?
    var steps: [String] = []

    static let callCredit = 8
    private static let tooLarge = [UInt8](repeating: 7, count: 1_100_000)
    static let reassemblyLimit = 150_000

    init(_ input: [UInt8]) {
        let flags = input.first ?? 0
        self.input = input.dropFirst()
        self.role = flags & 1 == 0 ? .listener : .initiator
        self.nextOwn = self.role == .initiator ? 1 : 2
        self.nextPeer = self.role == .initiator ? 2 : 1
        var configuration = TCPConfiguration(hello: TCPHello(settings: TCPFuzz.settings))
        configuration.reassemblyLimit = Self.reassemblyLimit
        configuration.glitchLimit = .max
        if flags & 4 != 0 { configuration.loneFragment = 2_000 }
        self.connection = TCPConnection(self.role, configuration, now: self.now)
        self.observer = TCPObserver(self.role)
        guard flags & 0xF2 != 2 else { return }
        self.write()
        self.read(TCPPreface.octets + TCPFrame.hello(TCPHello(settings: TCPFuzz.settings)).octets)
    }

    mutating func fail(_ text: String) {
        if self.problem == nil { self.problem = "\(text)\nafter \(self.steps.suffix(40).joined(separator: "; "))" }
    }

    mutating func byte() -> UInt8 { self.input.popFirst() ?? 0 }

    /// - Returns: What is wrong, or `nil`.
    mutating func run() -> String? {
        var count = 0
        while !self.input.isEmpty, count < 1_000, self.problem == nil {
            count += 1
            self.step()
            self.check()
            if self.connection.isClosed { break }
        }
        if self.problem == nil { self.finish() }
        return self.problem
    }

    private mutating func step() {
        switch self.byte() % 26 {
        case 0, 1: self.peerCall()
        case 2, 3: self.peerMessage()
        case 4, 5: self.peerData()
        case 6: self.peerOther()
        case 7: self.feed(.credit(stream: self.stream(.sending, .receiving, .responding), increment: self.increment()))
        case 8:
            let id = self.stream(.sending, .awaiting, .receiving, .responding)
            if id > 0 { self.feed(.reset(stream: id, TCPReset(.canceled))) }
        case 9:
            // Rarely: it is mostly the end.
            guard self.byte() == 0 else { return self.write() }
            let octets = (0..<(self.byte() % 12)).map { _ in self.byte() }
            self.isBlind = true
            self.steps.append("octets \(octets)")
            self.read(octets)
        case 10, 11: self.open()
        case 12, 13, 14: self.send()
        case 15: self.sendEnd()
        case 16: self.reply()
        case 17: self.reset()
        case 18, 19: self.release()
        case 20: self.consume()
        case 21, 22: self.write(limit: [0, 1, 3_000, 100_000][Int(self.byte() % 4)])
        case 23: self.write()
        case 24: self.timePasses()
        default: self.applicationOther()
        }
    }

    // MARK: Choices

    /// Mostly a stream in one of these states, 0 if there is none; else any number near those that are in use, of either side.
    mutating func stream(_ states: TCPStreamState...) -> UInt32 {
        let choice = self.byte()
        let likely = self.states.filter { states.contains($0.value) }.keys.sorted()
        guard choice < 8 || states.isEmpty else { return likely.isEmpty ? 0 : likely[Int(choice) % likely.count] }
        return UInt32(self.byte()) % (max(self.nextOwn, self.nextPeer) + (choice == 0 ? 4 : 0))
    }

    mutating func size() -> Int { [0, 1, 5, 300, 2_000, 20_000, 70_000, 1_100_000][Int(self.byte() % 8)] }

    private mutating func increment() -> UInt32 {
        let choice = self.byte()
        return choice < 4 ? 0x7FFF_FFFF : [1, 1_024, 65_536][Int(choice % 3)]
    }

    // MARK: What the application does

    private mutating func open() {
        var call = TCPCall(.init(.getTask))
        call.priority = TCPPriority(rawValue: self.byte() % 3) ?? .normal
        let deadline = self.byte() % 4 == 0 ? self.now + Int64(self.byte()) : nil
        self.steps.append("open")
        guard case .stream(let id) = self.connection.open(call, deadline: deadline, now: self.now) else { return }
        if id != self.nextOwn { self.fail("opened \(id) and not \(self.nextOwn)") }
        self.nextOwn = id + 2
        self.states[id] = .sending
        self.ownControl += 1
    }

    private mutating func send() {
        let id = self.stream(.sending, .responding)
        let count = self.size()
        let isLast = self.byte() % 2 == 0
        // A request is one message: the application keeps to that, as the driver does.
        if self.states[id] == .sending, self.connection.hasRequest(id) { return }
        self.steps.append("send \(id) \(count) \(isLast)")
        let body = count > 1 << 20 ? Self.tooLarge : [UInt8](repeating: 7, count: count)
        let result = self.connection.send(body, isLast: isLast, on: id)
        self.note(result, id)
    }

    private mutating func sendEnd() {
        let id = self.stream(.sending, .responding)
        if self.states[id] == .sending, !self.connection.hasRequest(id) { return }
        self.steps.append("end \(id)")
        self.note(self.connection.sendEnd(on: id), id)
    }

    private mutating func note(_ result: TCPConnection.Queued, _ id: UInt32) {
        switch self.states[id] ?? .closed {
        case .sending, .responding: break
        default: if result != .closed { self.fail("\(result) on the stream \(id)") }
        }
    }

    private mutating func reply() {
        let id = self.stream(.sending, .responding)
        self.steps.append("reply \(id)")
        self.note(self.connection.reply(TCPReply(epoch: 5), on: id), id)
        self.ownControl += 1
    }

    private mutating func reset() {
        let id = self.stream(.sending, .responding)
        self.steps.append("reset \(id)")
        self.connection.reset(id, TCPReset(.canceled))
        if self.states[id] != nil, self.states[id] != .closed {
            self.states[id] = .closed
            self.ends[id, default: 0] += 1
            self.ownControl += 1
        }
    }

    private mutating func release() {
        let id = self.served.sorted().first ?? self.stream()
        self.steps.append("release \(id)")
        self.connection.release(id)
        self.served.remove(id)
    }

    private mutating func consume() {
        guard !self.held.isEmpty else { return }
        let next = self.held.removeFirst()
        self.steps.append("consume \(next)")
        self.connection.consume(next.cost, on: next.stream)
    }

    private mutating func timePasses() {
        self.now = self.now + [1, 20, 50, 200, 1_000, 1_000, 31_000, 5][Int(self.byte() % 8)]
        self.steps.append("time \(self.now.milliseconds)")
        self.connection.timePassed(now: self.now)
        self.takeEvents([])
    }

    private mutating func applicationOther() {
        let choice = self.byte() % 5
        self.steps.append("other \(choice)")
        switch choice {
        case 0: self.connection.drain(graceMilliseconds: 500, now: self.now)
        case 1: self.connection.sendPing()
        case 2: self.connection.writabilityChanged(false, now: self.now)
        case 3: self.connection.writabilityChanged(true, now: self.now)
        default:
            let slot = UInt16(self.byte() % 6)
            _ = self.connection.setCredentials(
                TCPCredentials(slot: slot, entries: [.init(.authorization, name: "Bearer", value: "x")]))
        }
        self.ownControl += 1
        self.takeEvents([])
    }

    mutating func write(limit: Int = .max) {
        self.steps.append("write \(limit)")
        var octets: [UInt8] = []
        _ = self.connection.output(into: &octets, limit: limit, now: self.now)
        self.ownControl = 0
        self.openAtWrite = self.connection.openStreams
        for frame in self.observer.sent(octets) {
            switch frame {
            case .message(let id, _, _, true), .data(let id, _, true):
                switch self.states[id] {
                case .sending: self.states[id] = .awaiting
                case .responding: self.states[id] = .closed
                default: self.fail("END on the stream \(id)")
                }
            default: break
            }
        }
        self.takeEvents([])
    }

    // MARK: Events

    mutating func read(_ octets: [UInt8]) {
        self.observer.read(octets)
        // What is not a whole frame stays with the peer: an octet more or less is the business of another check.
        var offset = 0
        while true {
            let now = self.now
            guard let event = octets.withUnsafeBytes({ self.connection.receive($0, at: &offset, now: now) }) else {
                break
            }
            self.note(event)
        }
        if offset < octets.count, !self.connection.isClosed { self.connection.transportClosed() }
        self.takeEvents(octets)
    }

    private mutating func takeEvents(_ octets: [UInt8]) {
        while let event = self.connection.nextEvent() { self.note(event) }
    }

    private mutating func note(_ event: TCPEvent) {
        if self.closures > 0 { self.fail("\(event) after the last event") }
        switch event {
        case .call(let id, _):
            if !self.served.insert(id).inserted { self.fail("call \(id) came twice") }
            self.requestEnds[id] = 0
            self.states[id] = .receiving
        case .reply(let id, _): self.requireLive(id, event)
        case .message(let message):
            self.requireLive(message.stream, event)
            self.held.append((message.stream, message.cost))
            if !self.isOwn(message.stream), !self.requests.insert(message.stream).inserted {
                self.fail("a second request on \(message.stream)")
            }
            if message.isLast { self.ended(message.stream) }
        case .end(let id):
            self.requireLive(id, event)
            self.ended(id)
        case .reset(let id, _), .failed(let id, _, _), .lost(let id, _):
            self.requireLive(id, event)
            self.states[id] = .closed
            self.ends[id, default: 0] += 1
        case .closed: self.closures += 1
        case .ready, .credentials, .sendable, .callCredit, .goAway: break
        }
    }

    private func isOwn(_ id: UInt32) -> Bool { id & 1 == (self.role == .initiator ? 1 : 0) }

    private mutating func requireLive(_ id: UInt32, _ event: TCPEvent) {
        if self.ends[id, default: 0] > 0 { self.fail("\(event) after the end of its stream") }
        if !self.isOwn(id), self.requestEnds[id] == nil { self.fail("\(event) without a call") }
        if self.isOwn(id), id >= self.nextOwn { self.fail("\(event) on a stream that was not opened") }
    }

    private mutating func ended(_ id: UInt32) {
        if self.isOwn(id) {
            self.ends[id, default: 0] += 1
            self.states[id] = .closed
        } else {
            self.requestEnds[id, default: 0] += 1
            self.states[id] = .responding
            if self.requestEnds[id] != 1 { self.fail("the request of \(id) ended twice") }
        }
    }
}

extension TCPConnection {
    /// Whether the message of an own call was queued.
    func hasRequest(_ stream: UInt32) -> Bool {
        guard let place = self.table.find(stream) else { return false }
        return !self.table.streams[place].outgoing.isEmpty || self.table.streams[place].hasSent
    }
}
