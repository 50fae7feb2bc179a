import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import GRPCCore
import Synchronization
import TestSupport
import Testing

@testable import A2AGRPC

@Suite("Connections", .timeLimit(.minutes(2)))
struct ConnectionTests {
    @Test("a dead address fails at once, and surely nothing was sent", arguments: ["127.0.0.1:1", "localhost:1"])
    func dead(_ address: String) async throws {
        let service = try transport(address)
        for _ in 0..<3 {
            let error = await #expect(throws: A2AError.self) {
                try await service.sendMessage(.text("hi"), context: CallContext())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.isSurelyNotSent == true)
            #expect(error?.message.contains("connection refused") == true, "\(String(describing: error))")
        }
        let error = await #expect(throws: A2AError.self) {
            try await service.sendStreamingMessage(.text("hi"), context: CallContext())
        }
        #expect(error?.isSurelyNotSent == true)
    }

    @Test("a name that there is not")
    func unknownName() async throws {
        let error = await #expect(throws: A2AError.self) {
            try await transport("nowhere.invalid:1").sendMessage(.text("hi"), context: CallContext())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isSurelyNotSent == true)
    }

    @Test("a server that comes up later is reached by the same transport")
    func comesLater() async throws {
        let port = try await withGRPCAgent { address in Int(address.split(separator: ":").last ?? "") ?? 0 }
        let client = try client("127.0.0.1:\(port)")
        await #expect(throws: A2AError.self) {
            try await client.service.sendMessage(.text("hi"), context: CallContext())
        }
        var configuration = GRPCServerConfiguration()
        configuration.port = port
        try await withGRPCAgent(configuration: configuration) { _ in
            // A read may be tried again, and the client does.
            _ = try await client.listTasks()
        }
    }

    @Test("a server that accepts and says nothing is given up")
    func silentServer() async throws {
        let listener = try await SilentServer.start()
        var options = GRPCClientOptions()
        options.connectTimeout = .milliseconds(200)
        let error = await #expect(throws: A2AError.self) {
            try await transport(listener.address, options: options).sendMessage(.text("hi"), context: CallContext())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isSurelyNotSent == true)
        try await listener.stop()
    }

    @Test("transports of one factory share a connection, which is closed when the last is let go")
    func closes() async throws {
        try await withGRPCAgent { address in
            try await TCPProxy.with(address) { proxy in
                do {
                    let factory = GRPCTransportFactory()
                    let interface = A2AAgentInterface(url: proxy.address, binding: .grpc)
                    var first: (any A2AService)? = try factory.makeTransport(
                        for: interface, card: ReferenceAgent.card())
                    let second = try factory.makeTransport(for: interface, card: ReferenceAgent.card())
                    _ = try await first?.sendMessage(.text("hi"), context: CallContext())
                    _ = try await second.sendMessage(.text("hi"), context: CallContext())
                    first = nil
                    _ = try await second.sendMessage(.text("hi"), context: CallContext())
                    #expect(proxy.count == 1)
                    #expect(proxy.open == 1)
                }
                await proxy.untilClosed()
                #expect(proxy.open == 0)
            }
        }
    }

    @Test("an open stream keeps its connection, and the last one closes it")
    func streamKeepsConnection() async throws {
        try await withGRPCAgent { address in
            try await TCPProxy.with(address) { proxy in
                do {
                    let stream = try await transport(proxy.address)
                        .sendStreamingMessage(.text("stream a b c"), context: CallContext())
                    // The transport is gone already.
                    #expect(try await stream.all().last?.response.state == .completed)
                }
                await proxy.untilClosed()
                #expect(proxy.open == 0)
            }
        }
    }

    @Test("a stream that breaks goes on where it was: nothing is lost, nothing comes twice")
    func resumes() async throws {
        let total = 60
        let gate = Signal()
        let agent = ClosureAgent { turn in
            try await turn.working("Counting.")
            for index in 1...total {
                if index == total / 2 { await gate.wait() }
                try await turn.append(
                    .text("\(index) "), toArtifact: "numbers", name: "Numbers", lastChunk: index == total)
            }
        }
        try await withGRPCAgent(agent) { address in
            try await TCPProxy.with(address) { proxy in
                let client = try client(proxy.address)
                var generations: [Int64] = []
                var text = ""
                var cuts = 0
                for try await event in try await client.stream("count") {
                    if let generation = event.generation { generations.append(generation) }
                    if case .artifactUpdate(let update) = event.response.payload {
                        text += update.artifact.parts.map(\.text).joined()
                    }
                    if [3, 10, 20].contains(generations.count) {
                        cuts += 1
                        proxy.cut()
                    }
                    if generations.count == 25 { gate.raise() }
                }
                #expect(cuts == 3)
                #expect(proxy.count >= 2)
                #expect(text == (1...total).map { "\($0) " }.joined())
                let first = try #require(generations.first)
                #expect(generations == Array(first..<first + Int64(generations.count)))
            }
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
        try await withGRPCService(service) { address in
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
}
