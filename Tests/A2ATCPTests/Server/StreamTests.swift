import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Synchronization
import TestSupport
import Testing

@testable import A2A

@Suite("Streams over TCP", .timeLimit(.minutes(2)))
struct StreamTests {
    @Test("a slow reader holds the sender back, and nothing piles up")
    func slowReader() async throws {
        let sent = Mutex(0)
        let chunk = String(repeating: "x", count: 64 << 10)
        let total = 120
        let stub = StubService(
            onSend: { _, _ in .message(A2AMessage(role: .agent, parts: [.text("still here")])) },
            onStream: { _, _ in
                EventStream {
                    ClosureSource({
                        let index = sent.withLock { count in
                            count += 1
                            return count
                        }
                        guard index <= total else { return nil }
                        return StreamEvent(.message(A2AMessage(role: .agent, parts: [.text(chunk)])))
                    })
                }
            })
        // A reader that has room for 2 MiB of what comes in fragments gets through much more.
        var options = TCPClientOptions()
        options.maxMessageBytes = 1 << 20
        let limited = options
        try await withTCPService(stub) { address in
            let service = try transport(address, options: limited)
            var iterator = try await service.sendStreamingMessage(.text("hi"), context: CallContext())
                .makeAsyncIterator()
            _ = try await iterator.next()
            // The reader stops. Calls go by on the same connection, and the sender has stopped too: 256 KiB of credit are four
            // chunks, and one or two wait on the other side.
            for _ in 0..<200 {
                let other = try await service.sendMessage(.text("hi"), context: CallContext())
                #expect(other.text == "still here")
            }
            let ahead = sent.withLock { $0 }
            #expect(ahead < 16, "the sender is \(ahead) chunks ahead")
            var count = 1
            while try await iterator.next() != nil { count += 1 }
            #expect(count == total)
        }
    }

    @Test("a reader that takes nothing is cut off after a while, and only its stream")
    func stalled() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.streamStallTimeout = .milliseconds(100)
        let released = Signal()
        let chunk = String(repeating: "x", count: 64 << 10)
        let stub = StubService(
            onSend: { _, _ in .message(A2AMessage(role: .agent, parts: [.text("still here")])) },
            onStream: { _, _ in
                EventStream {
                    ClosureSource(
                        { StreamEvent(.message(A2AMessage(role: .agent, parts: [.text(chunk)]))) },
                        onRelease: { released.raise() })
                }
            })
        try await withTCPService(stub, configuration: configuration) { address in
            let service = try transport(address)
            var iterator = try await service.sendStreamingMessage(.text("hi"), context: CallContext())
                .makeAsyncIterator()
            _ = try await iterator.next()
            await released.wait()
            var error: A2AError?
            do { while try await iterator.next() != nil {} } catch let caught as A2AError { error = caught }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("too slowly") == true)
            #expect(try await service.sendMessage(.text("x"), context: CallContext()).text == "still here")
        }
    }

    @Test("a reader whose next event is no longer kept is told so, and the last number that it was sent")
    func fallenBehind() async throws {
        let stub = StubService(onSubscribe: { _, _ in
            let rest = Rest([StreamEvent(.task(A2ATask(id: "t", status: .init(.working))), generation: 7)])
            return EventStream {
                ClosureSource({
                    if let event = rest.next() { return event }
                    throw A2AError.fellBehind(at: 7, oldest: 40)
                })
            }
        })
        try await withTCPService(stub) { address in
            try await FramePeer.dial(address) { peer in
                try await peer.send(.call(1, .init(.subscribeToTask)), .message(1, #"{"id":"t"}"#))
                let reset = try #require(try await peer.reset(of: 1))
                #expect(reset.code == .slowConsumer)
                #expect(String(decoding: reset.details, as: UTF8.self).contains(#""lastSeq":"7""#))
            }
        }
    }

    @Test("letting a stream go releases its producer; a task goes on")
    func abandoned() async throws {
        let released = Signal()
        let service = StubService(onStream: { _, _ in
            let rest = Rest([StreamEvent(.task(A2ATask()), generation: 1)])
            return EventStream {
                ClosureSource(
                    {
                        if let event = rest.next() { return event }
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    }, onRelease: { released.raise() })
            }
        })
        try await withTCPService(service) { address in
            do {
                var iterator = try await transport(address).sendStreamingMessage(.text("hi"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next()?.generation == 1)
            }
            await released.wait()
        }
    }

    @Test("a stream that breaks goes on where it was: nothing is lost, nothing comes twice")
    func resumes() async throws {
        let total = 60
        let gate = Signal()
        let resumed = Mutex(0)
        let agent = ClosureAgent { turn in
            try await turn.working("Counting.")
            for index in 1...total {
                if index == total / 2 { await gate.wait() }
                try await turn.append(
                    .text("\(index) "), toArtifact: "numbers", name: "Numbers", lastChunk: index == total)
            }
        }
        try await withTCPAgent(agent, middleware: [ResumptionCounter { resumed.withLock { $0 += 1 } }]) { address in
            try await TCPProxy.with(address) { proxy in
                let client = try client(proxy.address)
                var generations: [Int64] = []
                var text = ""
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        // The agent goes on when the client has come back.
                        while proxy.count < 2 {
                            try Task.checkCancellation()
                            await Task.yield()
                        }
                        gate.raise()
                    }
                    for try await event in try await client.stream("count") {
                        if let generation = event.generation { generations.append(generation) }
                        if case .artifactUpdate(let update) = event.response.payload {
                            text += update.artifact.parts.map(\.text).joined()
                        }
                        if [3, 10, 20].contains(generations.count) { proxy.cut() }
                    }
                    try await group.waitForAll()
                }
                #expect(resumed.withLock { $0 } >= 1)
                #expect(text == (1...total).map { "\($0) " }.joined())
                let first = try #require(generations.first)
                #expect(generations == Array(first..<first + Int64(generations.count)))
            }
        }
    }

    @Test("a cursor of another log gives the task as it is")
    func gap() async throws {
        let gate = Signal()
        let agent = ClosureAgent { turn in
            try await turn.working("Waiting.")
            await gate.wait()
        }
        let runtime = TaskRuntime(agent: agent, card: ReferenceAgent.card(), logger: .silent)
        let port = Mutex(0)
        let kept = Mutex<(any A2AService, String, Int64)?>(nil)
        // One runtime behind two servers, one after the other: each has an epoch of its own.
        let front = StubFront(runtime)
        try await withTCPRuntime(runtime) { _ in
            try await withTCPService(front) { address in
                port.withLock { $0 = TestSupport.port(address) }
                let service = try transport(address)
                var iterator = try await service.sendStreamingMessage(.text("x"), context: CallContext())
                    .makeAsyncIterator()
                var last: StreamEvent?
                while let event = try await iterator.next() {
                    last = event
                    if event.response.state == .working { break }
                }
                let event = try #require(last)
                kept.withLock { $0 = (service, event.response.taskID ?? "", event.generation ?? 0) }
            }
            var configuration = TCPServerConfiguration()
            configuration.port = port.withLock { $0 }
            try await withTCPService(front, configuration: configuration) { _ in
                let (service, task, generation) = try #require(kept.withLock { $0 })
                var request = A2ASubscribeToTaskRequest()
                request.id = task
                var iterator = try await service.subscribeToTask(
                    request, context: CallContext(resumeAfter: generation)
                ).makeAsyncIterator()
                let first = try await iterator.next()
                #expect(first?.response.taskID == task)
                guard case .task = first?.response.payload else {
                    Issue.record("the stream does not begin with the task")
                    return
                }
            }
            gate.raise()
        }
    }

    @Test("a cursor at the last event of a task that has ended gives nothing more")
    func atEnd() async throws {
        try await withTCPAgent { address in
            let service = try transport(address)
            let events = try await service.sendStreamingMessage(.text("stream a b"), context: CallContext()).all()
            let last = try #require(events.last)
            var request = A2ASubscribeToTaskRequest()
            request.id = last.response.taskID ?? ""
            let generation = try #require(last.generation)
            #expect(
                try await service.subscribeToTask(request, context: CallContext(resumeAfter: generation)).all().isEmpty)
            let rest = try await service.subscribeToTask(request, context: CallContext(resumeAfter: generation - 2))
                .all()
            #expect(rest.map(\.generation) == [generation - 1, generation])
            let error = await #expect(throws: A2AError.self) {
                try await service.subscribeToTask(request, context: CallContext(resumeAfter: generation + 5))
            }
            #expect(error?.code == .unsupportedOperation)
        }
    }
}

/// Passes everything on, without a life of its own.
private func StubFront(_ runtime: TaskRuntime) -> StubService {
    StubService(
        onSend: { try await runtime.sendMessage($0, context: $1) },
        onStream: { try await runtime.sendStreamingMessage($0, context: $1) },
        onSubscribe: { try await runtime.subscribeToTask($0, context: $1) })
}

/// Counts subscriptions that go on where a stream was.
private struct ResumptionCounter: ServiceMiddleware {
    let onResume: @Sendable () -> Void

    init(_ onResume: @escaping @Sendable () -> Void) { self.onResume = onResume }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        if call.operation == .subscribeToTask, call.context.resumeAfter != nil { self.onResume() }
        return try await next(call)
    }
}
