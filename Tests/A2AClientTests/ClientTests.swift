import A2A
import A2AClient
import HTTPTypes
import Synchronization
import Testing

@Suite("Client")
struct ClientTests {
    let service = FakeService()
    let clock = ImmediateClock()

    private func client(tenant: String = "", _ change: (inout ClientConfiguration) -> Void = { _ in }) -> Client {
        var configuration = ClientConfiguration()
        configuration.clock = self.clock
        configuration.random = { 0.5 }
        change(&configuration)
        return Client(service: self.service, tenant: tenant, configuration: configuration)
    }

    private func task(_ event: StreamEvent) -> A2ATask { event.response.task }

    @Test("what only 1.1 has is not sent to an agent that is spoken to in 1.0: it would be ignored")
    func draftFields() async throws {
        let client = Client(service: FakeService())
        for call in [
            { _ = try await client.getTask("t", waitingBeyond: 1) },
            { _ = try await client.send(A2AMessage(role: .user, parts: [.text("x")], taskID: "t"), ifGeneration: 1) },
            { _ = try await client.stream(A2AMessage(role: .user, parts: [.text("x")], taskID: "t"), ifGeneration: 1) },
        ] as [@Sendable () async throws -> Void] {
            let error = await #expect(throws: A2AError.self) { try await call() }
            #expect(error?.code == .versionNotSupported)
        }
    }

    @Test("every request names the tenant of the interface, whatever the caller wrote")
    func tenant() async throws {
        let client = self.client(tenant: "acme")
        self.service.answer(.getTask, .response(self.task(Event.task(.working))))
        self.service.answer(.sendMessage, .response(A2ASendMessageResponse.task(self.task(Event.task(.completed)))))
        self.service.answer(.subscribeToTask, .response(EventStream([Event.task(.completed)])))
        var request = A2AGetTaskRequest()
        request.id = "t"
        request.tenant = "other"
        _ = try await client.getTask(request)
        _ = try await client.send("hi")
        _ = try await client.subscribe("t").all()
        #expect(self.service.calls.map(\.tenant) == ["acme", "acme", "acme"])
        #expect(self.service.calls.allSatisfy { $0.context.tenant == "acme" })
    }

    @Test("version, extensions, parameters and credentials go with every call")
    func context() async throws {
        let client = self.client {
            $0.extensions = ["urn:a", "urn:b"]
            $0.parameters["x-one"] = "1"
            $0.parameters["x-two"] = "2"
            $0.credentials = .bearer("secret")
        }
        self.service.answer(.cancelTask, .response(self.task(Event.task(.canceled))))
        self.service.answer(.getTask, .response(self.task(Event.task(.canceled))))
        var options = CallOptions(extensions: ["urn:b", "urn:c"], credentials: .apiKey("k", header: "X-Key"))
        options.parameters["X-Two"] = "two"
        _ = try await client.cancel("t", options: options)
        _ = try await client.getTask("t")
        let context = try #require(self.service.calls.first?.context)
        #expect(context.version == .v1_0)
        #expect(context.requestedExtensions == ["urn:a", "urn:b", "urn:c"])
        #expect(context.parameters["x-one"] == "1")
        #expect(context.parameters["x-two"] == "two")
        #expect(context.parameters["x-key"] == "k")
        #expect(context.parameters["authorization"] == nil)
        #expect(self.service.calls.last?.context.parameters["authorization"] == "Bearer secret")
    }

    @Test("a message without an identifier or a role gets them")
    func completes() async throws {
        self.service.answer(.sendMessage, .response(A2ASendMessageResponse.message(.agent("hi"))))
        var request = A2ASendMessageRequest()
        request.message.parts = ["hello"]
        _ = try await self.client().sendMessage(request)
        let sent = try #require(self.service.calls.first?.request as? A2ASendMessageRequest)
        #expect(!sent.message.messageID.isEmpty)
        #expect(sent.message.role == .user)
    }

    @Test("an idempotent call is repeated after growing waits")
    func retries() async throws {
        self.service.answer(
            .getTask, .error(.connectionLost), .error(A2AError(.unavailable, "x")),
            .response(self.task(Event.task(.working))))
        _ = try await self.client().getTask("t")
        #expect(self.clock.slept == [.milliseconds(250), .milliseconds(500)])
    }

    @Test("when the budget for repetitions is used up, calls fail as they failed")
    func budget() async throws {
        let client = self.client { $0.retryBudget = RetryBudget(share: 0, reserve: 2) }
        for _ in 0..<9 { self.service.answer(.getTask, .error(.connectionLost)) }
        for count in [3, 4, 5] {
            let error = await #expect(throws: A2AError.self) { try await client.getTask("t") }
            #expect(error?.code == .unavailable)
            #expect(self.service.calls.count == count)
        }
    }

    @Test("a stream whose credentials end is taken up again with newer ones, once")
    func credentialsEnd() async throws {
        let expired = A2AError(.unauthenticated, "over")
        self.service.answer(
            .sendStreamingMessage, .response(EventStream.breaking([Event.task(.working, generation: 1)], expired)))
        self.service.answer(
            .subscribeToTask, .response(EventStream.breaking([Event.chunk("a", generation: 2)], expired)),
            .error(expired))
        let tokens = Mutex(0)
        let client = self.client {
            $0.credentials = RefreshingCredentials {
                let number = tokens.withLock { number in
                    number += 1
                    return number
                }
                return IssuedCredentials(fields: [.authorization: "Bearer \(number)"], renewAfter: .zero)
            }
        }
        var iterator = try await client.stream("hi").makeAsyncIterator()
        #expect(try await iterator.next()?.generation == 1)
        #expect(try await iterator.next()?.generation == 2)
        let error = await #expect(throws: A2AError.self) { try await iterator.next() }
        #expect(error?.code == .unauthenticated)
        #expect(
            self.service.calls.map { $0.context.parameters["authorization"] } == ["Bearer 1", "Bearer 2", "Bearer 3"])
        let identities = Set(self.service.calls.map(\.context.credentialIdentity))
        #expect(identities.count == 1 && identities.first != .some(nil))
    }

    @Test("a stream that is refused at first is not tried again")
    func refusedStream() async throws {
        self.service.answer(
            .sendStreamingMessage, .response(EventStream.breaking([], A2AError(.unauthenticated, "who?"))))
        let error = await #expect(throws: A2AError.self) { try await self.client().stream("hi").all() }
        #expect(error?.code == .unauthenticated)
        #expect(self.service.calls.count == 1)
    }

    @Test("a message that may have arrived is not sent again; one that surely did not is, with the same identifier")
    func sendRetries() async throws {
        self.service.answer(.sendMessage, .error(.connectionLost))
        let error = await #expect(throws: A2AError.self) { try await self.client().send("hi") }
        #expect(error?.code == .unavailable)
        #expect(self.service.calls.count == 1)

        self.service.answer(.sendMessage, .error(.refused), .response(A2ASendMessageResponse.message(.agent("hi"))))
        _ = try await self.client().send("hi")
        let ids = self.service.calls.dropFirst().compactMap {
            ($0.request as? A2ASendMessageRequest)?.message.messageID
        }
        #expect(ids.count == 2)
        #expect(Set(ids).count == 1)
    }

    @Test("a call that takes too long ends with DeadlineExceeded")
    func deadline() async throws {
        self.service.answer(.getTask, .silence)
        let error = await #expect(throws: A2AError.self) {
            try await self.client().getTask("t", options: CallOptions(timeout: .milliseconds(5)))
        }
        #expect(error?.code == .deadlineExceeded)
    }

    @Test("the reason is thrown, not the deadline, when there is no time for another attempt")
    func noTimeToRetry() async throws {
        self.service.answer(.getTask, .error(A2AError(.unavailable, "later", details: [.retryInfo(.seconds(20))])))
        let error = await #expect(throws: A2AError.self) {
            try await self.client().getTask("t", options: CallOptions(timeout: .seconds(10)))
        }
        #expect(error?.code == .unavailable)
        #expect(self.clock.slept.isEmpty)
    }

    @Test("a stream goes on by itself, asks for what it missed, and the message is sent once")
    func resumes() async throws {
        self.service.answer(
            .sendStreamingMessage,
            .response(EventStream.breaking([Event.task(.working, generation: 1), Event.chunk("a", generation: 2)])))
        self.service.answer(
            .subscribeToTask, .error(.refused),
            .response(EventStream.breaking([Event.chunk("b", generation: 3)], nil)),
            .response(EventStream([Event.update(.completed, generation: 4)])))
        let events = try await self.client().stream("hi").all()
        #expect(events.map(\.generation) == [1, 2, 3, 4])
        #expect(self.service.calls(of: .sendStreamingMessage).count == 1)
        #expect(self.service.calls(of: .subscribeToTask).map(\.context.resumeAfter) == [2, 2, 3])
        #expect(self.clock.slept == [.milliseconds(250), .milliseconds(500), .milliseconds(250)])
    }

    @Test("a stream that broke waits as long as the agent asked, and a little more")
    func requestedDelay() async throws {
        let busy = A2AError(.unavailable, "Not now.", details: [.retryInfo(.seconds(3))])
        let gone = A2AError(.unavailable, "Never.", details: [.retryInfo(.seconds(3600))])
        self.service.answer(
            .sendStreamingMessage, .response(EventStream.breaking([Event.task(.working, generation: 1)], busy)))
        self.service.answer(
            .subscribeToTask, .error(.refused), .error(gone),
            .response(EventStream([Event.update(.completed, generation: 2)])))
        let events = try await self.client().stream("hi").all()
        #expect(events.map(\.generation) == [1, 2])
        #expect(
            self.clock.slept == [
                .seconds(3) + .milliseconds(250), .milliseconds(500), .seconds(30) + .seconds(1),
            ])
    }

    @Test("a stream of an agent that numbers its events is read again where one is missing, and nothing is lost")
    func hole() async throws {
        self.service.answer(
            .sendStreamingMessage,
            .response(EventStream([Event.task(.working, generation: 1), Event.chunk("b", generation: 3)])))
        self.service.answer(
            .subscribeToTask,
            .response(
                EventStream([
                    Event.chunk("a", generation: 2), Event.chunk("b", generation: 3),
                    Event.update(.completed, generation: 4),
                ])))
        let events = try await self.client(recognition: 600).stream("hi").all()
        #expect(events.map(\.generation) == [1, 2, 3, 4])
        #expect(self.service.calls(of: .subscribeToTask).map(\.context.resumeAfter) == [1])
    }

    @Test("a task that ended meanwhile is fetched, and ends the stream")
    func endedMeanwhile() async throws {
        self.service.answer(.sendStreamingMessage, .response(EventStream.breaking([Event.task(.working)])))
        self.service.answer(.subscribeToTask, .error(A2AError(.unsupportedOperation, "over")))
        self.service.answer(.getTask, .response(self.task(Event.task(.completed))))
        let events = try await self.client().stream("hi").all()
        #expect(events.map(\.response.state) == [.working, .completed])
    }

    @Test("a stream that makes no progress ends with the reason")
    func noProgress() async throws {
        self.service.answer(.sendStreamingMessage, .response(EventStream.breaking([Event.task(.working)])))
        for _ in 0..<3 { self.service.answer(.subscribeToTask, .error(.refused)) }
        let client = self.client { $0.resume.maxAttemptsWithoutProgress = 3 }
        let stream = try await client.stream("hi")
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        await #expect(throws: A2AError.self) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
        #expect(self.service.calls(of: .subscribeToTask).count == 3)
    }

    /// A client of an agent whose card says for how many seconds it recognises messages.
    private func client(recognition: Int) -> Client {
        var card = A2AAgentCard(name: "n", description: "d", version: "1", skills: [])
        card.capabilities.extensions = [ResumeExtension(recognition: .seconds(recognition)).declaration]
        var configuration = ClientConfiguration()
        configuration.clock = self.clock
        configuration.random = { 0.5 }
        return Client(service: self.service, card: card, configuration: configuration)
    }

    @Test("a message of unknown fate is sent again, the same, to an agent whose card says that it recognises it")
    func recognised() async throws {
        self.service.answer(
            .sendMessage, .error(.connectionLost), .error(.connectionLost),
            .response(A2ASendMessageResponse.message(.agent("hi"))))
        _ = try await self.client(recognition: 600).send("hi")
        let sent = self.service.calls.compactMap { $0.request as? A2ASendMessageRequest }
        #expect(sent.count == 3)
        #expect(Set(sent.map(\.message.messageID)).count == 1)
        self.service.answer(.sendMessage, .error(.connectionLost))
        await #expect(throws: A2AError.self) { try await self.client(recognition: 0).send("hi") }
        #expect(self.service.calls.count == 4)
    }

    @Test("a stream that breaks before its first event begins again with the same message, if that is recognised")
    func recognisedStream() async throws {
        self.service.answer(
            .sendStreamingMessage, .response(EventStream.breaking([])), .error(.refused),
            .response(EventStream([Event.task(.completed)])))
        let events = try await self.client(recognition: 600).stream("hi").all()
        #expect(events == [Event.task(.completed)])
        let sent = self.service.calls.compactMap { $0.request as? A2ASendMessageRequest }
        #expect(sent.count == 3)
        #expect(Set(sent.map(\.message.messageID)).count == 1)
        self.service.answer(.sendStreamingMessage, .response(EventStream.breaking([])))
        await #expect(throws: A2AError.self) { try await self.client(recognition: 0).stream("hi").all() }
        #expect(self.service.calls.count == 4)
    }

    @Test("no message is sent again when the agent may have forgotten it")
    func forgotten() async throws {
        self.service.answer(
            .sendStreamingMessage, .response(EventStream.breaking([])), .response(EventStream([Event.task(.completed)]))
        )
        var card = A2AAgentCard(name: "n", description: "d", version: "1", skills: [])
        card.capabilities.extensions = [ResumeExtension(recognition: .seconds(1)).declaration]
        var configuration = ClientConfiguration()
        // Longer than the second, which is the least that a card can say.
        configuration.resume.backoff = Backoff(base: .milliseconds(1_100), limit: .milliseconds(1_100))
        configuration.random = { 1 }
        let client = Client(service: self.service, card: card, configuration: configuration)
        let error = await #expect(throws: A2AError.self) { try await client.stream("hi").all() }
        #expect(error?.message.contains("may not recognise the message any more") == true)
        #expect(self.service.calls.count == 1)
    }

    @Test("what a card says of resuming is read as it was written, within bounds")
    func resumeExtension() {
        var card = A2AAgentCard(name: "n", description: "d", version: "1", skills: [])
        #expect(ResumeExtension(card) == nil)
        let written = ResumeExtension(recognition: .seconds(60), isDurable: true)
        card.capabilities.extensions = [written.declaration]
        #expect(ResumeExtension(card) == written)
        card.capabilities.extensions[0].params.fields["recognitionSeconds"] = 1e18
        #expect(ResumeExtension(card)?.recognition == .seconds(3600))
        card.capabilities.extensions[0].params.fields["recognitionSeconds"] = "x"
        #expect(ResumeExtension(card)?.recognition == nil)
    }

    @Test("what the card rules out is refused here")
    func capabilities() async throws {
        let card = A2AAgentCard(
            name: "n", description: "d", version: "1", capabilities: .init(streaming: false), skills: [])
        let client = Client(service: self.service, card: card)
        await #expect(throws: A2AError.self) { try await client.stream("hi") }
        await #expect(throws: A2AError.self) { try await client.extendedCard() }
        #expect(self.service.calls.isEmpty)
    }

    @Test("the list is read page by page, and a token that repeats itself ends it")
    func pages() async throws {
        func page(_ ids: [String], next: String) -> FakeService.Answer {
            var response = A2AListTasksResponse()
            response.tasks = ids.map { A2ATask(id: $0, contextID: "c", status: Event.status(.working)) }
            response.nextPageToken = next
            return .response(response)
        }
        self.service.answer(.listTasks, page(["1", "2"], next: "p2"), page([], next: "p3"), page(["3"], next: "p3"))
        var ids: [String] = []
        for try await task in self.client().tasks(contextID: "c", pageSize: 2) { ids.append(task.id) }
        #expect(ids == ["1", "2", "3"])
        let requests = self.service.calls.compactMap { $0.request as? A2AListTasksRequest }
        #expect(requests.map(\.pageToken) == ["", "p2", "p3"])
        #expect(requests.allSatisfy { $0.pageSize == 2 && $0.contextID == "c" })
    }

    @Test("waiting for a task asks until it has ended or waits for the caller")
    func waits() async throws {
        self.service.answer(
            .getTask, .response(self.task(Event.task(.submitted))), .response(self.task(Event.task(.unspecified))),
            .response(self.task(Event.task(.authRequired))))
        let task = try await self.client().waitForTask("t", interval: .seconds(2))
        #expect(task.status.state == .authRequired)
        #expect(self.clock.slept == [.seconds(2), .seconds(3)])
    }

    @Test("the extensions that the agent activated reach the caller")
    func activatedExtensions() async throws {
        let response = ResponseParameters()
        let service = self.service.with(ActivatesExtensions())
        self.service.answer(.getTask, .response(self.task(Event.task(.working))))
        _ = try await Client(service: service).getTask("t", options: CallOptions(response: response))
        #expect(response.activatedExtensions == ["urn:a"])
    }
}

private struct ActivatesExtensions: ServiceMiddleware {
    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        call.context.response.activatedExtensions = ["urn:a"]
        return try await next(call)
    }
}
