import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("What a TCP client does again, and what it says when it does not wait", .timeLimit(.minutes(1)))
struct RepetitionTests {
    private static let answer = #"{"message":{"messageId":"a","role":"ROLE_AGENT","parts":[{"text":"ok"}]}}"#

    private func jsonClient(_ address: String) throws -> Client {
        var configuration = ClientConfiguration()
        configuration.retry.backoff = Backoff(base: .zero, limit: .zero)
        var options = TCPClientOptions()
        options.encoding = .json
        return try A2ATCPTests.client(address, options: options, configuration: configuration)
    }

    @Test("a send whose connection breaks is made again while the agent recognises it, with the same message")
    func deduplicated() async throws {
        let requests = Mutex<[[UInt8]]>([])
        try await FramePeer.listening { number, peer in
            try await peer.greet(.calls(8) { $0.dedupSeconds = 600 })
            guard let call = try await peer.call(), let request = try await peer.message(on: call.stream) else {
                return
            }
            requests.withLock { $0.append(request) }
            // The first connection breaks here.
            guard number > 1 else { return }
            try await peer.send(.message(call.stream, Self.answer))
            while try await peer.next() != nil {}
        } _: { address in
            let answer = try await self.jsonClient(address).send("hi")
            #expect(answer.text == "ok")
        }
        let seen = requests.withLock { $0 }
        #expect(seen.count == 2 && seen[0] == seen[1])
    }

    @Test("a send whose connection breaks is not made again where nobody recognises it")
    func notDeduplicated() async throws {
        let count = Mutex(0)
        try await FramePeer.listening { _, peer in
            try await peer.greet(.calls(8))
            guard let call = try await peer.call(), try await peer.message(on: call.stream) != nil else { return }
            count.withLock { $0 += 1 }
        } _: { address in
            let error = await #expect(throws: A2AError.self) { try await self.jsonClient(address).send("hi") }
            #expect(error?.code == .unavailable)
            #expect(error?.transportFailure?.mayHaveBeenSent == true)
            #expect(error?.transportFailure?.recognizedUntil == nil)
        }
        #expect(count.withLock { $0 } == 1)
    }

    @Test("a call that was not processed is made again, whatever it is")
    func refused() async throws {
        try await FramePeer.listening { _, peer in
            try await peer.greet(.calls(8))
            guard let first = try await peer.call() else { return }
            try await peer.send(.reset(stream: first.stream, TCPReset(.refused, "busy", notProcessed: true)))
            guard let second = try await peer.call() else { return }
            _ = try await peer.message(on: second.stream)
            try await peer.send(.message(second.stream, Self.answer))
            while try await peer.next() != nil {}
        } _: { address in
            let answer = try await self.jsonClient(address).send("hi")
            #expect(answer.text == "ok")
        }
    }

    @Test("a peer that goes away for long is not connected to before its time; nothing was sent")
    func sentAway() async throws {
        let connections = Mutex(0)
        try await FramePeer.listening { number, peer in
            connections.withLock { $0 = number }
            try await peer.greet(.calls(8))
            guard let call = try await peer.call() else { return }
            let goAway = TCPGoAway(
                lastStream: call.stream, code: .noError, graceMilliseconds: 1_000, retryAfterMilliseconds: 600_000)
            try await peer.send(.goAway(goAway))
            _ = try await peer.message(on: call.stream)
            try await peer.send(.message(call.stream, Self.answer))
            while try await peer.next() != nil {}
        } _: { address in
            let service = try transport(address, options: TCPClientOptions())
            let first = await #expect(throws: A2AError.self) {
                // The answer is JSON, the call is not.
                try await service.sendMessage(.text("hi"), context: CallContext())
            }
            #expect(first?.code == .invalidAgentResponse)
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("hi"), context: CallContext())
            }
            #expect(error?.isSurelyNotSent == true)
            #expect(error?.retryDelay ?? .zero > .seconds(30))
        }
        #expect(connections.withLock { $0 } == 1)
    }

    @Test("attempts to connect have pauses that grow and are random")
    func reconnection() {
        let now = ContinuousClock.now
        var reconnection = TCPReconnection()
        #expect(reconnection.wait(now: now) == nil)
        for bound in [0.5, 1, 2, 4, 8, 16, 30, 30] {
            reconnection.failed(now: now, random: 0.5)
            #expect(reconnection.wait(now: now) == .seconds(bound / 2))
        }
        #expect(reconnection.wait(now: now.advanced(by: .seconds(15))) == nil)
        reconnection.sentAway(until: now.advanced(by: .seconds(40)))
        #expect(reconnection.wait(now: now) == .seconds(40))
    }

    @Test("who no longer waits says why: cancelled, or out of time", arguments: [false, true])
    func noLongerWaits(isLate: Bool) async throws {
        let (started, (codes, input)) = (Signal(), AsyncStream<TCPErrorCode?>.makeStream())
        try await FramePeer.listening { _, peer in
            try await peer.greet(.calls(8))
            guard let call = try await peer.call() else { return }
            started.raise()
            input.yield(try await peer.reset(of: call.stream)?.code)
        } _: { address in
            let service = try transport(address)
            let deadline = isLate ? ContinuousClock.now.advanced(by: .milliseconds(100)) : nil
            let call = Task {
                // As a client does it: its own time ends the call, whoever notices first.
                try await withDeadline(deadline) {
                    try await service.sendMessage(.text("hi"), context: CallContext(deadline: deadline))
                }
            }
            await started.wait()
            if !isLate { call.cancel() }
            var code: TCPErrorCode?
            for await first in codes {
                code = first
                break
            }
            #expect(code == (isLate ? .deadlineExceeded : .canceled))
            _ = await call.result
        }
    }

    // MARK: Without call credit

    @Test("calls without credit wait in a queue that is bounded")
    func queueIsFull() async throws {
        try await FramePeer.listening { _, peer in
            try await peer.greet(.calls(8))
            while try await peer.next() != nil {}
        } _: { address in
            let service = try transport(address)
            await withTaskGroup(of: A2AError?.self) { group in
                for _ in 0..<(8 + TCPClientCall.maxWaiting + 1) {
                    group.addTask {
                        do {
                            _ = try await service.sendMessage(.text("hi"), context: CallContext())
                            return nil
                        } catch {
                            return A2AError(wrapping: error)
                        }
                    }
                }
                let first = await group.next() ?? nil
                #expect(first?.code == .unavailable)
                #expect(first?.isSurelyNotSent == true)
                group.cancelAll()
            }
        }
    }

    @Test("the deadline of a call runs while it waits for credit, and the agent never hears of it")
    func waitingDeadline() async throws {
        let calls = Mutex(0)
        try await FramePeer.listening { _, peer in
            try await peer.greet(.calls(8))
            while try await peer.call() != nil { calls.withLock { $0 += 1 } }
        } _: { address in
            let service = try transport(address)
            await withTaskGroup(of: A2AError.Code?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        _ = try? await service.sendMessage(.text("hi"), context: CallContext())
                        return nil
                    }
                }
                while calls.withLock({ $0 }) < 8 { await Task.yield() }
                let error = await #expect(throws: A2AError.self) {
                    try await service.sendMessage(
                        .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(50))))
                }
                #expect(error?.code == .deadlineExceeded)
                group.cancelAll()
            }
        }
        #expect(calls.withLock { $0 } == 8)
    }

    // MARK: Credentials

    @Test("a token that is renewed before it ends takes its place in the slot while a stream runs")
    func renewal() async throws {
        let (clientClock, serverClock) = (ManualClock(), ManualClock())
        let asked = Mutex<[String]>([])
        let fetched = Mutex(0)
        let authenticator = ClosureAuthenticator { operation, context in
            guard let token = context.parameters["authorization"] else { throw A2AError(.unauthenticated, "Who?") }
            if operation == .sendStreamingMessage { asked.withLock { $0.append(token) } }
            return AuthenticatedCaller(Principal(id: "alice"), validFor: .seconds(60))
        }
        let finish = Signal()
        let agent = ClosureAgent { turn in
            try await turn.working("Waiting.")
            await finish.wait()
            try await turn.complete()
        }
        let runtime = TaskRuntime(agent: agent, card: ReferenceAgent.card(), logger: .silent)
        let middleware = AuthenticationMiddleware(authenticator, clock: serverClock)
        try await withTCPRuntime(runtime, middleware: [middleware]) { address in
            var configuration = ClientConfiguration()
            configuration.clock = clientClock
            configuration.credentials = RefreshingCredentials(clock: clientClock) {
                let number = fetched.withLock { count in
                    count += 1
                    return count
                }
                return IssuedCredentials(fields: [.authorization: "Bearer \(number)"], renewAfter: .seconds(40))
            }
            let client = try client(address, configuration: configuration)
            let states = Task {
                var states: [A2ATaskState?] = []
                for try await event in try await client.stream("hi") { states.append(event.response.state) }
                return states
            }
            for number in 2...3 {
                await serverClock.untilSomebodySleeps()
                await clientClock.untilSomebodySleeps()
                clientClock.advance(by: .seconds(40))
                while fetched.withLock({ $0 }) < number { await Task.yield() }
                await clientClock.untilSomebodySleeps()
                // An answer over the same connection: what was written before has arrived.
                _ = try? await client.service.getTask(A2AGetTaskRequest(), context: CallContext())
                serverClock.advance(by: .seconds(60))
                while asked.withLock({ $0.count }) < number { await Task.yield() }
            }
            await serverClock.untilSomebodySleeps()
            finish.raise()
            #expect(try await states.value.last == .completed)
        }
        #expect(asked.withLock { $0 } == ["Bearer 1", "Bearer 2", "Bearer 3"])
    }
}
