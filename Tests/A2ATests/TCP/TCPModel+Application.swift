@testable import A2A

extension TCPModel {
    // MARK: What an application does

    mutating func act(_ index: Int) {
        if self.toOpen > 0, self.random.once(in: 3) { self.open(index) }
        // Now and then a reader takes nothing for long.
        if self.sides[index].sleep > 0 {
            self.sides[index].sleep -= 1
        } else {
            if self.random.once(in: 80) { self.sides[index].sleep = Int.random(in: 10...150, using: &self.random) }
            while let next = self.sides[index].held.first, !self.random.once(in: 4) {
                self.sides[index].held.removeFirst()
                self.sides[index].connection.consume(next.cost, on: next.stream)
            }
        }
        for stream in self.sides[index].handlers.keys.sorted() where !self.random.once(in: 3) {
            self.respond(index, stream)
        }
        let open = self.sides[index].calls.filter { $0.value.ends == 0 && $0.value.mayBeCanceled }.keys.min()
        if self.random.once(in: 10), let stream = open {
            self.sides[index].calls[stream]?.ends += 1
            self.sides[index].connection.reset(stream, TCPReset(.canceled))
            self.note("cancelled")
        }
        if self.random.once(in: 100) { self.sides[index].connection.sendPing() }
        if self.random.once(in: 30) { self.authenticate(index) }
    }

    private mutating func authenticate(_ index: Int) {
        let slot = UInt16.random(in: 1...4, using: &self.random)
        let token = self.random.once(in: 4) ? nil : "token \(UInt32.random(in: 0 ... .max, using: &self.random))"
        let entries = token.map { [TCPCredentials.Entry(.authorization, name: "Bearer", value: $0)] } ?? []
        if self.sides[index].connection.setCredentials(TCPCredentials(slot: slot, entries: entries)) {
            self.sides[index].ownSlots[slot] = token
        }
    }

    mutating func open(_ index: Int) {
        var call = TCPCall(.init(.getTask))
        call.priority = TCPPriority.allCases.randomElement(using: &self.random) ?? .normal
        if self.random.once(in: 10) { call.timeoutMilliseconds = UInt32.random(in: 1...200, using: &self.random) }
        let deadline = self.random.once(in: 10) ? self.now + Int64.random(in: 1...300, using: &self.random) : nil
        if self.random.once(in: 3) { call.slot = self.sides[index].ownSlots.keys.min() ?? 0 }
        guard case .stream(let stream) = self.sides[index].connection.open(call, deadline: deadline, now: self.now)
        else {
            if self.sides[index].connection.isGoingAway || self.sides[index].connection.isClosed {
                self.toOpen -= 1
            } else {
                self.note("without credit")
            }
            return
        }
        if self.sides[index].connection.isReady == false { self.note("early call") }
        self.toOpen -= 1
        let request = self.body()
        self.sides[index].calls[stream] = TCPModelCall(
            request: Self.sum(request), mayBeCanceled: self.random.once(in: 8), slot: call.slot,
            credential: self.sides[index].ownSlots[call.slot], opened: self.now, deadline: deadline)
        if self.random.once(in: 20) {
            let tooLarge = [UInt8](repeating: 0, count: 1 << 20 + 1)
            if self.sides[index].connection.send(tooLarge, isLast: true, on: stream) != .tooLarge {
                self.problem("a request above MAX_MESSAGE was taken")
            }
        }
        let isLast = !self.random.once(in: 10)
        if self.sides[index].connection.send(request, isLast: isLast, on: stream) != .queued {
            self.problem("request refused")
        }
        if !isLast { _ = self.sides[index].connection.sendEnd(on: stream) }
        if self.random.once(in: 40) {
            // Cancelled before anything of it was written.
            self.sides[index].calls[stream]?.ends += 1
            self.sides[index].connection.reset(stream, TCPReset(.canceled))
            self.note("cancelled at once")
        }
    }

    private mutating func respond(_ index: Int, _ stream: UInt32) {
        guard let handler = self.sides[index].handlers[stream], !handler.isReleased else { return }
        if handler.isOver {
            // Some hold on to their call for a while.
            guard !self.random.once(in: 4) else { return }
            self.sides[index].handlers[stream]?.isReleased = true
            self.sides[index].connection.release(stream)
            return
        }
        guard handler.request != nil else { return }
        if self.random.once(in: 30) {
            self.sides[index].connection.reset(stream, TCPReset(.internal, "failed"))
            self.sides[index].handlers[stream]?.hasAnswered = true
            self.note("failed")
            return
        }
        if !handler.withReply, !self.random.once(in: 8) {
            if self.sides[index].connection.reply(TCPReply(epoch: UInt64(stream)), on: stream) == .queued {
                self.sides[index].handlers[stream]?.withReply = true
            } else if handler.sent.isEmpty {
                self.problem("REPLY refused")
            }
        }
        // A pump: one message at a time, or some.
        guard self.sides[index].connection.queuedOctets(on: stream) == 0 || self.random.once(in: 6) else { return }
        if !handler.sent.isEmpty, self.random.once(in: 12) {
            if self.sides[index].connection.sendEnd(on: stream) != .queued { self.problem("END refused") }
            self.sides[index].handlers[stream]?.hasAnswered = true
            return
        }
        let body = self.body()
        let isLast = self.random.once(in: 4)
        self.sides[index].handlers[stream]?.sent.append(Self.sum(body))
        self.log[1 - index][stream, default: []].append(Self.sum(body))
        let sequence = UInt64(handler.sent.count + 1)
        let queued = self.sides[index].connection.send(body, sequence: sequence, isLast: isLast, on: stream)
        if queued != .queued { self.problem("response \(queued)") }
        if isLast { self.sides[index].handlers[stream]?.hasAnswered = true }
    }

    mutating func drain() {
        self.hasBegunDrain = true
        let grace: UInt32 = self.course == .hurried ? UInt32.random(in: 0...200, using: &self.random) : 60_000
        let first = Int.random(in: 0...1, using: &self.random)
        // Both at the same time, now and then.
        for index in self.random.once(in: 4) ? [0, 1] : [first] {
            self.sides[index].connection.drain(graceMilliseconds: grace, now: self.now)
            self.sides[index].drainEnd = self.now + Int64(grace)
        }
    }
}
