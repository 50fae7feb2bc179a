import A2A
import A2AClient
import HTTPTypes
import Synchronization

extension TCPChannelHandler {
    func handle(_ event: TCPEvent) {
        switch event {
        case .ready(let hello):
            self.noteReady()
            self.options.onReady?(self, hello)
        case .credentials(let credentials):
            // In place: calls that run look at the slot again.
            self.peerSlot(credentials.slot).write(HTTPFields(credentials))
        case .call(let stream, let frame):
            let call = TCPServerCall(
                stream, frame, slot: self.peerSlot(frame.slot), principal: self.principal, link: self)
            self.served[stream] = TCPServed(call: call)
            // Whoever must say who it is does so before its request comes.
            if self.options.requiresAuthentication { self.dispatch(stream) }
        case .reply(let stream, let reply): self.made[stream]?.deliver(.reply(reply))
        case .message(let message): self.take(message)
        case .end(let stream):
            if self.served[stream] != nil {
                self.requestIsComplete(stream)
            } else {
                self.made.removeValue(forKey: stream)?.deliver(.end)
            }
        case .reset(let stream, let reset):
            if self.served[stream] != nil {
                self.callEnded(stream)
            } else if let call = self.made.removeValue(forKey: stream) {
                call.deliver(
                    .failure(A2AError(reset, encoding: call.encoding, address: self.options.address)))
            }
        case .failed(let stream, let code, let text):
            if self.served[stream] != nil {
                self.callEnded(stream)
            } else {
                self.made.removeValue(forKey: stream)?.deliver(.failure(self.ownFailure(code, text)))
            }
        case .lost(let stream, let fate):
            if self.served[stream] != nil {
                self.callEnded(stream)
            } else {
                let end = self.recognitionEnd(of: stream)
                self.made.removeValue(forKey: stream)?.deliver(
                    .failure(
                        .unreachable(
                            "The connection to the agent at \(self.options.address) broke.",
                            mayHaveBeenSent: fate != .notProcessed,
                            recognizedUntil: end)))
            }
        case .sendable(let stream): self.becameSendable(stream)
        case .callCredit: self.openWaiting()
        case .goAway(let goAway):
            self.noteGoingAway(goAway)
            self.failWaiting()
        case .closed(let closure):
            self.noteClosed(closure)
            self.failWaiting()
        }
    }

    private func take(_ message: TCPMessage) {
        let octets =
            switch message.payload {
            case .inPlace(let range): self.octets(range)
            case .assembled(let octets): octets
            }
        if let served = self.served[message.stream] {
            // The request is in the call's hands; it counts there.
            self.connection?.consume(message.cost, on: message.stream)
            served.call.setRequest(octets, sequence: message.sequence)
            if message.isLast { self.requestIsComplete(message.stream) }
        } else if let call = self.made[message.stream] {
            if message.isLast { self.made[message.stream] = nil }
            call.deliver(
                .message(octets, sequence: message.sequence, isLast: message.isLast, cost: message.cost))
        } else {
            self.connection?.consume(message.cost, on: message.stream)
        }
    }

    /// Until when the peer recognises the message of a call if it is sent again.
    private func recognitionEnd(of stream: UInt32) -> ContinuousClock.Instant? {
        guard let seconds = self.connection?.peer.settings.dedupSeconds, seconds > 0 else { return nil }
        return self.made[stream]?.openedAt.advanced(by: .seconds(Int64(seconds)))
    }

    /// What an end that this side made of a call says to its caller.
    private func ownFailure(_ code: TCPErrorCode, _ text: String) -> A2AError {
        switch code {
        case .deadlineExceeded: A2AError(.deadlineExceeded, "The call took longer than its deadline.")
        case .messageTooLarge:
            A2AError(
                .invalidAgentResponse,
                "The agent's answer is larger than \(self.options.configuration.hello.settings.maxMessage) bytes.")
        case .invalidAgentResponse: A2AError(.invalidAgentResponse, "The agent's answer cannot be: \(text).")
        case .resourceExhausted: A2AError(.resourceExhausted, "The agent's answer could not be taken: \(text).")
        default:
            .unreachable("The call to the agent at \(self.options.address) was ended: \(text).", mayHaveBeenSent: true)
        }
    }

    // MARK: Calls of the peer

    private func requestIsComplete(_ stream: UInt32) {
        self.served[stream]?.call.requestIsComplete()
        self.dispatch(stream)
    }

    private func peerSlot(_ number: UInt16) -> TCPPeerSlot {
        if let slot = self.peerSlots[number] { return slot }
        let slot = TCPPeerSlot(certificate: self.certificate)
        self.peerSlots[number] = slot
        return slot
    }

    func notePeerIsKnown() {
        guard !self.isPeerKnown.exchange(true, ordering: .relaxed) else { return }
        self.connection?.peerBecameKnown()
        self.onPeerKnown?()
        self.onPeerKnown = nil
    }

    private func dispatch(_ stream: UInt32) {
        guard let served = self.served[stream], !served.isDispatched else { return }
        self.served[stream]?.isDispatched = true
        if self.inbox != nil {
            self.arrived.append(served.call)
        } else {
            self.connection?.reset(stream, TCPReset(.refused, "no calls are taken", notProcessed: true))
            self.forget(stream)
        }
    }

    /// The stream of a call is over, whatever its handler does.
    func callEnded(_ stream: UInt32) {
        guard let served = self.served[stream] else { return }
        served.call.cancel()
        self.noteProgress(stream)
        if !served.isDispatched || served.failure != nil { self.forget(stream) }
    }

    func forget(_ stream: UInt32) {
        self.noteProgress(stream)
        self.served[stream] = nil
        self.connection?.release(stream)
    }

    private func becameSendable(_ stream: UInt32) {
        // More may have been queued since; it will say so itself.
        guard let served = self.served[stream], self.connection?.queuedOctets(on: stream) ?? 0 == 0 else { return }
        self.noteProgress(stream)
        self.served[stream]?.lastWritten = served.lastQueued
        if let failure = served.failure {
            self.connection?.reset(stream, failure)
            return self.forget(stream)
        }
        served.call.becameSendable()
    }

    private func noteProgress(_ stream: UInt32) {
        guard self.served[stream]?.stall != nil else { return }
        self.served[stream]?.stall = nil
        self.stalls -= 1
    }

    /// Ends the streams whose reader takes nothing (spec/bindings/tcp.md §5.5).
    func endStalled() {
        let now = Self.now
        for (stream, served) in self.served {
            guard let stall = served.stall else { continue }
            let queued = self.connection?.queuedOctets(on: stream) ?? 0
            guard queued >= stall.octets else {
                self.served[stream]?.stall = (now, queued)
                continue
            }
            guard now - stall.since >= self.options.streamStallTimeout else { continue }
            let metadata = served.lastWritten.map { ["lastSeq": "\($0)"] } ?? [:]
            let error = A2AError(
                .unavailable, "The events of this stream were not read in time.",
                details: [.errorInfo(reason: A2AError.Code.unavailable.reason, metadata: metadata)])
            self.connection?.reset(
                stream, TCPReset(error, encoding: served.call.frame.encoding, code: .slowConsumer))
            self.callEnded(stream)
        }
    }
}
