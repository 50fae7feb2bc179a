import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATCP
import A2ATesting
import Synchronization
import TestSupport
import Testing

@Suite("How calls over TCP end", .timeLimit(.minutes(2)))
struct LifetimeTests {
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
        try await withTCPRuntime(Self.runtime(Self.waiting(for: finish))) { address in
            let service = try transport(address)
            let unary = await #expect(throws: A2AError.self) {
                try await service.sendMessage(
                    .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(100))))
            }
            #expect(unary?.code == .deadlineExceeded)
            let stream = try await service.sendStreamingMessage(
                .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(300))))
            let streamed = await #expect(throws: A2AError.self) { _ = try await stream.all() }
            #expect(streamed?.code == .deadlineExceeded)
            let late = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("hi"), context: CallContext(deadline: .now))
            }
            #expect(late?.code == .deadlineExceeded)
            let tasks = try await service.listTasks(A2AListTasksRequest(), context: CallContext()).tasks
            #expect(tasks.count == 2)
            #expect(tasks.allSatisfy { $0.status.state == .working })
            finish.raise()
        }
    }

    @Test("a caller that cancels its call is let go at once, its handler is cancelled, and the task goes on")
    func cancellation() async throws {
        let (finish, started) = (Signal(), Signal())
        let cancelled = Signal()
        try await withTCPRuntime(
            Self.runtime(Self.waiting(for: finish, started: started)), middleware: [EndMiddleware(cancelled)]
        ) { address in
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
            await cancelled.wait()
            let tasks = try await service.listTasks(A2AListTasksRequest(), context: CallContext()).tasks
            #expect(tasks.map(\.status.state) == [.working])
            finish.raise()
        }
    }

    @Test("cancelling the reader of a stream ends it as cancelled")
    func cancelledReader() async throws {
        let finish = Signal()
        try await withTCPRuntime(Self.runtime(Self.waiting(for: finish))) { address in
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

    @Test("a connection that breaks during a call may have carried it")
    func broken() async throws {
        let (started, released) = (Signal(), Signal())
        let service = StubService(onSend: { _, _ in
            defer { released.raise() }
            started.raise()
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        })
        try await withTCPService(service) { address in
            try await TCPProxy.with(address) { proxy in
                let transport = try transport(proxy.address)
                async let call = transport.sendMessage(.text("hi"), context: CallContext())
                await started.wait()
                proxy.cut()
                // The server has noticed too.
                await released.wait()
                do {
                    _ = try await call
                    Issue.record("the call was answered")
                } catch let error as A2AError {
                    #expect(error.code == .unavailable)
                    #expect(error.transportFailure?.mayHaveBeenSent == true)
                }
            }
        }
    }

    @Test("on shutdown a stream ends with UNAVAILABLE, and a call may end by itself")
    func shutdown() async throws {
        let (started, finish) = (Signal(), Signal())
        let service = StubService(
            onSend: { _, _ in
                started.raise()
                await finish.wait()
                return .message(A2AMessage(role: .agent, parts: [.text("done")]))
            },
            onStream: { _, _ in
                let rest = Rest([StreamEvent(.task(A2ATask()), generation: 1)])
                return EventStream {
                    ClosureSource({
                        if let event = rest.next() { return event }
                        try await Task.sleep(for: .seconds(3600))
                        return nil
                    })
                }
            })
        let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
            try await withTCPService(service) { address in
                let transport = try transport(address)
                var iterator = try await transport.sendStreamingMessage(.text("hi"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next() != nil)
                let stream = Reader(iterator)
                group.addTask {
                    defer { finish.raise() }
                    return await stream.end()
                }
                group.addTask { try await transport.sendMessage(.text("hi"), context: CallContext()).text }
                await started.wait()
            }
            var outcomes: Set<String> = []
            for try await outcome in group { outcomes.insert(outcome) }
            return outcomes
        }
        #expect(outcomes == ["done", "UNAVAILABLE"])
    }

    @Test("a call that does not end holds the shutdown for its grace and no longer")
    func hangingCall() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.shutdownGrace = .milliseconds(200)
        let started = Signal()
        let service = StubService(onSend: { _, _ in
            started.raise()
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        })
        let error = try await withThrowingTaskGroup(of: A2AError?.self) { group in
            try await withTCPService(service, configuration: configuration) { address in
                let transport = try transport(address)
                group.addTask {
                    do {
                        _ = try await transport.sendMessage(.text("hi"), context: CallContext())
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

    @Test("ten thousand streams, opened and abandoned, leave nothing behind")
    func manyAbandoned() async throws {
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
        try await withTCPService(service) { address in
            let service = try transport(address)
            @Sendable func open(_ count: Int) async throws {
                for _ in 0..<count {
                    var iterator = try await service.subscribeToTask(
                        A2ASubscribeToTaskRequest(), context: CallContext()
                    ).makeAsyncIterator()
                    _ = try await iterator.next()
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
}

/// Reads the rest of a stream in another task.
// Unchecked: it is handed over once, and used by one task.
private final class Reader: @unchecked Sendable {
    private var iterator: EventStream.AsyncIterator

    init(_ iterator: EventStream.AsyncIterator) { self.iterator = iterator }

    func end() async -> String {
        do {
            while try await self.iterator.next() != nil {}
            return "END"
        } catch {
            return A2AError(wrapping: error).code.reason
        }
    }
}

/// Says when a call has ended.
private struct EndMiddleware: ServiceMiddleware {
    let ended: Signal

    init(_ ended: Signal) { self.ended = ended }

    func intercept<Request: Sendable, Response: Sendable>(
        _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
    ) async throws -> Response {
        guard call.operation == .sendMessage else { return try await next(call) }
        defer { self.ended.raise() }
        return try await next(call)
    }
}
