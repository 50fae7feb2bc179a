import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import A2ATCP

@Suite("Who is not called, and who may not register", .timeLimit(.minutes(2)))
struct DialRefusalTests {
    private static let reset: UInt8 = 8

    /// The code of the RESET that answers an opening.
    private func code(
        of opening: [UInt8], at address: String
    ) async throws -> UInt16? {
        let found = Mutex<UInt16?>(nil)
        try await RawAgent.run(address, opening: opening) { type, stream, payload in
            guard stream == 1, type == Self.reset || type == 5 else { return [] }
            if type == Self.reset { found.withLock { $0 = UInt16(payload[0]) << 8 | UInt16(payload[1]) } }
            // The last word of this side: GOAWAY.
            var octets: [UInt8] = []
            TCPGoAway(lastStream: 0, code: .noError, text: "").encode(into: &octets)
            return octets
        }
        return found.withLock { $0 }
    }

    @Test("a listener that is no hub has no such method, and makes no calls")
    func noHub() async throws {
        try await withTCPService(StubService()) { address async throws in
            #expect(try await self.code(of: RawAgent.opening(), at: address) == 0x000C)
        }
    }

    @Test("names that cannot be are refused before anybody is asked", arguments: ["", "a/b", ".hidden", "a b"])
    func names(_ name: String) async throws {
        let registrar = Registrar()
        try await withHub(registrar) { address async throws in
            #expect(try await self.code(of: RawAgent.opening(name: name), at: address) == 0x0003)
        }
        #expect(registrar.arrivals.withLock { $0.count } == 0)
    }

    @Test("an initiator that grants no calls is not called")
    func noCredit() async throws {
        let registrar = Registrar()
        try await withHub(registrar) { address async throws in
            try await RawAgent.run(address, opening: RawAgent.opening(callCredit: 0)) { _, stream, _ in
                #expect(stream % 2 == 1 || stream == 0, "the hub opened a call")
                return []
            } while: {
                await registrar.next()
                let error = await #expect(throws: A2AError.self) {
                    try await registrar.transport().sendMessage(.text("hi"), context: CallContext())
                }
                #expect(error?.code == .methodNotFound)
            }
        }
    }

    @Test("an agent that is refused is told why, and says so once")
    func refused() async throws {
        let registrar = Registrar(refusal: A2AError(.permissionDenied, "Not you."))
        let log = LogLines()
        try await withHub(registrar) { address async throws in
            try await withBindings(
                [.tcp(dialing: dialling(address, credentials: .bearer("x")))], of: StubService(),
                logger: Logger(label: "test", factory: { _ in log })
            ) { _ in
                for _ in 0..<5 { await registrar.next() }
            }
        }
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("Not you.") == true)
        #expect(registrar.agent.connectionCount == 0)
    }

    @Test("an ordinary client is never called, and the other methods by name are not there")
    func client() async throws {
        let registrar = Registrar()
        try await withHub(registrar, service: StubService()) { address async throws in
            let link = try await TCPClientConnection.dial(
                TCPAddress(address), tls: nil,
                options: TCPConnectionOptions(configuration: TCPConfiguration(), isSecure: false, address: address),
                timeout: .seconds(10)
            ).get()
            var frame = TCPCall(.named, encoding: .json)
            frame.parameters["method"] = "https://example.com/other"
            let opener = LinkOpener(link)
            let (call, first) = await opener.open(frame, Array("{}".utf8))
            let error = await #expect(throws: A2AError.self) {
                try await TCPTransport.answer(call, first, CallContext())
            }
            #expect(error?.code == .methodNotFound)
            link.submit(.close)
        }
        #expect(registrar.arrivals.withLock { $0.count } == 0)
    }

    @Test("garbage instead of an answer is the agent's fault, and the hub goes on")
    func garbage() async throws {
        let registrar = Registrar()
        try await withHub(registrar) { address async throws in
            try await RawAgent.run(address) { type, stream, _ in
                // Each call is answered with what is no message of any kind.
                type == 3 && stream % 2 == 0 ? RawAgent.message("\u{1}garbage", stream: stream) : []
            } while: {
                await registrar.next()
                let error = await #expect(throws: A2AError.self) {
                    try await registrar.transport().sendMessage(.text("hi"), context: CallContext())
                }
                #expect(error != nil)
            }
            try await self.goesOn(address)
        }
    }

    @Test("an agent that never answers costs the call its deadline, and nothing else")
    func silence() async throws {
        let registrar = Registrar()
        try await withHub(registrar) { address async throws in
            try await RawAgent.run(address) { _, _, _ in
                []
            } while: {
                await registrar.next()
                let error = await #expect(throws: A2AError.self) {
                    try await registrar.transport().sendMessage(
                        .text("hi"), context: CallContext(deadline: .now.advanced(by: .milliseconds(100))))
                }
                #expect(error?.code == .deadlineExceeded)
            }
            try await self.goesOn(address)
        }
    }

    @Test("an agent that floods its answer beyond the credit is sent away, and the hub goes on")
    func flood() async throws {
        let registrar = Registrar()
        try await withHub(registrar) { address async throws in
            try await RawAgent.run(address) { type, stream, _ in
                guard type == 5, stream % 2 == 0, stream != 0 else { return [] }
                // Six frames of 64 KiB against a credit of 64 KiB.
                var octets: [UInt8] = []
                for _ in 0..<6 {
                    TCPFrameHeader(.message, length: 65_535, stream: stream).encode(into: &octets)
                    octets.append(bigEndian: UInt32(65_531))
                    octets += [UInt8](repeating: 0x78, count: 65_531)
                }
                return octets
            } while: {
                await registrar.next()
                let error = await #expect(throws: A2AError.self) {
                    for try await _ in try await registrar.transport()
                        .sendStreamingMessage(.text("hi"), context: CallContext())
                    {}
                }
                #expect(error != nil)
            }
            try await self.goesOn(address)
        }
    }

    /// The hub still takes agents and calls them.
    private func goesOn(_ address: String) async throws {
        let link = try await TCPClientConnection.dial(
            TCPAddress(address), tls: nil,
            options: TCPConnectionOptions(configuration: TCPConfiguration(), isSecure: false, address: address),
            timeout: .seconds(10)
        ).get()
        try await LinkOpener(link).register()
        link.submit(.close)
    }
}

extension RawAgent {
    /// Like ``run(_:opening:_:)``, for as long as `body` takes.
    static func run(
        _ address: String, opening: [UInt8] = Self.opening(),
        _ answer: @escaping @Sendable (UInt8, UInt32, [UInt8]) -> [UInt8],
        while body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.run(address, opening: opening, answer) }
            try await body()
            group.cancelAll()
            // A loop that was cancelled ends with its connection.
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }
}
