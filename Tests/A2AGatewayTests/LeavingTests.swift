import A2A
import A2AClient
import A2AGateway
import A2AHTTP
import A2AServer
import A2ATesting
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

@Suite("A caller who leaves", .timeLimit(.minutes(2)))
struct LeavingTests {
    private let started = Signal()
    private let ended = Signal()
    private let live = Count()

    /// An agent whose calls never end by themselves.
    private var patient: ScriptedUpstream {
        var script = ScriptedUpstream.Script()
        script.send = { [started, ended] _, _ in
            started.fire()
            do { try await Signal().wait() } catch { ended.fire() }
            throw CancellationError()
        }
        script.stream = { [live] _, _ in
            CountedEvents.stream(live) { position in
                if position > 0 { try await Signal().wait() }
                return .working("1", generation: 1)
            }
        }
        return ScriptedUpstream(script)
    }

    @Test("ends a blocking send at the agent, through gateways too", arguments: testedPairs)
    func blockingSend(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        try await withServed(self.patient) { card async throws in
            try await withGateways(card, over: [upstream, upstream]) { card async throws in
                let service = try transport(caller, to: card)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await service.sendMessage(send("Hello"), context: CallContext()) }
                    try await self.started.wait()
                    group.cancelAll()
                    await #expect(throws: (any Error).self) { try await group.waitForAll() }
                }
                try await self.ended.wait()
            }
        }
    }

    @Test("ends a stream at the agent, through gateways too", arguments: testedPairs)
    func stream(_ caller: ProtocolBinding, _ upstream: ProtocolBinding) async throws {
        try await withServed(self.patient) { card async throws in
            try await withGateways(card, over: [upstream, upstream]) { card async throws in
                let service = try transport(caller, to: card)
                for try await _ in try await service.sendStreamingMessage(send("Hello"), context: CallContext()) {
                    #expect(self.live.value == 1)
                    break
                }
                await self.live.wait(for: 0)
            }
        }
    }

    @Test("over HTTP/1.1 need only close the connection", arguments: ["/", "/v1/message:send"])
    func closedConnection(_ path: String) async throws {
        try await withServed(self.patient) { card async throws in
            let message = #"{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}"#
            let body = path == "/" ? #"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":\#(message)}"# : message
            try await RawHTTP.connect(try baseURL(card)) { connection in
                try await connection.send(
                    "POST \(path) HTTP/1.1\r\nHost: x\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                try await self.started.wait()
            }
            try await self.ended.wait()
        }
    }

    @Test("of a notification does not end it: nobody waits for it")
    func notification() async throws {
        let (entered, release, done) = (Signal(), Signal(), Signal())
        var script = ScriptedUpstream.Script()
        script.send = { _, _ in
            entered.fire()
            try await release.wait()
            done.fire()
            return A2ASendMessageResponse()
        }
        try await withServed(ScriptedUpstream(script)) { card async throws in
            let body =
                #"{"jsonrpc":"2.0","method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}}"#
            try await RawHTTP.connect(try baseURL(card)) { connection in
                try await connection.send(
                    "POST / HTTP/1.1\r\nHost: x\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                try await entered.wait()
            }
            release.fire()
            try await done.wait()
        }
    }

    @Test("over HTTP/2 ends the one call, not the others of the connection")
    func http2() async throws {
        let (other, release) = (Signal(), Signal())
        var script = ScriptedUpstream.Script()
        script.send = { [started, ended] request, _ in
            guard request.message.text == "leave" else {
                other.fire()
                try await release.wait()
                return .message(.agent("still here"))
            }
            started.fire()
            do { try await Signal().wait() } catch { ended.fire() }
            throw CancellationError()
        }
        var server = HTTPServerConfiguration.ephemeral
        server.tls = .init(certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        var configuration = HTTPClient.Configuration()
        var trust = TLSConfiguration.makeClientConfiguration()
        trust.trustRoots = .file(certificate("ca.pem"))
        configuration.tlsConfiguration = trust
        try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            try await withBindings([.http(server)], of: ScriptedUpstream(script), logger: .silent) { endpoints in
                let service = try HTTPTransportFactory(client: client)
                    .makeTransport(for: endpoints[0].interfaces[0], card: .testCard())
                try await withThrowingTaskGroup(of: A2ASendMessageResponse.self) { staying in
                    staying.addTask { try await service.sendMessage(send("stay"), context: CallContext()) }
                    try await other.wait()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { _ = try await service.sendMessage(send("leave"), context: CallContext()) }
                        try await self.started.wait()
                        group.cancelAll()
                        await #expect(throws: (any Error).self) { try await group.waitForAll() }
                    }
                    try await self.ended.wait()
                    release.fire()
                    #expect(try await staying.next()?.text == "still here")
                }
            }
        }
    }

    @Test("ends the call and not the task: the agent's work goes on", arguments: testedBindings)
    func taskGoesOn(_ upstream: ProtocolBinding) async throws {
        let release = Signal()
        let agent = ClosureAgent { [started] turn in
            try await turn.working("Working.")
            started.fire()
            try await release.wait()
            try await turn.complete("Done.")
        }
        let runtime = TaskRuntime(agent: agent, card: .testCard(), logger: .silent)
        let noting = EndNoting(ended: self.ended)
        try await withAgentServer(runtime, bindings: allBindings, middleware: [noting], logger: .silent) { _ in
            try await withGateways(runtime.card, over: [upstream]) { card async throws in
                let service = try transport(.jsonRPC, to: card)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await service.sendMessage(send("Hello"), context: CallContext()) }
                    try await self.started.wait()
                    group.cancelAll()
                    await #expect(throws: (any Error).self) { try await group.waitForAll() }
                }
                try await self.ended.wait()
                let id = try #require(
                    try await service.listTasks(A2AListTasksRequest(), context: CallContext()).tasks.first?.id)
                let events = try await service.subscribeToTask(subscribe(id), context: CallContext())
                release.fire()
                #expect(try await events.collect().last?.response.state == .completed)
            }
        }
    }

    /// Says when a send was cancelled.
    private struct EndNoting: ServiceMiddleware {
        let ended: Signal

        func intercept<Request: Sendable, Response: Sendable>(
            _ call: ServiceCall<Request>, next: @Sendable (ServiceCall<Request>) async throws -> Response
        ) async throws -> Response {
            guard call.operation == .sendMessage else { return try await next(call) }
            defer { if Task.isCancelled { self.ended.fire() } }
            return try await next(call)
        }
    }

    @Test("2 000 times leaves nothing behind")
    func manyStreams() async throws {
        try await withServed(self.patient) { card async throws in
            try await withGateways(card, over: [.httpJSON]) { card async throws in
                let service = try transport(.jsonRPC, to: card)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            for _ in 0..<250 {
                                let events = try await service.sendStreamingMessage(
                                    send("Hello"), context: CallContext())
                                for try await _ in events { break }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                await self.live.wait(for: 0)
                #expect(self.live.total == 2000)
            }
        }
    }
}
