import A2A
import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import A2ATCP

/// Takes whoever comes, and notes it: a hub without its gateway.
final class Registrar: TCPAgentRegistrar {
    struct Arrival: Sendable {
        var name: String
        var principal: Principal
        var token: String?
        var connection: TCPDialledConnection
    }

    let agent = TCPDialledAgent(name: "agent")
    let arrivals = Mutex<[Arrival]>([])
    private let refusal: A2AError?
    private let (events, input) = AsyncStream<Arrival>.makeStream()

    init(refusal: A2AError? = nil) { self.refusal = refusal }

    func register(
        _ name: String, over connection: TCPDialledConnection, context: CallContext
    ) async throws -> TCPRegistration {
        let arrival = Arrival(
            name: name, principal: context.principal, token: context.parameters["authorization"],
            connection: connection)
        self.arrivals.withLock { $0.append(arrival) }
        defer { self.input.yield(arrival) }
        if let refusal { throw refusal }
        _ = self.agent.add(connection, limit: 4)
        return TCPRegistration(
            name: name, interfaces: [A2AAgentInterface(url: "http://hub", binding: .jsonRPC, tenant: name)])
    }

    /// Waits for the next one who comes. For one reader.
    @discardableResult
    func next() async -> Arrival? {
        for await arrival in self.events { return arrival }
        return nil
    }

    /// What calls the agent.
    func transport() throws -> any A2AService {
        try self.agent.makeTransport(for: self.agent.interface, card: ReferenceAgent.card())
    }

    func client() throws -> Client {
        var card = ReferenceAgent.card()
        card.supportedInterfaces = [self.agent.interface]
        return try Client(card: card, transports: [self.agent])
    }
}

/// A listener that is a hub, and serves nothing else.
func withHub<Result: Sendable>(
    _ registrar: Registrar, configuration: TCPServerConfiguration = .ephemeral,
    service: any A2AService = StubService(),
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withBindings([.tcp(configuration, agents: registrar)], of: service, logger: .silent) {
        try await body($0[0].address)
    }
}

/// How the tests dial: they come back at once.
func dialling(
    _ hub: String, credentials: (any CredentialProvider)? = nil,
    _ change: (inout TCPDialConfiguration) -> Void = { _ in }
) -> TCPDialConfiguration {
    var configuration = TCPDialConfiguration(hub: hub, name: "agent", credentials: credentials)
    configuration.backoff = Backoff(base: .milliseconds(1), limit: .milliseconds(20))
    change(&configuration)
    return configuration
}

/// A service that dials a hub and is there when the body runs.
func withDialled<Result: Sendable>(
    _ service: any A2AService, to registrar: Registrar, configuration: TCPServerConfiguration = .ephemeral,
    hubService: any A2AService = StubService(),
    _ change: (inout TCPDialConfiguration) -> Void = { _ in },
    _ body: () async throws -> Result
) async throws -> Result {
    try await withHub(registrar, configuration: configuration, service: hubService) { address async throws in
        let dialled = dialling(address, change)
        return try await withBindings([.tcp(dialing: dialled)], of: service, logger: .silent) { _ async throws in
            await registrar.next()
            return try await body()
        }
    }
}

/// An agent that dials and writes its frames by hand.
struct RawAgent {
    /// The preface, a HELLO that grants calls, and Register.
    static func opening(callCredit: UInt32 = 8, name: String = "agent") -> [UInt8] {
        var octets = TCPPreface.octets
        var settings = TCPSettings()
        settings.callCredit = callCredit
        TCPHello(settings: settings).encode(into: &octets)
        var call = TCPCall(.named, encoding: .json)
        call.parameters["method"] = TCPRegister.method
        call.encode(stream: 1, into: &octets)
        octets += Self.message(#"{"name":"\#(name)"}"#, stream: 1)
        return octets
    }

    /// The only message of a stream.
    static func message(_ text: String, stream: UInt32) -> [UInt8] {
        var octets: [UInt8] = []
        TCPFrameHeader(.message, flags: .end, length: 4 + text.utf8.count, stream: stream).encode(into: &octets)
        octets.append(bigEndian: UInt32(text.utf8.count))
        octets += text.utf8
        return octets
    }

    /// Connects, writes the opening, and answers each frame that comes until the hub closes.
    ///
    /// - Parameter answer: Given type, stream and payload, what to write.
    static func run(
        _ address: String, opening: [UInt8] = Self.opening(),
        _ answer: @escaping @Sendable (UInt8, UInt32, [UInt8]) -> [UInt8]
    ) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port(address)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: opening))
            var input: [UInt8] = []
            var isGreeted = false
            do {
                for try await buffer in inbound {
                    input += Array(buffer: buffer)
                    if !isGreeted, input.count >= 8 {
                        input.removeFirst(8)
                        isGreeted = true
                    }
                    while isGreeted, input.count >= 8 {
                        let length = Int(input[2]) << 8 | Int(input[3])
                        guard input.count >= 8 + length else { break }
                        let stream = input[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                        let octets = answer(input[0], stream, Array(input[8..<(8 + length)]))
                        input.removeFirst(8 + length)
                        if !octets.isEmpty { try await outbound.write(ByteBuffer(bytes: octets)) }
                    }
                }
            } catch is IOError {
                // Closed with octets of ours unread.
            }
        }
    }
}
