@testable import A2A

extension TCPModel {
    // MARK: What must hold after each step

    mutating func checkStep() {
        for index in 0...1 {
            let connection = self.sides[index].connection
            guard !connection.isClosed else { continue }
            var reserved = 0
            // Calls that have not been let go, and those whose stream goes on all the same.
            let ofPeer = self.sides[index].handlers.count {
                !$0.value.isReleased || connection.state(of: $0.key) != .closed
            }
            for id in connection.table.ids {
                guard let place = connection.table.find(id) else { continue }
                let stream = connection.table.streams[place]
                if stream.sendCredit < 0 { self.problem("negative credit on \(id)") }
                if stream.state == .closed, stream.outgoing.octets > 0 || stream.assembly != nil {
                    self.problem("the stream \(id) is over and holds messages")
                }
                let needed = stream.reserved + (stream.assembly?.total ?? 0)
                reserved += needed
                // What has come is with the application or in the message that is arriving.
                let held = self.sides[index].held.reduce(0) { $0 + ($1.stream == id ? $1.cost : 0) }
                if stream.state != .closed, stream.receive.held != held + (stream.assembly?.cost ?? 0) {
                    self.problem("\(stream.receive.held) octets held on \(id)")
                }
                if let end = self.sides[index].drainEnd, end <= self.now, stream.state != .closed {
                    self.problem("the stream \(id) goes on after the grace time")
                }
                let most = stream.receive.window + needed + TCPCredit.leastGrant
                if stream.state != .closed, stream.receive.available + stream.receive.held > most {
                    self.problem("more is granted on \(id) than its window and its message need")
                }
            }
            if reserved != connection.reservedOctets || reserved != self.sides[index].budget.used {
                self.problem("\(connection.reservedOctets) octets reserved, \(reserved) needed")
            }
            if reserved > connection.configuration.reassemblyLimit { self.problem("more memory than the limit") }
            // A call is with the caller as credit, open here, or on its way back.
            if connection.peerLimit - connection.peerOpened + connection.returnableCalls + ofPeer != Self.callCredit {
                self.problem("call credit was lost or made")
            }
            if connection.control.count > 60_000 {
                self.problem("\(connection.control.count) octets of control frames")
            }
        }
        self.checkOctets()
    }

    /// While nothing is on its way, a sender knows exactly what the receiver still lets it send.
    private mutating func checkOctets() {
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
                self.note("octets compared")
                let credit = receiver.table.streams[to].receive
                if sender.table.streams[from].sendCredit != credit.available - credit.pendingGrant {
                    self.problem("octets of credit were lost or made on stream \(id)")
                }
            }
        }
    }

    // MARK: What must hold at the end

    mutating func check(steps: Int) {
        for (index, side) in self.sides.enumerated() {
            for problem in side.observer.problems.prefix(3) { self.problem("side \(index) broke a rule: \(problem)") }
            for (stream, call) in side.calls { self.checkCall(index, stream, call) }
            for (stream, handler) in side.handlers where !handler.isOver && !handler.isReleased {
                self.problem("the handler of \(stream) at \(index) was told of no end")
            }
            self.checkEnd(index)
            if side.connection.reservedOctets != 0, side.connection.isClosed {
                self.problem("memory is still reserved")
            }
            if side.budget.isOverdrawn { self.problem("memory was given back twice") }
        }
        guard self.course != .cut, !self.hasBegunDrain else { return }
        for index in 0...1 {
            let own = self.sides[index].connection
            let peer = self.sides[1 - index].connection
            if self.toOpen > 0 { self.problem("\(self.toOpen) calls were never opened, \(steps) steps") }
            if own.openStreams != 0 { self.problem("\(own.openStreams) streams are left") }
            if own.reservedOctets != 0 || self.sides[index].budget.used != 0 {
                self.problem("memory is still reserved")
            }
            if own.ownLimit != peer.peerLimit || own.ownOpened != peer.peerOpened {
                self.problem("call credit differs")
            }
            if !own.wheel.isEmpty { self.problem("deadlines are left") }
        }
    }

    private mutating func checkCall(_ index: Int, _ stream: UInt32, _ call: TCPModelCall) {
        if call.ends != 1 { self.problem("call \(stream) of \(index) ended \(call.ends) times") }
        let sent = self.log[index][stream] ?? []
        if call.received != Array(sent.prefix(call.received.count)) {
            self.problem("call \(stream) got other messages than were sent")
        }
        if call.isComplete, call.received.count != sent.count {
            self.problem("call \(stream) has \(call.received.count) of \(sent.count) messages")
        }
        let handler = self.sides[1 - index].handlers[stream]
        if call.replies > (handler?.withReply == true ? 1 : 0) { self.problem("\(call.replies) REPLYs on \(stream)") }
        if call.isComplete { self.note("complete") }
        if call.isComplete, handler?.withReply == true, call.replies != 1 {
            self.problem("REPLY of \(stream) was lost")
        }
        if call.wasRefused, handler?.request != nil {
            self.problem("call \(stream) was said not to be processed, and was")
        }
    }

    private mutating func checkEnd(_ index: Int) {
        let side = self.sides[index]
        switch side.closure {
        case nil where self.course == .cut || self.hasBegunDrain: self.problem("side \(index) did not end")
        case .violation(let code, let text): self.problem("side \(index): \(code) \(text)")
        case .goneAway(let goAway): self.problem("side \(index) was told \(goAway.code)")
        case .drained where !self.hasBegunDrain, .lost where self.course != .cut && !self.hasBegunDrain, .writeStalled,
            .notA2A, .version:
            self.problem("side \(index) ended by \(side.closure.map { "\($0)" } ?? "")")
        default: break
        }
        if side.closure == .drained, side.losses > 0 { self.problem("side \(index) did not wait for its calls") }
        if side.closures > 1 { self.problem("side \(index) ended twice") }
    }
}

extension TCPTimerWheel {
    var isEmpty: Bool { self.count == 0 }
}
