import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import Logging
import ServiceLifecycle
import Testing

@Suite("Streams through a gateway", .timeLimit(.minutes(2)))
struct StreamingTests {
    @Test("pass event by event: the second is made when the first has been seen", arguments: testedPairs)
    func eventByEvent(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        let seen = Signal()
        var script = ScriptedUpstream.Script()
        script.stream = { _, _ in
            CountedEvents.stream { position in
                switch position {
                case 0: return .working("first", generation: 1)
                case 1:
                    try await seen.wait()
                    return .completed(generation: 2)
                default: return nil
                }
            }
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            try await withGateways(card, over: [upstream, upstream]) { card async throws in
                let service = try transport(caller, to: card)
                var states: [A2ATaskState?] = []
                for try await event in try await service.sendStreamingMessage(send("x"), context: CallContext()) {
                    states.append(event.response.state)
                    seen.fire()
                }
                #expect(states == [.working, .completed])
            }
        }
    }

    // The reader uses gRPC, whose window is small; the sockets of HTTP/1.1 take megabytes before they hold anybody back.
    @Test("of a slow reader hold the agent back", arguments: [ProtocolBinding.grpc, .jsonRPC])
    func slowReader(_ upstream: ProtocolBinding) async throws {
        let eventBytes = 128 << 10
        let count = 400
        // What the sockets and windows of two hops may hold, far from all.
        let bound = 200
        let produced = Count()
        let text = String(repeating: "x", count: eventBytes)
        var script = ScriptedUpstream.Script()
        script.stream = { _, _ in
            CountedEvents.stream { position in
                guard position < count else { return .completed() }
                produced.add(1)
                return .working(text)
            }
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(.grpc, to: card)
                var iterator = try await service.sendStreamingMessage(send("x"), context: CallContext())
                    .makeAsyncIterator()
                _ = try await iterator.next()
                // Until nothing moves any more while other calls go to and fro.
                var known = 0
                while produced.value != known {
                    known = produced.value
                    for _ in 0..<200 { _ = try await service.getTask(get("t"), context: CallContext()) }
                }
                #expect(known <= bound)
                #expect(try await iterator.next()?.response.state == .working)
            }
        }
    }

    @Test("are ended on graceful shutdown, and so are the calls to the agent")
    func shutdown() async throws {
        let live = Count()
        var script = ScriptedUpstream.Script()
        script.stream = { _, _ in
            CountedEvents.stream(live) { position in
                if position > 0 { try await Signal().wait() }
                return .working("first", generation: 1)
            }
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            let gateway = try Gateway(upstream: card, transports: try allTransports(), logger: .silent)
            let listening = Signal()
            let server = GatewayServer(gateway, bindings: allBindings, logger: .silent) { _ in listening.fire() }
            let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [server], logger: .silent))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await listening.wait()
                let service = try transport(.jsonRPC, to: try await gateway.getAgentCard(context: CallContext()))
                var iterator = try await service.sendStreamingMessage(send("x"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next()?.generation == 1)
                await group.triggerGracefulShutdown()
                var error: A2AError?
                do { while try await iterator.next() != nil {} } catch let thrown as A2AError { error = thrown }
                #expect(error?.code == .unavailable)
                #expect(error?.retryDelay != nil)
                try await tasks.waitForAll()
                await live.wait(for: 0)
            }
        }
    }

    @Test("an error of the agent in the middle comes through", arguments: testedPairs)
    func lateError(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        var script = ScriptedUpstream.Script()
        script.stream = { _, _ in
            CountedEvents.stream { position in
                guard position > 0 else { return .working("first", generation: 1) }
                throw A2AError(.resourceExhausted, "Enough.", details: [.retryInfo(.seconds(3))])
            }
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            try await withGateways(card, over: [upstream]) { card async throws in
                let service = try transport(caller, to: card)
                var iterator = try await service.sendStreamingMessage(send("x"), context: CallContext())
                    .makeAsyncIterator()
                #expect(try await iterator.next()?.generation == 1)
                let error = await #expect(throws: A2AError.self) { _ = try await iterator.next() }
                #expect(error?.code == .resourceExhausted)
                #expect(error?.message == "Enough.")
                #expect(error?.retryDelay == .seconds(3))
            }
        }
    }
}
