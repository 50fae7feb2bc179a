import A2A
import A2AClient
import NIOCore

extension TCPChannelHandler {
    func carryOut(_ command: TCPCommand) {
        switch command {
        case .open(let opening): self.open(opening)
        case .cancel(let call, let reset): self.cancel(call, reset)
        case .renew(let identity, let entries):
            guard let slot = self.slots.renew(entries, identity: identity) else { return }
            let credentials = TCPCredentials(slot: slot, entries: entries)
            if self.connection?.setCredentials(credentials) != true { self.slots.forget(slot) }
        case .consume(let cost, let call):
            guard let stream = call.stream else { return }
            self.connection?.consume(cost, on: stream)
        case .reply(let stream, let reply): _ = self.connection?.reply(reply, on: stream)
        case .send(let stream, let octets, let sequence, let isLast):
            self.send(octets, sequence: sequence, isLast: isLast, on: stream)
        case .end(let stream): _ = self.connection?.sendEnd(on: stream)
        case .reset(let stream, let reset): self.connection?.reset(stream, reset)
        case .fail(let stream, let reset): self.fail(stream, reset)
        case .release(let stream): self.forget(stream)
        case .peerIsKnown: self.notePeerIsKnown()
        case .drain(let grace, let retry): self.drain(graceMilliseconds: grace, retryAfterMilliseconds: retry)
        case .close: self.context?.close(promise: nil)
        case .watch(let watcher): self.watch(watcher)
        }
    }

    // MARK: Own calls

    private func open(_ opening: TCPOpening) {
        guard let connection, connection.isReady, !connection.isGoingAway else {
            return opening.call.deliver(.notTaken)
        }
        guard opening.request.count <= Int(connection.peer.settings.maxMessage) else {
            let error = A2AError(
                .requestTooLarge,
                "The request has \(opening.request.count) bytes; this agent accepts \(connection.peer.settings.maxMessage)."
            )
            return opening.call.deliver(.failure(error))
        }
        if self.waiting.isEmpty, connection.availableCalls > 0 { return self.openNow(opening) }
        guard connection.peer.settings.callCredit > 0 else {
            return opening.call.deliver(.failure(A2AError(.methodNotFound, "The peer serves no calls.")))
        }
        guard self.waiting.count < TCPClientCall.maxWaiting else {
            return opening.call.deliver(
                .failure(
                    .unreachable(
                        "The agent at \(self.options.address) has no room for more calls.", mayHaveBeenSent: false)))
        }
        self.waiting.append(opening)
    }

    /// Opens calls that waited, as far as there is credit for them.
    func openWaiting() {
        var opened = 0
        while opened < self.waiting.count, let connection, connection.availableCalls > 0 {
            let opening = self.waiting[opened]
            opened += 1
            self.openNow(opening)
        }
        self.waiting.removeFirst(min(opened, self.waiting.count))
    }

    private func openNow(_ opening: TCPOpening) {
        guard !opening.call.isCancelled else { return }
        var frame = opening.frame
        var deadline: TCPInstant?
        if let end = opening.deadline {
            let left = ContinuousClock.now.duration(to: end).wholeMilliseconds
            guard left > 0 else { return opening.call.deliver(.failure(Self.expired)) }
            frame.timeoutMilliseconds = UInt32(clamping: left)
            deadline = Self.now + min(left, Int64(UInt32.max))
        }
        let (slot, mustWrite) = self.slots.slot(
            for: opening.credentials, identity: opening.identity,
            limit: Int(self.connection?.peer.settings.authSlots ?? 0), busy: { Set(self.made.values.map(\.slot)) })
        if mustWrite {
            let credentials = TCPCredentials(slot: slot, entries: opening.credentials)
            guard self.connection?.setCredentials(credentials) == true else {
                self.slots.forget(slot)
                let error = A2AError(.invalidParams, "The call's credentials are more than a slot takes.")
                return opening.call.deliver(.failure(error))
            }
        }
        frame.slot = slot
        switch self.connection?.open(frame, deadline: deadline, now: Self.now) {
        case .stream(let stream):
            self.made[stream] = opening.call
            opening.call.begin(stream, slot: slot)
            _ = self.connection?.send(opening.request, sequence: opening.sequence, isLast: true, on: stream)
        case .goingAway:
            self.noteNoMoreCalls()
            opening.call.deliver(.notTaken)
        case .noCredit, nil: opening.call.deliver(.notTaken)
        }
    }

    private func cancel(_ call: TCPClientCall, _ reset: TCPReset) {
        if let stream = call.stream {
            if self.made.removeValue(forKey: stream) != nil { self.connection?.reset(stream, reset) }
        } else {
            self.waiting.removeAll { $0.call === call }
        }
    }

    /// Lets go of calls whose time passed while they waited for credit.
    func failOverdue() {
        guard self.waiting.contains(where: \.isOverdue) else { return }
        for opening in self.waiting where opening.isOverdue { opening.call.deliver(.failure(Self.expired)) }
        self.waiting.removeAll(where: \.isOverdue)
    }

    private static var expired: A2AError { A2AError(.deadlineExceeded, "The call took longer than its deadline.") }

    // MARK: Answers

    private func send(_ octets: [UInt8], sequence: UInt64?, isLast: Bool, on stream: UInt32) {
        guard let served = self.served[stream] else { return }
        switch self.connection?.send(octets, sequence: sequence, isLast: isLast, on: stream) {
        case .queued:
            self.served[stream]?.lastQueued = sequence
            if served.stall == nil, !isLast {
                self.served[stream]?.stall = (Self.now, octets.count)
                self.stalls += 1
            }
        case .tooLarge:
            let limit = self.connection?.peer.settings.maxMessage ?? 0
            let error = A2AError(.resourceExhausted, "The answer has \(octets.count) bytes; the caller takes \(limit).")
            self.connection?.reset(
                stream, TCPReset(error, encoding: served.call.frame.encoding, code: .messageTooLarge))
            served.call.cancel()
        case .closed, nil: served.call.cancel()
        }
    }

    // MARK: Ends

    private func fail(_ stream: UInt32, _ reset: TCPReset) {
        // RESET ends a stream at once: events that wait would be lost.
        if self.served[stream]?.stall != nil {
            self.served[stream]?.failure = reset
        } else {
            self.connection?.reset(stream, reset)
            self.forget(stream)
        }
    }

    private func drain(graceMilliseconds: UInt32, retryAfterMilliseconds: UInt32) {
        guard self.connection != nil else {
            self.context?.close(promise: nil)
            return
        }
        // Streams of events have no end of their own; whoever reads them subscribes again elsewhere.
        for (stream, served) in self.served where served.call.frame.method.isStreaming && served.isDispatched {
            let error = A2AError(
                .unavailable, "The server is shutting down. Subscribe again when it is back.",
                details: [.retryInfo(.seconds(1))])
            self.connection?.reset(stream, TCPReset(error, encoding: served.call.frame.encoding))
            self.callEnded(stream)
        }
        self.connection?.drain(
            graceMilliseconds: graceMilliseconds, retryAfterMilliseconds: retryAfterMilliseconds, now: Self.now)
    }
}
