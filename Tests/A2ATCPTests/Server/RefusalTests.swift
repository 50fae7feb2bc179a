import A2AClient
import A2AReferenceAgent
import A2AServer
import A2ATesting
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

@Suite("What a TCP server does not take", .timeLimit(.minutes(1)))
struct RefusalTests {
    @Test(
        "a peer of another protocol gets no answer",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}", "A2A/TCX\u{1}",
        ])
    func notA2A(_ text: String) async throws {
        try await withTCPAgent { address in
            let answer = try await RawPeer.exchange(address, Array(text.utf8))
            #expect(answer.isEmpty)
            // Others are served.
            #expect(try await transport(address).sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
        }
    }

    @Test("another version is answered with ours")
    func version() async throws {
        try await withTCPAgent { address in
            let answer = try await RawPeer.exchange(address, Array("A2A/TCP".utf8) + [9])
            #expect(answer == TCPPreface.octets)
        }
    }

    @Test("garbage after the greeting ends the connection with GOAWAY, and only it")
    func garbage() async throws {
        try await withTCPAgent { address in
            let seed = UInt64.random(in: 0 ... .max)
            var random = SplitMix(seed)
            for _ in 0..<50 {
                var octets = RawPeer.greeting
                // A type that there is not, whatever follows.
                octets += [UInt8.random(in: 0x20...0x7F, using: &random)]
                for _ in 0..<Int.random(in: 8...300, using: &random) {
                    octets.append(.random(in: 0...255, using: &random))
                }
                let answer = try await RawPeer.exchange(address, octets)
                #expect(Array(answer.prefix(8)) == TCPPreface.octets, "seed \(seed)")
                #expect(Self.goAway(answer)?.code == .protocolError, "seed \(seed)")
            }
            #expect(try await transport(address).sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
        }
    }

    @Test("a request above the limit is refused at its first frame")
    func tooLarge() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxMessageBytes = 1 << 20
        try await withTCPAgent(configuration: configuration) { address in
            var octets = RawPeer.greeting
            TCPCall(.init(.sendMessage)).encode(stream: 1, into: &octets)
            TCPMessageStart(total: (1 << 20) + 1, sequence: nil)
                .encode(stream: 1, fragment: 100, isLast: false, into: &octets)
            octets += [UInt8](repeating: 0, count: 100)
            TCPFrame.ping(opaque: 7, isAcknowledgement: true).encode(into: &octets)
            let frames = Self.frames(try await RawPeer.exchange(address, octets))
            let resets = frames.compactMap { frame -> TCPErrorCode? in
                if case .reset(1, let reset) = frame { reset.code } else { nil }
            }
            #expect(resets == [.messageTooLarge])
        }
    }

    @Test("a connection beyond the number is closed at once; there is room again when one has gone")
    func connections() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConnections = 1
        try await withTCPAgent(configuration: configuration) { address in
            do {
                let first = try transport(address)
                _ = try await first.sendMessage(.text("Hello"), context: CallContext())
                let error = await #expect(throws: A2AError.self) {
                    try await transport(address).sendMessage(.text("Hello"), context: CallContext())
                }
                #expect(error?.isSurelyNotSent == true)
                _ = try await first.sendMessage(.text("Hello"), context: CallContext())
            }
            // The first has been let go; its end needs a moment.
            while true {
                do {
                    _ = try await transport(address).sendMessage(.text("Hello"), context: CallContext())
                    break
                } catch let error as A2AError where error.isSurelyNotSent {
                    await Task.yield()
                }
            }
        }
    }

    @Test("plaintext is served on loopback only, unless it is asked for")
    func plaintext() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.host = "0.0.0.0"
        let error = await #expect(throws: A2AError.self) {
            try await withTCPAgent(configuration: configuration) { _ in }
        }
        #expect(error?.code == .invalidParams)
        configuration.insecurelyAllowPlaintextBeyondLoopback = true
        configuration.publicAddress = "127.0.0.1:1"
        try await withTCPAgent(configuration: configuration) { #expect($0 == "a2a+tcp://127.0.0.1:1") }
        let client = #expect(throws: A2AError.self) { _ = try transport("a2a+tcp://192.0.2.1:9902") }
        #expect(client?.code == .invalidParams)
    }

    private static func frames(_ octets: [UInt8]) -> [TCPFrame] {
        var frames: [TCPFrame] = []
        var offset = 8
        octets.withUnsafeBytes { bytes in
            while offset < bytes.count, let frame = try? TCPFrame(bytes, at: &offset) { frames.append(frame) }
        }
        return frames
    }

    private static func goAway(_ octets: [UInt8]) -> TCPGoAway? {
        for case .goAway(let goAway) in Self.frames(octets) { return goAway }
        return nil
    }
}

/// Random numbers that a seed decides.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
