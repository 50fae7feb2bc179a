import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("Connections over TCP", .timeLimit(.minutes(2)))
struct ConnectionTests {
    @Test("a dead address fails at once, and surely nothing was sent", arguments: ["127.0.0.1:1", "localhost:1"])
    func dead(_ address: String) async throws {
        let service = try transport("a2a+tcp://\(address)")
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
            try await transport("a2a+tls://nowhere.invalid").sendMessage(.text("hi"), context: CallContext())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isSurelyNotSent == true)
    }

    @Test("a server that comes up later is reached by the same transport")
    func comesLater() async throws {
        let port = try await withTCPAgent { TestSupport.port($0) }
        let client = try client("a2a+tcp://127.0.0.1:\(port)")
        await #expect(throws: A2AError.self) {
            try await client.service.sendMessage(.text("hi"), context: CallContext())
        }
        var configuration = TCPServerConfiguration()
        configuration.port = port
        try await withTCPAgent(configuration: configuration) { _ in
            _ = try await client.listTasks()
        }
        // And once more, after it has gone away.
        try await withTCPAgent(configuration: configuration) { _ in
            _ = try await client.listTasks()
        }
    }

    @Test("a server that accepts and says nothing is given up, by its time or the caller's")
    func silentServer() async throws {
        let listener = try await SilentServer.start()
        var options = TCPClientOptions()
        options.connectTimeout = .milliseconds(200)
        let error = await #expect(throws: A2AError.self) {
            try await transport(listener.address, options: options).sendMessage(.text("hi"), context: CallContext())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.isSurelyNotSent == true)
        let late = await #expect(throws: A2AError.self) {
            try await transport(listener.address).sendMessage(
                .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(50))))
        }
        #expect(late?.code == .deadlineExceeded)
        try await listener.stop()
    }

    @Test("transports of one factory share a connection, which is closed when the last is let go")
    func closes() async throws {
        try await withTCPAgent { address in
            try await TCPProxy.with(address) { proxy in
                do {
                    let factory = TCPTransportFactory()
                    let interface = A2AAgentInterface(url: proxy.address, binding: .tcp)
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
        try await withTCPAgent { address in
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

    @Test(
        "addresses that are of no use say what would be right",
        arguments: [
            "127.0.0.1:1", "a2a+tcp://host", "a2a+tcp://u@host:1", "a2a+tls://host/path", "a2a+tls://host:0",
            "a2a+tls://host:70000", "a2a+tls://[::1", "a2a+tls://::1", "http://host:1", "a2a+tls://",
        ])
    func addresses(_ text: String) {
        let error = #expect(throws: A2AError.self) { _ = try TCPAddress(text) }
        #expect(error?.code == .invalidParams)
        #expect(error?.message.contains("a2a+tls://agent.example.com:41632") == true)
    }

    @Test("addresses as they are written")
    func goodAddresses() throws {
        #expect(try TCPAddress("a2a+tls://agent.example.com").port == 41632)
        #expect(try TCPAddress("A2A+TLS://agent.example.com:1/").isSecure)
        let address = try TCPAddress("a2a+tcp://[::1]:9902")
        #expect(address.host == "::1" && address.port == 9902 && !address.isSecure && address.isLoopback)
        #expect(address.description == "a2a+tcp://[::1]:9902")
        #expect(try !TCPAddress("a2a+tcp://10.0.0.1:1").isLoopback)
    }

    @Test("slots: one per set of credentials, the oldest goes first")
    func slots() {
        var slots = TCPSlots()
        func entry(_ value: String) -> [TCPCredentials.Entry] { [.init(.authorization, name: "Bearer", value: value)] }
        #expect(slots.slot(for: [], limit: 2) == (0, false))
        #expect(slots.slot(for: entry("a"), limit: 2) == (1, true))
        #expect(slots.slot(for: entry("b"), limit: 2) == (2, true))
        #expect(slots.slot(for: entry("a"), limit: 2) == (1, false))
        #expect(slots.slot(for: entry("c"), limit: 2) == (2, true))
        #expect(slots.slot(for: entry("a"), limit: 2) == (1, false))
        // One that a stream runs on goes last.
        #expect(slots.slot(for: entry("d"), limit: 2, busy: { [2] }) == (1, true))
        #expect(slots.slot(for: entry("e"), limit: 2, busy: { [1, 2] }) == (2, true))
        slots.forget(1)
        #expect(slots.slot(for: entry("d"), limit: 2) == (1, true))
    }

    @Test("slots: newer credentials of one identity take the place of the older")
    func identities() {
        var slots = TCPSlots()
        func entry(_ value: String) -> [TCPCredentials.Entry] { [.init(.authorization, name: "Bearer", value: value)] }
        #expect(slots.slot(for: entry("a1"), identity: 1, limit: 3) == (1, true))
        #expect(slots.slot(for: entry("b1"), identity: 2, limit: 3) == (2, true))
        // The same words without an identity, or under another, are somebody else's.
        #expect(slots.slot(for: entry("a1"), limit: 3) == (3, true))
        #expect(slots.slot(for: entry("a2"), identity: 1, limit: 3) == (1, true))
        #expect(slots.slot(for: entry("a2"), identity: 1, limit: 3) == (1, false))
        #expect(slots.renew(entry("b2"), identity: 2) == 2)
        #expect(slots.renew(entry("b2"), identity: 2) == nil)
        #expect(slots.renew(entry("c"), identity: 3) == nil)
        #expect(slots.slot(for: entry("b2"), identity: 2, limit: 3) == (2, false))
    }
}
