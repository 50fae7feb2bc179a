import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization
import TestSupport
import Testing

@testable import A2AGRPC

@Suite("How calls end", .timeLimit(.minutes(3)))
struct LifetimeTests {
    /// An agent that works until it is told to end.
    private static func waiting(for signal: Signal, started: Signal = Signal()) -> ClosureAgent {
        ClosureAgent { turn in
            try await turn.working("Waiting.")
            started.raise()
            await signal.wait()
            try await turn.artifact(A2AArtifact(parts: [.text("done")], artifactID: "a", name: "a"))
        }
    }

    private static func runtime(_ agent: any Agent) -> TaskRuntime {
        TaskRuntime(agent: agent, card: ReferenceAgent.card(), logger: .silent)
    }

    @Test("a deadline that passes is answered as such, and the task goes on")
    func deadline() async throws {
        let finish = Signal()
        let runtime = Self.runtime(Self.waiting(for: finish))
        try await withGRPCRuntime(runtime) { address in
            // The server's own clock: the caller of this call has none.
            let answer = try await rawCall(
                address, .sendMessage, metadata: ["a2a-version": "1.0", "grpc-timeout": "50m"],
                A2ASendMessageRequest.text("hi"))
            #expect(answer.status?.code == .deadlineExceeded)
            #expect(try answer.error.code == .deadlineExceeded)
            let streamed = try await rawCall(
                address, .sendStreamingMessage, metadata: ["a2a-version": "1.0", "grpc-timeout": "700m"],
                A2ASendMessageRequest.text("hi"))
            #expect(streamed.messages.isEmpty == false)
            #expect(streamed.status?.code == .deadlineExceeded)

            let service = try transport(address)
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(
                    .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(50))))
            }
            #expect(error?.code == .deadlineExceeded)
            let tasks = try await service.listTasks(A2AListTasksRequest(), context: CallContext()).tasks
            #expect(tasks.count == 3)
            #expect(tasks.allSatisfy { $0.status.state == .working })
            finish.raise()
            for task in tasks {
                var subscribe = A2ASubscribeToTaskRequest()
                subscribe.id = task.id
                do {
                    let events = try await service.subscribeToTask(subscribe, context: CallContext()).all()
                    #expect(events.last?.response.state == .completed)
                } catch let error as A2AError {
                    // It had ended before.
                    #expect(error.code == .unsupportedOperation)
                }
            }
        }
    }

    @Test("the deadline of a stream bounds it as a whole")
    func streamDeadline() async throws {
        let finish = Signal()
        try await withGRPCRuntime(Self.runtime(Self.waiting(for: finish))) { address in
            let stream = try await transport(address).sendStreamingMessage(
                .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(800))))
            var count = 0
            do {
                for try await _ in stream { count += 1 }
                Issue.record("the stream ended")
            } catch let error as A2AError {
                #expect(error.code == .deadlineExceeded)
            }
            #expect(count > 0)
            finish.raise()
        }
    }

    @Test("a caller that cancels its call is let go at once, and the task goes on")
    func cancellation() async throws {
        let (finish, started) = (Signal(), Signal())
        let released = Signal()
        let runtime = Self.runtime(Self.waiting(for: finish, started: started))
        let watcher = ReleaseMiddleware(released)
        try await withGRPCRuntime(runtime, middleware: [watcher]) { address in
            let service = try transport(address)
            await withTaskGroup(of: A2AError.Code?.self) { group in
                group.addTask {
                    do {
                        _ = try await service.sendMessage(.text("hi"), context: CallContext())
                        return nil
                    } catch {
                        return A2AError(wrapping: error).code
                    }
                }
                await started.wait()
                group.cancelAll()
                #expect(await group.next() == .canceled)
            }
            await released.wait()
            let tasks = try await service.listTasks(A2AListTasksRequest(), context: CallContext()).tasks
            #expect(tasks.map(\.status.state) == [.working])
            finish.raise()
        }
    }

    @Test("letting a stream go in the middle releases its follower, and the task goes on")
    func abandonedStream() async throws {
        let finish = Signal()
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
        try await withGRPCService(service) { address in
            let transport = try transport(address)
            do {
                var iterator = try await transport.sendStreamingMessage(.text("hi"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next()?.generation == 1)
            }
            await released.wait()
            finish.raise()
        }
    }

    @Test("cancelling the reader of a stream ends it as cancelled")
    func cancelledReader() async throws {
        let finish = Signal()
        try await withGRPCRuntime(Self.runtime(Self.waiting(for: finish))) { address in
            let service = try transport(address)
            let begun = Signal()
            await withTaskGroup(of: A2AError.Code?.self) { group in
                group.addTask {
                    do {
                        for try await event in try await service.sendStreamingMessage(
                            .text("hi"), context: CallContext())
                        where event.response.state == .working { begun.raise() }
                        return nil
                    } catch {
                        return A2AError(wrapping: error).code
                    }
                }
                await begun.wait()
                group.cancelAll()
                #expect(await group.next() == .canceled)
            }
            finish.raise()
        }
    }

    @Test("ten thousand streams, opened and abandoned, leave nothing behind")
    func manyAbandoned() async throws {
        // Followers at work on the server.
        let followers = Mutex(0)
        let service = StubService(onSubscribe: { _, _ in
            EventStream {
                followers.withLock { $0 += 1 }
                let rest = Rest([StreamEvent(.task(A2ATask()), generation: 1)])
                return ClosureSource(
                    {
                        if let event = rest.next() { return event }
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    }, onRelease: { followers.withLock { $0 -= 1 } })
            }
        })
        try await withGRPCService(service) { address in
            let service = try transport(address)
            @Sendable func open(_ count: Int) async throws {
                var opened = 0
                while opened < count {
                    do {
                        let stream =
                            try await service
                            .subscribeToTask(A2ASubscribeToTaskRequest(), context: CallContext())
                        opened += 1
                        // Every other one is not even looked at.
                        guard opened.isMultiple(of: 2) else { continue }
                        var iterator = stream.makeAsyncIterator()
                        _ = try await iterator.next()
                    } catch let error as A2AError where error.code == .unavailable {
                        // A server closes a connection on which very many streams are reset; the next call makes a new one.
                    }
                }
            }
            try await open(2000)
            let before = residentBytes()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await open(2000) } }
                try await group.waitForAll()
            }
            let after = residentBytes()
            #expect(after - before < 16 << 20, "grew by \((after - before) >> 10) KiB")
            while followers.withLock({ $0 }) > 0 { await Task.yield() }
        }
    }

    @Test("a slow reader holds the sender back, and nothing piles up")
    func slowReader() async throws {
        let sent = Mutex(0)
        let chunk = String(repeating: "x", count: 64 << 10)
        let total = 160
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
        try await withGRPCService(stub) { address in
            let service = try transport(address)
            let stream = try await service.sendStreamingMessage(.text("hi"), context: CallContext())
            var iterator = stream.makeAsyncIterator()
            _ = try await iterator.next()
            // The reader stops here. The sender goes on until the windows are full and no further: its count stands still.
            var last = -1
            var still = 0
            while still < 20 {
                for _ in 0..<2000 { await Task.yield() }
                try await Task.sleep(for: .milliseconds(5))
                let now = sent.withLock { $0 }
                still = now == last ? still + 1 : 0
                last = now
            }
            // 1 MiB of window are 16 chunks; more wait in the buffers of both sides, which are bounded too.
            #expect(last < 120, "the sender is \(last) chunks ahead")
            // Other calls on the same connection are not held back.
            let other = try await service.sendMessage(.text("hi"), context: CallContext())
            #expect(other.text == "still here")
            var count = 1
            while try await iterator.next() != nil { count += 1 }
            #expect(count == total)
        }
    }

    @Test("a caller that stops reading is cut off after a while")
    func stalledReader() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.streamStallTimeout = .milliseconds(200)
        let released = Signal()
        let chunk = String(repeating: "x", count: 256 << 10)
        let service = StubService(onStream: { _, _ in
            EventStream {
                ClosureSource(
                    { StreamEvent(.message(A2AMessage(role: .agent, parts: [.text(chunk)]))) },
                    onRelease: { released.raise() })
            }
        })
        try await withGRPCService(service, configuration: configuration) { address in
            var iterator = try await transport(address).sendStreamingMessage(.text("hi"), context: CallContext())
                .makeAsyncIterator()
            _ = try await iterator.next()
            await released.wait()
            var error: A2AError?
            do { while try await iterator.next() != nil {} } catch let caught as A2AError { error = caught }
            #expect(error?.code == .unavailable)
            #expect(error?.transportFailure != nil)
        }
    }

    @Test("a stream may be silent for longer than a caller may be")
    func longSilence() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.streamStallTimeout = .milliseconds(100)
        let service = StubService(onStream: { _, _ in
            let rest = Rest((1...2).map { StreamEvent(.task(A2ATask()), generation: $0) })
            return EventStream {
                ClosureSource({
                    try await Task.sleep(for: .milliseconds(300))
                    return rest.next()
                })
            }
        })
        try await withGRPCService(service, configuration: configuration) { address in
            let events = try await transport(address).sendStreamingMessage(.text("hi"), context: CallContext()).all()
            #expect(events.map(\.generation) == [1, 2])
        }
    }

    @Test("a call that does not end holds the shutdown for its grace and no longer")
    func hangingCall() async throws {
        let started = Signal()
        let service = StubService(onSend: { _, _ in
            started.raise()
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        })
        let error = try await withThrowingTaskGroup(of: A2AError?.self) { group in
            try await withGRPCService(service) { address in
                group.addTask {
                    do {
                        _ = try await transport(address).sendMessage(.text("hi"), context: CallContext())
                        return nil
                    } catch {
                        return A2AError(wrapping: error)
                    }
                }
                await started.wait()
            }
            return try await group.next() ?? nil
        }
        #expect(error?.code == .unavailable)
    }

    @Test("a caller that never sends its request is cut off after a while")
    func silentCaller() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.streamStallTimeout = .milliseconds(200)
        try await withGRPCAgent(configuration: configuration) { address in
            try await withRawTransport(address) { transport in
                let status = try await transport.withStream(
                    descriptor: .a2a(.sendMessage), options: .defaults
                ) { stream, _ -> Status? in
                    try await stream.outbound.write(.metadata(["a2a-version": "1.0"]))
                    try await stream.outbound.write(.message(Bytes([10])))
                    for try await part in stream.inbound {
                        if case .status(let status, _) = part { return status }
                    }
                    return nil
                }
                #expect(status?.code == .unavailable)
            }
        }
    }

    @Test("graceful shutdown ends open streams with UNAVAILABLE, and connections are closed")
    func shutdown() async throws {
        let finish = Signal()
        let begun = Signal()
        let service = StubService(onStream: { _, _ in
            let rest = Rest([StreamEvent(.task(A2ATask()), generation: 1)])
            return EventStream {
                ClosureSource({
                    if let event = rest.next() { return event }
                    try await Task.sleep(for: .seconds(3600))
                    return nil
                })
            }
        })
        let code = try await withThrowingTaskGroup(of: A2AError?.self) { group in
            try await withGRPCService(service) { address in
                group.addTask {
                    do {
                        for try await _ in try await transport(address).sendStreamingMessage(
                            .text("hi"), context: CallContext())
                        { begun.raise() }
                        return nil
                    } catch {
                        return A2AError(wrapping: error)
                    }
                }
                await begun.wait()
            }
            finish.raise()
            return try await group.next() ?? nil
        }
        #expect(code?.code == .unavailable)
        #expect(code?.retryDelay == .seconds(1))
    }

    @Test("an agent that shuts down ends its streams before the connection goes")
    func runtimeShutdown() async throws {
        let begun = Signal()
        var configuration = RuntimeConfiguration()
        configuration.shutdownGrace = .milliseconds(100)
        let agent = ClosureAgent { turn in
            try await turn.working("Waiting.")
            try await Task.sleep(for: .seconds(3600))
        }
        let error = try await withThrowingTaskGroup(of: A2AError?.self) { group in
            try await withGRPCAgent(agent, runtime: configuration) { address in
                group.addTask {
                    do {
                        for try await event in try await transport(address).sendStreamingMessage(
                            .text("hi"), context: CallContext())
                        where event.response.state == .working { begun.raise() }
                        return nil
                    } catch {
                        return A2AError(wrapping: error)
                    }
                }
                await begun.wait()
            }
            return try await group.next() ?? nil
        }
        // Either the task was cancelled with its agent, which is an end, or the stream says that the agent goes.
        #expect(error == nil || error?.code == .unavailable)
    }
}

/// Says when a call has ended on the server.
private struct ReleaseMiddleware: ServiceMiddleware {
    let released: Signal

    init(_ released: Signal) { self.released = released }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        defer { self.released.raise() }
        return try await next(call)
    }
}
