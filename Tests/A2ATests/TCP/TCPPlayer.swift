@testable import A2A

/// Plays one side of a conversation with a connection: feeds it what the peer sent, makes it do what its own steps say,
/// and compares what it writes.
struct TCPPlayer {
    var connection: TCPConnection
    var now = TCPInstant(milliseconds: 1_000_000)
    let role: TCPRole
    /// Octets that came and were not read.
    private var input: [UInt8] = []
    /// Octets that were written, before they are frames.
    private(set) var raw: [UInt8] = []
    private var greeted = false
    /// Frames that were written and no step accounts for.
    private(set) var written: [TCPFrame] = []
    private(set) var ends: [UInt32: String] = [:]
    private(set) var closure: TCPClosure?
    private(set) var events: [TCPEvent] = []
    /// Streams whose messages are cut differently: their MSG and DATA are not compared.
    private var fragmented: Set<UInt32> = []
    var problems: [String] = []

    init(_ role: TCPRole, hello: TCPHello = TCPHello(), plaintext: Bool = false) {
        self.role = role
        var configuration = TCPConfiguration(hello: hello)
        configuration.acceptsCredentials = !plaintext
        self.connection = TCPConnection(role, configuration, now: self.now)
    }

    /// The HELLO that a side sends in some steps.
    static func hello(of role: TCPRole, in steps: [TCPVectors.Step]) throws -> TCPHello? {
        guard let step = steps.first(where: { $0.role == role }) else { return nil }
        guard case .hello(let hello)? = try frames(Array(step.octets.dropFirst(8))).first else { return nil }
        return hello
    }

    mutating func play(_ steps: [TCPVectors.Step], chunk: Int) throws {
        var isFirst = [TCPRole.initiator: true, .listener: true]
        let own = try steps.filter { $0.role == self.role }.flatMap { step -> [TCPFrame] in
            defer { isFirst[step.role] = false }
            return try frames(Array(step.octets.dropFirst(isFirst[step.role] == true ? 8 : 0)))
        }
        var upcoming = own[...]
        isFirst = [.initiator: true, .listener: true]
        for step in steps {
            self.now = self.now + 1_000
            if step.role == self.role {
                let count = try frames(Array(step.octets.dropFirst(isFirst[step.role] == true ? 8 : 0))).count
                for _ in 0..<count { self.perform(upcoming.removeFirst(), upcoming) }
            } else {
                self.feed(step.octets, chunk: chunk)
            }
            isFirst[step.role] = false
        }
        self.collect()
    }

    mutating func feed(_ octets: [UInt8], chunk: Int) {
        var rest = octets[...]
        while !rest.isEmpty {
            self.input += rest.prefix(chunk)
            rest = rest.dropFirst(chunk)
            var offset = 0
            while true {
                let input = self.input
                let now = self.now
                let event = input.withUnsafeBytes { self.connection.receive($0, at: &offset, now: now) }
                guard let event else { break }
                self.note(event)
            }
            self.input.removeFirst(offset)
        }
        self.collect()
    }

    /// Does what leads to the next of this side's frames, unless it is there already.
    private mutating func perform(_ frame: TCPFrame, _ upcoming: ArraySlice<TCPFrame>) {
        self.collect()
        if self.take(frame) { return }
        var ended: UInt32?
        switch frame {
        case .auth(let credentials): _ = self.connection.setCredentials(credentials)
        case .call(let stream, let call):
            let opened = self.connection.open(call, now: self.now)
            if opened != .stream(stream) { self.problems.append("opening stream \(stream): \(opened)") }
        case .reply(let stream, let reply): _ = self.connection.reply(reply, on: stream)
        case .message(let stream, let start, var body, var isLast):
            for case .data(stream, let more, let hasEnd) in upcoming where body.count < Int(start.total) {
                self.fragmented.insert(stream)
                body += more
                isLast = hasEnd
            }
            if body.count < Int(start.total) {
                // The rest is never sent: let the message begin with fragments of this size.
                self.fragmented.insert(stream)
                body += Array(repeating: 0x20, count: Int(start.total) - body.count)
            }
            _ = self.connection.send(body, sequence: start.sequence, isLast: isLast, on: stream)
            if isLast { ended = stream }
        case .data(let stream, _, let isLast):
            if isLast, !self.fragmented.contains(stream) {
                _ = self.connection.sendEnd(on: stream)
                ended = stream
            }
        case .credit: return
        case .reset(let stream, let reset):
            self.ends[stream] = self.ends[stream] ?? "reset \(reset.code)"
            self.connection.reset(stream, reset)
            self.connection.release(stream)
        case .ping: self.connection.sendPing()
        case .goAway(let goAway):
            if goAway.code == .noError {
                self.connection.drain(
                    graceMilliseconds: goAway.graceMilliseconds,
                    retryAfterMilliseconds: goAway.retryAfterMilliseconds, text: goAway.text, now: self.now)
            } else {
                self.connection.fail(goAway.code, goAway.text)
            }
        case .hello, .ignored: self.problems.append("nothing leads to \(frame)")
        }
        self.collect()
        if let ended, !self.isOurs(ended) {
            self.ends[ended] = self.ends[ended] ?? "end"
            self.connection.release(ended)
            self.collect()
        }
        switch frame {
        case .message(let stream, _, _, _), .data(let stream, _, _):
            if self.fragmented.contains(stream) { return }
        default: break
        }
        if !self.take(frame) { self.problems.append("was not written: \(TCPVectors.value(of: frame))") }
    }

    private mutating func take(_ frame: TCPFrame) -> Bool {
        guard let index = self.written.firstIndex(of: frame) else { return false }
        self.written.remove(at: index)
        return true
    }

    /// Takes events and writes what there is.
    mutating func collect() {
        _ = self.connection.output(into: &self.raw, limit: .max, now: self.now)
        while let event = self.connection.nextEvent() { self.note(event) }
        _ = self.connection.output(into: &self.raw, limit: .max, now: self.now)
        guard self.greeted || self.raw.count > 8 else { return }
        let octets = self.greeted ? self.raw : Array(self.raw.dropFirst(8))
        self.greeted = true
        self.raw = []
        for frame in (try? frames(octets)) ?? [] {
            switch frame {
            case .credit: continue
            case .message(let stream, _, _, _), .data(let stream, _, _):
                if self.fragmented.contains(stream) { continue }
            case .reset(let stream, let reset): self.ends[stream] = self.ends[stream] ?? "reset \(reset.code)"
            default: break
            }
            self.written.append(frame)
        }
    }

    private mutating func note(_ event: TCPEvent) {
        self.events.append(event)
        var over: UInt32?
        switch event {
        case .message(let message):
            self.connection.consume(message.cost, on: message.stream)
            if message.isLast, self.isOurs(message.stream) { over = message.stream }
            if over != nil { self.ends[message.stream] = "end" }
        case .end(let stream) where self.isOurs(stream): self.ends[stream] = "end"
        case .reset(let stream, let reset):
            self.ends[stream] = "reset \(reset.code)"
            over = stream
        case .failed(let stream, let code, _):
            self.ends[stream] = "reset \(code)"
            over = stream
        case .lost(let stream, _):
            self.ends[stream] = "lost"
            over = stream
        case .closed(let closure): self.closure = closure
        default: break
        }
        if let over { self.connection.release(over) }
    }

    private func isOurs(_ stream: UInt32) -> Bool { stream % 2 == (self.role == .initiator ? 1 : 0) }
}
