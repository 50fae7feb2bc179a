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
        let count = min(self.pipes[index].count, Int.random(in: 1...40_000, using: &self.random))
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
    }

    mutating func settle(_ index: Int) {
        self.sides[index].connection.timePassed(now: self.now)
        // A stalled transport: nothing is written for a while.
        if !self.random.once(in: 4) {
            let limit = Int.random(in: 1...60_000, using: &self.random)
            var octets: [UInt8] = []
            _ = self.sides[index].connection.output(into: &octets, limit: limit, now: self.now)
            self.pipes[1 - index] += octets
        }
        while let event = self.sides[index].connection.nextEvent() { self.note(event, index, []) }
    }

    mutating func note(_ event: TCPEvent, _ index: Int, _ input: [UInt8]) {
        switch event {
        case .call(let stream, _):
            if self.sides[index].handlers.updateValue(TCPModelHandler(), forKey: stream) != nil {
                self.problems.append("stream \(stream) came twice")
            }
        case .reply(let stream, _): self.sides[index].calls[stream]?.hasReply = true
        case .message(let message):
            let octets =
                switch message.payload {
                case .inPlace(let range): Array(input[range])
                case .assembled(let octets): octets
                }
            self.sides[index].held.append((message.stream, message.cost))
            if self.sides[index].handlers[message.stream] != nil {
                let request = self.sides[1 - index].calls[message.stream]?.request
                if request != Self.sum(octets) { self.problems.append("request of \(message.stream) changed") }
                self.sides[index].handlers[message.stream]?.request = Self.sum(octets)
                if !message.isLast { self.sides[index].handlers[message.stream]?.request = nil }
            } else {
                let count = self.sides[index].calls[message.stream]?.received.count ?? 0
                if message.sequence != UInt64(count + 1) { self.problems.append("event out of order") }
                self.sides[index].calls[message.stream]?.received.append(Self.sum(octets))
                if message.isLast { self.end(index, message.stream, isComplete: true) }
            }
        case .end(let stream):
            if self.sides[index].handlers[stream] != nil {
                self.sides[index].handlers[stream]?.request = 1
            } else {
                self.end(index, stream, isComplete: true)
            }
        case .reset(let stream, _), .failed(let stream, _, _), .lost(let stream, _):
            if self.sides[index].handlers[stream] != nil {
                self.sides[index].handlers[stream]?.isOver = true
            } else {
                self.end(index, stream, isComplete: false)
            }
        case .closed(let closure): self.sides[index].closure = closure
        case .ready, .credentials, .sendable, .callCredit, .goAway: break
        }
    }

    mutating func end(_ index: Int, _ stream: UInt32, isComplete: Bool) {
        self.sides[index].calls[stream]?.ends += 1
        self.sides[index].calls[stream]?.isComplete = isComplete
    }

    mutating func cut() {
        for index in 0...1 {
            self.sides[index].connection.transportClosed()
            while let event = self.sides[index].connection.nextEvent() { self.note(event, index, []) }
        }
    }

    /// While nothing is on its way, a sender knows exactly what the receiver still lets it send.
    mutating func checkOctets() {
        guard self.pipes.allSatisfy(\.isEmpty), self.sides.allSatisfy({ $0.input.isEmpty && $0.connection.isReady })
        else { return }
        for index in 0...1 {
            let sender = self.sides[index].connection
            let receiver = self.sides[1 - index].connection
            guard sender.control.isEmpty, receiver.control.isEmpty else { continue }
            for id in sender.table.ids {
                guard let from = sender.table.find(id), let to = receiver.table.find(id) else { continue }
                let state = sender.table.streams[from].state
                guard state == .sending || state == .responding else { continue }
                let credit = receiver.table.streams[to].receive
                if sender.table.streams[from].sendCredit != credit.available - credit.pendingGrant {
                    self.problems.append("octets of credit were lost or made on stream \(id)")
                }
            }
        }
    }

    // MARK: What must hold at the end

    mutating func check(steps: Int) {
        for (index, side) in self.sides.enumerated() {
            for (stream, call) in side.calls {
                if call.ends != 1 { self.problems.append("call \(stream) of \(index) ended \(call.ends) times") }
                let sent = self.log[index][stream] ?? []
                if call.received != Array(sent.prefix(call.received.count)) {
                    self.problems.append("call \(stream) got other messages than were sent")
                }
                if call.isComplete, call.received.count != sent.count {
                    self.problems.append("call \(stream) has \(call.received.count) of \(sent.count) messages")
                }
            }
            switch side.closure {
            case nil where self.isCut || self.hasBegunDrain: self.problems.append("side \(index) did not end")
            case .violation(let code, let text): self.problems.append("side \(index): \(code) \(text)")
            case .goneAway(let goAway): self.problems.append("side \(index) was told \(goAway.code)")
            default: break
            }
            if side.connection.reservedOctets != 0 { self.problems.append("memory is still reserved") }
        }
        guard !self.isCut, !self.hasBegunDrain else { return }
        for index in 0...1 {
            let own = self.sides[index].connection
            let peer = self.sides[1 - index].connection
            if self.toOpen > 0 { self.problems.append("\(self.toOpen) calls were never opened, \(steps) steps") }
            if own.openStreams != 0 { self.problems.append("\(own.openStreams) streams are left") }
            if own.ownLimit != peer.peerLimit || own.ownOpened != peer.peerOpened {
                self.problems.append("call credit differs")
            }
            if peer.peerLimit - peer.peerOpened + peer.returnableCalls != 8 {
                self.problems.append("call credit was lost or made")
            }
        }
    }
}
