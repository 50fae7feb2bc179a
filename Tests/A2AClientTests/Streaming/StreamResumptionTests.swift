import A2A
import A2AClient
import Testing

@Suite("Stream resumption")
struct StreamResumptionTests {
    private func sending(continuesTask: Bool = false, attempts: Int = 3) -> StreamResumption {
        StreamResumption(origin: .send(continuesTask: continuesTask), maxAttemptsWithoutProgress: attempts)
    }

    /// A stream of an agent whose card declares the extension.
    private func numbered(attempts: Int = 3) -> StreamResumption {
        StreamResumption(
            origin: .send(continuesTask: false), maxAttemptsWithoutProgress: attempts, hasNoHoles: true)
    }

    @Test("an event that skips a number is not passed on; the stream is read again after the last one")
    func hole() {
        var stream = self.numbered(attempts: 2)
        _ = stream.received(Event.task(.working, generation: 3))
        for attempt in 1...2 {
            guard case .refuse(after: 3, before: 5) = stream.received(Event.chunk("c", generation: 5)) else {
                Issue.record("an event after a hole is passed on")
                return
            }
            self.expectResubscription(
                stream.failed(StreamResumption.hole(after: 3, before: 5)), after: 3, attempt: attempt)
            stream.resubscribed()
        }
        // An agent that leaves it out again and again ends the stream.
        guard case .refuse(after: 3, before: 5) = stream.received(Event.chunk("c", generation: 5)) else {
            Issue.record("an event after a hole is passed on")
            return
        }
        #expect(
            self.error(stream.failed(StreamResumption.hole(after: 3, before: 5)))?.message.contains("3 came event 5")
                == true)
    }

    @Test("what is read again after a hole goes on, and a task at the beginning may skip: it has everything")
    func holeIsFilled() {
        var stream = self.numbered()
        _ = stream.received(Event.task(.working, generation: 1))
        guard case .refuse(after: 1, before: 3) = stream.received(Event.chunk("b", generation: 3)) else {
            Issue.record("an event after a hole is passed on")
            return
        }
        self.expectResubscription(stream.failed(StreamResumption.hole(after: 1, before: 3)), after: 1, attempt: 1)
        stream.resubscribed()
        #expect(stream.received(Event.chunk("a", generation: 2)) == .deliver(Event.chunk("a", generation: 2)))
        self.expectResubscription(stream.ended(), after: 2, attempt: 1)
        stream.resubscribed()
        let gap = Event.task(.working, generation: 9)
        #expect(stream.received(gap) == .deliver(gap))
        #expect(stream.received(Event.chunk("j", generation: 10)) == .deliver(Event.chunk("j", generation: 10)))
    }

    @Test("an event of an unknown kind is not passed on, but its number counts: neither it nor what follows is a hole")
    func unknownKind() {
        var stream = self.numbered()
        let unknown = { StreamEvent(A2AStreamResponse(), generation: $0) }
        _ = stream.received(Event.task(.working, generation: 1))
        #expect(stream.received(unknown(2)) == .skip)
        #expect(stream.received(Event.chunk("b", generation: 3)) == .deliver(Event.chunk("b", generation: 3)))
        #expect(stream.received(unknown(4)) == .skip)
        self.expectResubscription(stream.ended(), after: 4, attempt: 1)
        stream.resubscribed()
        // It may be the first of a connection, and come twice.
        #expect(stream.received(unknown(4)) == .skip)
        #expect(stream.received(unknown(5)) == .skip)
        #expect(stream.received(unknown(7)) == .refuse(after: 5, before: 7))
        self.expectResubscription(stream.failed(StreamResumption.hole(after: 5, before: 7)), after: 5, attempt: 1)
        stream.resubscribed()
        #expect(stream.received(Event.chunk("d", generation: 6)) == .deliver(Event.chunk("d", generation: 6)))
        // Over gRPC its number cannot be read: one may be missing for each, no more.
        #expect(stream.received(unknown(nil)) == .skip)
        #expect(stream.received(Event.chunk("e", generation: 9)) == .refuse(after: 6, before: 9))
        #expect(stream.received(Event.chunk("e", generation: 8)) == .deliver(Event.chunk("e", generation: 8)))
        #expect(stream.received(Event.chunk("f", generation: 10)) == .refuse(after: 8, before: 10))
    }

    @Test("without the extension numbers are hints, and may skip")
    func hints() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working, generation: 3))
        #expect(stream.received(Event.chunk("c", generation: 5)) == .deliver(Event.chunk("c", generation: 5)))
    }

    private func expectResubscription(
        _ step: StreamResumption.OnBreak, after: Int64?, attempt: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .resubscribe("t", after, attempt) = step else {
            Issue.record("\(step) instead of resubscribing", sourceLocation: sourceLocation)
            return
        }
    }

    private func error(_ step: StreamResumption.OnBreak) -> A2AError? {
        if case .fail(let error) = step { error } else { nil }
    }

    @Test("a message, a terminal state and INPUT_REQUIRED end the stream; AUTH_REQUIRED does not")
    func ends() {
        var message = self.sending()
        #expect(message.received(Event.message("hi")) == .deliverLast(Event.message("hi")))
        for state in [A2ATaskState.completed, .failed, .canceled, .rejected, .inputRequired] {
            var stream = self.sending()
            #expect(stream.received(Event.task(.working)) == .deliver(Event.task(.working)))
            #expect(stream.received(Event.update(state)) == .deliverLast(Event.update(state)), "\(state)")
        }
        var auth = self.sending()
        _ = auth.received(Event.task(.working))
        #expect(auth.received(Event.update(.authRequired)) == .deliver(Event.update(.authRequired)))
        guard case .finish = auth.ended() else {
            Issue.record("a clean end in AUTH_REQUIRED is an end")
            return
        }
    }

    @Test("a message is sent again only before the first event, only if it is recognised, and not for ever")
    func resending() {
        var stream = StreamResumption(
            origin: .send(continuesTask: false), maxAttemptsWithoutProgress: 2, mayResend: true)
        for expected in 1...2 {
            guard case .resend(expected) = stream.failed(.connectionLost) else {
                Issue.record("should send again")
                return
            }
        }
        #expect(self.error(stream.failed(.connectionLost))?.code == .unavailable)
        var begun = StreamResumption(
            origin: .send(continuesTask: false), maxAttemptsWithoutProgress: 2, mayResend: true)
        _ = begun.received(Event.task(.working, generation: 1))
        self.expectResubscription(begun.failed(.connectionLost), after: 1, attempt: 1)
    }

    @Test("after a break the agent is asked for what follows the last generation, and no event comes twice")
    func generations() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working, generation: 1))
        _ = stream.received(Event.chunk("a", generation: 2))
        self.expectResubscription(stream.failed(.connectionLost), after: 2, attempt: 1)
        stream.resubscribed()
        #expect(stream.received(Event.chunk("a", generation: 2)) == .skip)
        #expect(stream.received(Event.chunk("b", generation: 3)) == .deliver(Event.chunk("b", generation: 3)))
        self.expectResubscription(stream.ended(), after: 3, attempt: 1)
        stream.resubscribed()
        #expect(stream.received(Event.task(.working, generation: 3)) == .skip)
        let last = Event.update(.completed, generation: 4)
        #expect(stream.received(last) == .deliverLast(last))
    }

    @Test("a snapshot that is ahead of the last generation is passed on")
    func snapshotAhead() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working, generation: 1))
        _ = stream.failed(.connectionLost)
        stream.resubscribed()
        let snapshot = Event.task(.working, generation: 900)
        #expect(stream.received(snapshot) == .deliver(snapshot))
        self.expectResubscription(stream.failed(.connectionLost), after: 900, attempt: 1)
    }

    @Test("numbers that run backwards in the first snapshot are no generations")
    func countersPerConnection() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working, generation: 1))
        _ = stream.received(Event.chunk("a", generation: 2))
        _ = stream.received(Event.chunk("b", generation: 3))
        _ = stream.failed(.connectionLost)
        stream.resubscribed()
        let snapshot = Event.task(.working, generation: 1)
        #expect(stream.received(snapshot) == .deliver(snapshot))
        let chunk = Event.chunk("c", generation: 2)
        #expect(stream.received(chunk) == .deliver(chunk))
        self.expectResubscription(stream.failed(.connectionLost), after: nil, attempt: 1)
    }

    @Test("without generations a snapshot is passed on only if it tells something new")
    func withoutGenerations() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working))
        _ = stream.received(Event.chunk("a"))
        self.expectResubscription(stream.failed(.connectionLost), after: nil, attempt: 1)
        stream.resubscribed()
        let known = A2AArtifact(parts: [.text("a")], artifactID: "a")
        #expect(stream.received(Event.task(.working, artifacts: [known])) == .skip)
        self.expectResubscription(stream.failed(.connectionLost), after: nil, attempt: 2)
        stream.resubscribed()
        var more = known
        more.parts.append(.text("b"))
        let news = Event.task(.working, artifacts: [more])
        #expect(stream.received(news) == .deliver(news))
        self.expectResubscription(stream.failed(.connectionLost), after: nil, attempt: 1)
    }

    @Test("attempts that bring nothing new are bounded; the last reason is the error")
    func bounded() {
        var stream = self.sending(attempts: 2)
        _ = stream.received(Event.task(.working, generation: 1))
        self.expectResubscription(stream.failed(.connectionLost), after: 1, attempt: 1)
        self.expectResubscription(stream.resubscriptionFailed(.refused), after: 1, attempt: 2)
        #expect(self.error(stream.resubscriptionFailed(.refused))?.message == A2AError.refused.message)
    }

    @Test("a send that breaks before the first event is not repeated, and the error says so")
    func beforeFirstEvent() {
        var stream = self.sending(continuesTask: true)
        let error = self.error(stream.failed(.connectionLost))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("was not sent again") == true)
        #expect(error?.isSurelyNotSent == false)
        var clean = self.sending()
        #expect(self.error(clean.ended())?.message.contains("was not sent again") == true)
    }

    @Test("a subscription that breaks before its first event is made again")
    func subscriptionBeforeFirstEvent() {
        var stream = StreamResumption(
            origin: .subscription(taskID: "t"), resumeAfter: 7, maxAttemptsWithoutProgress: 3)
        self.expectResubscription(stream.failed(.connectionLost), after: 7, attempt: 1)
        stream.resubscribed()
        #expect(stream.received(Event.task(.working, generation: 7)) == .skip)
    }

    @Test("an agent's refusal is not a broken connection")
    func refusal() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working))
        #expect(self.error(stream.failed(A2AError(.internal, "x")))?.code == .internal)
        _ = stream.failed(.connectionLost)
        #expect(self.error(stream.resubscriptionFailed(.taskNotFound("t")))?.code == .taskNotFound)
    }

    @Test("UnsupportedOperation upon subscribing fetches the task, which ends the stream if it has ended")
    func endedMeanwhile() {
        var stream = self.sending()
        _ = stream.received(Event.task(.working, generation: 1))
        _ = stream.failed(.connectionLost)
        guard case .fetchTask("t") = stream.resubscriptionFailed(A2AError(.unsupportedOperation, "over")) else {
            Issue.record("the task is not fetched")
            return
        }
        guard case .task(let task) = Event.task(.completed).response.payload else { return }
        #expect(stream.fetched(task) == .deliverLast(Event.task(.completed)))
    }

    @Test("a task that was fetched, has not ended and is known counts as an attempt")
    func fetchedUnchanged() {
        var stream = self.sending(attempts: 2)
        _ = stream.received(Event.task(.working))
        _ = stream.failed(.connectionLost)
        _ = stream.resubscriptionFailed(A2AError(.unsupportedOperation, "no streams"))
        guard case .task(let task) = Event.task(.working).response.payload else { return }
        #expect(stream.fetched(task) == .skip)
        self.expectResubscription(stream.ended(), after: nil, attempt: 2)
    }

    @Test("the state that a message answers does not end its stream, neither before nor after a break")
    func answeredState() {
        var stream = self.sending(continuesTask: true)
        #expect(stream.received(Event.task(.inputRequired)) == .deliver(Event.task(.inputRequired)))
        #expect(stream.received(Event.update(.working)) == .deliver(Event.update(.working)))
        #expect(stream.received(Event.update(.inputRequired)) == .deliverLast(Event.update(.inputRequired)))

        var clean = self.sending(continuesTask: true)
        _ = clean.received(Event.task(.inputRequired))
        guard case .finish = clean.ended() else {
            Issue.record("a clean end in INPUT_REQUIRED is an end")
            return
        }
    }

    /// An agent that keeps a log, and connections that break anywhere: whatever happens, the reader sees every event
    /// once and in order.
    @Test("any sequence of breaks leaves the events of the log, each once", arguments: 0..<200)
    func anyBreaks(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let length = Int64(random.next() % 20) + 2
        let log = (1...length).map { generation -> StreamEvent in
            generation == 1
                ? Event.task(.working, generation: 1)
                : generation == length
                    ? Event.update(.completed, generation: generation)
                    : Event.chunk("\(generation)", generation: generation)
        }
        var stream = self.sending(attempts: 1000)
        var seen: [Int64] = []
        var position = 0
        var isOver = false
        while !isOver {
            // At least the first event comes, else the send has failed.
            let reach = min(position + Int(random.next() % 4) + (seen.isEmpty ? 1 : 0), log.count)
            for event in log[min(position, reach)..<reach] {
                switch stream.received(event) {
                case .deliver(let event): seen.append(event.generation ?? -1)
                case .deliverLast(let event):
                    seen.append(event.generation ?? -1)
                    isOver = true
                case .skip: break
                case .finish: isOver = true
                case .refuse(let last, let next): Issue.record("seed \(seed): \(last), \(next)")
                }
            }
            guard !isOver else { break }
            guard case .resubscribe("t", let after?, _) = stream.failed(.connectionLost) else {
                Issue.record("seed \(seed): not resumed")
                return
            }
            stream.resubscribed()
            // Some agents repeat a little, though not the task before its updates.
            position = max(Int(after) - Int(random.next() % 3), 1)
        }
        #expect(seen == Array(1...length), "seed \(seed)")
    }
}

/// A small random generator with a seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { self.state = seed }
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
