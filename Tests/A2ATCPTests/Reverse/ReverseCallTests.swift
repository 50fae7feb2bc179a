import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import HTTPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

@Suite("Calls over a connection that the agent dialled", .timeLimit(.minutes(2)))
struct ReverseCallTests {
    @Test("all kinds of answers, the card, and errors with their details")
    func kinds() async throws {
        let registrar = Registrar()
        try await withRuntime(ReferenceAgent(), card: ReferenceAgent.card()) { runtime in
            try await withDialled(runtime, to: registrar) {
                let service = try registrar.transport()
                #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
                let events = try await service.sendStreamingMessage(.text("stream a b"), context: CallContext()).all()
                #expect(events.last?.response.state == .completed)
                #expect(events.compactMap(\.generation) == Array(1...Int64(events.count)))
                #expect(try await service.getAgentCard(context: CallContext()).name == ReferenceAgent.card().name)
                var get = A2AGetTaskRequest()
                get.id = "none"
                let error = await #expect(throws: A2AError.self) {
                    try await service.getTask(get, context: CallContext())
                }
                #expect(error?.code == .taskNotFound)
                #expect(error?.details.contains { "\($0)".contains("none") } == true)
            }
        }
        #expect(registrar.arrivals.withLock { $0.map(\.name) } == ["agent"])
    }

    @Test("calls are authenticated like any others, each with the credentials of its own caller")
    func authentication() async throws {
        let registrar = Registrar()
        let seen = Mutex<[String]>([])
        let stub = StubService(onSend: { _, context in
            seen.withLock { $0.append(context.principal.id) }
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        let authenticator = StaticTokenAuthenticator(["one": Principal(id: "1"), "two": Principal(id: "2")])
        try await withDialled(stub.with(AuthenticationMiddleware(authenticator)), to: registrar) {
            let service = try registrar.transport()
            for token in ["one", "two", "one"] {
                let parameters = ServiceParameters([.authorization: "Bearer \(token)"])
                _ = try await service.sendMessage(.text("hi"), context: CallContext(parameters: parameters))
            }
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("hi"), context: CallContext())
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.challenge?.contains("Bearer") == true)
        }
        #expect(seen.withLock { $0 } == ["1", "2", "1"])
    }

    @Test("a deadline that passes, and a caller that leaves, end the call at the agent")
    func ends() async throws {
        let registrar = Registrar()
        let (started, ended) = (Signal(), Signal())
        let stub = StubService(onSend: { request, _ in
            if request.message.parts.first?.text == "leave" { started.raise() }
            defer { if request.message.parts.first?.text == "leave" { ended.raise() } }
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        })
        try await withDialled(stub, to: registrar) {
            let service = try registrar.transport()
            let late = await #expect(throws: A2AError.self) {
                try await service.sendMessage(
                    .text("late"), context: CallContext(deadline: .now.advanced(by: .milliseconds(100))))
            }
            #expect(late?.code == .deadlineExceeded)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await service.sendMessage(.text("leave"), context: CallContext()) }
                await started.wait()
                group.cancelAll()
            }
            await ended.wait()
        }
    }

    @Test("a slow reader holds the agent back, and other calls pass it")
    func backpressure() async throws {
        let registrar = Registrar()
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
        var configuration = TCPServerConfiguration.ephemeral
        configuration.streamCreditBytes = 256 << 10
        try await withDialled(stub, to: registrar, configuration: configuration) {
            let service = try registrar.transport()
            var iterator = try await service.sendStreamingMessage(.text("hi"), context: CallContext())
                .makeAsyncIterator()
            _ = try await iterator.next()
            for _ in 0..<200 {
                #expect(
                    try await service.sendMessage(.text("hi"), context: CallContext()).text == "still here")
            }
            let ahead = sent.withLock { $0 }
            #expect(ahead < 16, "the agent is \(ahead) chunks ahead")
            var count = 1
            while try await iterator.next() != nil { count += 1 }
            #expect(count == total)
        }
    }

    @Test("calls go both ways at once over one connection")
    func bothWays() async throws {
        let registrar = Registrar()
        let echo: @Sendable (String) -> StubService = { side in
            StubService(onSend: { request, _ in
                .message(A2AMessage(role: .agent, parts: [.text("\(side) \(request.message.parts[0].text)")]))
            })
        }
        try await withHub(registrar, service: echo("hub")) { address async throws in
            var options = TCPConnectionOptions(
                configuration: TCPConfiguration(hello: TCPHello()), isSecure: false, address: address)
            options.configuration.hello.settings.callCredit = 8
            let link = try await TCPClientConnection.dial(
                TCPAddress(address), tls: nil, options: options, timeout: .seconds(10), inbox: TCPCallInbox()
            ).get()
            let own = TransportService(TCPTransport(connection: LinkOpener(link), card: ReferenceAgent.card()))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await TCPBinding.serve(link, TCPCallHandler(service: echo("agent"))) }
                try await LinkOpener(link).register()
                let reverse = try registrar.transport()
                try await withThrowingTaskGroup(of: Void.self) { calls in
                    for number in 0..<300 {
                        calls.addTask {
                            let answer = try await own.sendMessage(.text("\(number)"), context: CallContext())
                            #expect(answer.text == "hub \(number)")
                        }
                        calls.addTask {
                            let answer = try await reverse.sendMessage(.text("\(number)"), context: CallContext())
                            #expect(answer.text == "agent \(number)")
                        }
                    }
                    try await calls.waitForAll()
                }
                link.submit(.drain(graceMilliseconds: 0, retryAfterMilliseconds: 0))
                try await group.waitForAll()
            }
        }
    }

    @Test("over TLS, the agent is who its certificate says")
    func certificates() async throws {
        let registrar = Registrar()
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"),
            clientTrustRoots: certificate("ca.pem"))
        let roots = try pem("ca.pem")
        let (chain, key) = (try pem("client.pem"), try pem("client-key.pem"))
        let stub = StubService(onSend: { _, context in
            #expect(context.principal == .anonymous)
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        try await withDialled(
            stub, to: registrar, configuration: configuration,
            {
                $0.connecting.additionalTrustRootsPEM = roots
                $0.connecting.clientCertificatePEM = chain
                $0.connecting.clientKeyPEM = key
                $0.credentials = .bearer("secret")
            }
        ) {
            _ = try await registrar.transport().sendMessage(.text("hi"), context: CallContext())
        }
        let arrival = try #require(registrar.arrivals.withLock { $0 }.first)
        #expect(arrival.principal.id == "spiffe://example.com/client")
        #expect(arrival.token == "Bearer secret")
    }
}

/// Opens calls on one connection, whoever made it.
final class LinkOpener: TCPCallOpener {
    let encoding = TCPEncoding.protobuf
    private let link: TCPChannelHandler

    init(_ link: TCPChannelHandler) { self.link = link }

    func open(
        _ method: TCPMethod, _ request: [UInt8], encoding: TCPEncoding, _ context: CallContext, keyNames: Set<String>,
        cursor: TCPCursor?
    ) async throws -> (call: TCPClientCall, first: TCPClientCall.Item) {
        let frame = try TCPCall.make(method, encoding: encoding, context: context, keyNames: keyNames).call
        return await self.open(frame, request)
    }

    func open(_ frame: TCPCall, _ request: [UInt8]) async -> (call: TCPClientCall, first: TCPClientCall.Item) {
        let call = TCPClientCall(encoding: frame.encoding, link: self.link)
        self.link.submit(
            .open(
                TCPOpening(
                    call: call, frame: frame, credentials: [], identity: nil, request: request, deadline: nil)))
        return (call, await call.next())
    }

    /// Asks the hub for the name `agent`, in the encoding that dialling agents of this library do not use.
    func register() async throws {
        var frame = TCPCall(.named, encoding: .protobuf)
        frame.parameters["method"] = TCPRegister.method
        let request = try TCPEncoding.protobuf.encode(TCPRegister.request(name: "agent"))
        let (call, first) = await self.open(frame, request)
        let octets = try await TCPTransport.answer(call, first, CallContext())
        let response = try TCPEncoding.protobuf.decodeAnswer(A2AMetadata.self, from: octets)
        #expect(try TCPRegister.registration(in: response).name == "agent")
    }

    func renew(_ entries: [TCPCredentials.Entry], identity: UInt64) {}
    func withEpochs<Result: Sendable>(_ body: (inout TCPEpochs) -> Result) -> Result {
        var epochs = TCPEpochs()
        return body(&epochs)
    }
}
