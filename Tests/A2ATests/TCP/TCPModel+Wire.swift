@testable import A2A

extension TCPModel {
    // MARK: The wire

    mutating func deliver(_ index: Int) {
        guard !self.pipes[index].isEmpty, !self.random.once(in: 3) else { return }
        // Now and then one direction stands still for a while, so that credit runs out.
        if self.stalls[index] > 0 {
            self.stalls[index] -= 1
            return
        }
        if self.random.once(in: 60) { self.stalls[index] = Int.random(in: 10...150, using: &self.random) }
        let most = self.random.once(in: 4) ? 100 : 40_000
        let count = min(self.pipes[index].count, Int.random(in: 1...most, using: &self.random))
        self.sides[index].observer.read(Array(self.pipes[index].prefix(count)))
        self.sides[index].input += self.pipes[index].prefix(count)
        self.pipes[index].removeFirst(count)
        var offset = 0
        let input = self.sides[index].input
        while true {
            let now = self.now
            let event = input.withUnsafeBytes { self.sides[index].connection.receive($0, at: &offset, now: now) }
            guard let event else { break }
            self.note(event, index, input)
        }
        self.sides[index].input.removeFirst(offset)
        if self.sides[index].input.count > TCPFrameHeader.maxFrameSize { self.problem("more than a frame is kept") }
    }

    mutating func settle(_ index: Int) {
        self.sides[index].connection.timePassed(now: self.now)
        // A stalled transport: nothing is written for a while.
        if !self.random.once(in: 4) {
            let limit = Int.random(in: 1...60_000, using: &self.random)
            var octets: [UInt8] = []
            _ = self.sides[index].connection.output(into: &octets, limit: limit, now: self.now)
            for frame in self.sides[index].observer.sent(octets) {
                switch frame {
                case .ping: self.note("PING")
                case .data: self.note("fragment")
                default: break
                }
            }
            if octets.count > limit + TCPFrameHeader.maxFrameSize + 20_000 {
                self.problem("\(octets.count) octets at once")
            }
            self.pipes[1 - index] += octets
        }
        while let event = self.sides[index].connection.nextEvent() { self.note(event, index, []) }
        // After the last word of one side, its transport ends for the other.
        let own = self.sides[index].connection
        guard own.isClosed, !own.hasOutput, self.pipes[1 - index].isEmpty else { return }
        self.sides[1 - index].connection.transportClosed()
        while let event = self.sides[1 - index].connection.nextEvent() { self.note(event, 1 - index, []) }
    }

    // MARK: Events

    mutating func note(_ event: TCPEvent, _ index: Int, _ input: [UInt8]) {
        if self.sides[index].closures > 0 { self.problem("\(event) after the end of side \(index)") }
        switch event {
        case .call(let stream, let call): self.noteCall(stream, call, index)
        case .reply(let stream, let reply):
            self.sides[index].calls[stream]?.replies += 1
            if reply.epoch != UInt64(stream) { self.problem("REPLY of another stream") }
            if self.sides[index].calls[stream]?.received.isEmpty == false { self.problem("REPLY after a message") }
        case .message(let message):
            let octets =
                switch message.payload {
                case .inPlace(let range): Array(input[range])
                case .assembled(let octets): octets
                }
            self.sides[index].held.append((message.stream, message.cost))
            if self.sides[index].handlers[message.stream] != nil {
                self.noteRequest(octets, message, index)
            } else {
                self.noteResponse(octets, message, index)
            }
        case .end(let stream):
            if self.sides[index].handlers[stream] != nil {
                self.sides[index].handlers[stream]?.request = 1
            } else {
                self.end(index, stream, isComplete: true)
            }
        case .reset(let stream, let reset):
            if reset.code == .refused { self.sides[index].calls[stream]?.wasRefused = true }
            self.noteEnd(stream, index)
        case .failed(let stream, let code, _):
            if code == .deadlineExceeded { self.noteDeadline(stream, index) }
            if code == .resourceExhausted { self.note("out of memory") }
            self.noteEnd(stream, index)
        case .lost(let stream, let fate):
            if fate == .notProcessed {
                self.sides[index].calls[stream]?.wasRefused = true
            } else {
                self.sides[index].losses += 1
            }
            self.noteEnd(stream, index)
        case .closed(let closure):
            self.sides[index].closure = closure
            self.sides[index].closures += 1
        case .credentials(let credentials):
            self.note("AUTH")
            self.sides[index].slots[credentials.slot] = credentials.entries.first?.value
        case .ready, .sendable, .callCredit, .goAway: break
        }
    }

    private mutating func noteCall(_ stream: UInt32, _ call: TCPCall, _ index: Int) {
        let handler = TCPModelHandler(
            opened: self.now, timeout: call.timeoutMilliseconds > 0 ? Int64(call.timeoutMilliseconds) : nil)
        if self.sides[index].handlers.updateValue(handler, forKey: stream) != nil {
            self.problem("stream \(stream) came twice")
        }
        // Credentials are those that the slot had when the call was made, however many were written since.
        let made = self.sides[1 - index].calls[stream]
        if call.slot != made?.slot { self.problem("another slot") }
        if call.slot != 0, self.sides[index].slots[call.slot] != made?.credential { self.problem("other credentials") }
        self.note(index == 0 ? "call to the initiator" : "call to the listener")
        let open = self.sides[index].handlers.values.count { !$0.isReleased }
        if open > Self.callCredit { self.problem("\(open) calls at a time") }
    }

    private mutating func noteRequest(_ octets: [UInt8], _ message: TCPMessage, _ index: Int) {
        let request = self.sides[1 - index].calls[message.stream]?.request
        if request != Self.sum(octets) { self.problem("request of \(message.stream) changed") }
        self.sides[index].handlers[message.stream]?.requests += 1
        if self.sides[index].handlers[message.stream]?.requests != 1 { self.problem("a request came twice") }
        if message.isLast { self.sides[index].handlers[message.stream]?.request = Self.sum(octets) }
    }

    private mutating func noteResponse(_ octets: [UInt8], _ message: TCPMessage, _ index: Int) {
        guard let call = self.sides[index].calls[message.stream] else {
            return self.problem("a message on the stream \(message.stream), which there is not")
        }
        if call.ends > 0 { self.problem("a message after the end of \(message.stream)") }
        if message.sequence != UInt64(call.received.count + 1) { self.problem("event out of order") }
        self.sides[index].calls[message.stream]?.received.append(Self.sum(octets))
        if octets.count > 65_535 { self.note("large message") }
        if message.isLast { self.end(index, message.stream, isComplete: true) }
    }

    private mutating func noteEnd(_ stream: UInt32, _ index: Int) {
        if self.sides[index].handlers[stream] != nil {
            self.sides[index].handlers[stream]?.ends += 1
            if self.sides[index].handlers[stream]?.ends != 1 {
                self.problem("call \(stream) ended twice at its handler")
            }
        } else {
            self.end(index, stream, isComplete: false)
        }
    }

    /// A deadline is kept, and not before its time.
    private mutating func noteDeadline(_ stream: UInt32, _ index: Int) {
        self.note("deadline")
        let due: TCPInstant?
        if let handler = self.sides[index].handlers[stream] {
            due = handler.timeout.map { handler.opened + $0 }
        } else {
            due = self.sides[index].calls[stream]?.deadline
        }
        guard let due else { return self.problem("a call without a deadline ran out of time") }
        if due > self.now { self.problem("a deadline came early") }
    }

    private mutating func end(_ index: Int, _ stream: UInt32, isComplete: Bool) {
        self.sides[index].calls[stream]?.ends += 1
        self.sides[index].calls[stream]?.isComplete = isComplete
    }

    /// The pipe breaks. Each side learns of it in its own time, and some of what was on its way still comes.
    mutating func cut() {
        let first = Int.random(in: 0...1, using: &self.random)
        for index in [first, 1 - first] {
            for _ in 0..<Int.random(in: 0...5, using: &self.random) { self.deliver(index) }
            self.sides[index].connection.transportClosed()
            while let event = self.sides[index].connection.nextEvent() { self.note(event, index, []) }
        }
    }
}
