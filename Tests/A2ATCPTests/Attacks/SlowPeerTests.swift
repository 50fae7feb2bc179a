import A2AClient
import A2AServer
import A2ATesting
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

/// Peers that let a server wait, and peers that make it hold what they do not take.
@Suite("Slow peers over TCP", .timeLimit(.minutes(2)))
struct SlowPeerTests {
    /// What a peer stops in the middle of.
    enum Stop: String, CaseIterable {
        case atOnce, inPreface, afterPreface, inHello, inFrameHeader, inFrame

        var octets: [UInt8] {
            var call: [UInt8] = []
            TCPFrame.call(stream: 1, TCPCall(.init(.sendMessage))).encode(into: &call)
            return switch self {
            case .atOnce: []
            case .inPreface: Array(TCPPreface.octets.prefix(7))
            case .afterPreface: TCPPreface.octets
            case .inHello: Array(RawPeer.greeting.dropLast())
            case .inFrameHeader: RawPeer.greeting + call.prefix(3)
            case .inFrame: RawPeer.greeting + call.dropLast()
            }
        }

        var code: TCPErrorCode? {
            switch self {
            case .atOnce, .inPreface: nil
            case .afterPreface, .inHello: .handshakeTimeout
            case .inFrameHeader, .inFrame: .idleTimeout
            }
        }
    }

    @Test("a peer that stops in the middle is given up after its time", arguments: Stop.allCases)
    func slowloris(_ stop: Stop) async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.adjust = {
            $0.configuration.prefaceTimeout = 200
            $0.configuration.helloTimeout = 200
            $0.configuration.frameTimeout = 200
        }
        try await withTCPAgent(configuration: configuration) { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                try await withThrowingTaskGroup(of: TCPErrorCode?.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            let attacker = try await Attacker.connect(address)
                            // Octet by octet.
                            for octet in stop.octets { attacker.send([octet]) }
                            return await attacker.untilClosed().goAway
                        }
                    }
                    var codes: Set<TCPErrorCode?> = []
                    for try await code in group { codes.insert(code) }
                    // An octet that is late closes the connection before its last word is read.
                    #expect(codes.contains(stop.code) && codes.subtracting([nil, stop.code]).isEmpty)
                }
            }
            let growth = residentBytes() - before
            #expect(growth < 32 << 20, "grew by \(growth >> 10) KiB")
        }
    }

    @Test("half a handshake of TLS is given up after its time")
    func halfOpenTLS() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.tls = .init(
            certificateChain: certificate("server.pem"), privateKey: certificate("server-key.pem"))
        configuration.adjust = { $0.tlsTimeout = 300 }
        try await withTCPAgent(configuration: configuration) { address in
            var options = TCPClientOptions()
            options.additionalTrustRootsPEM = try pem("ca.pem")
            let service = try transport(address, options: options)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let attacker = try await Attacker.connect(address)
                        // A record that announces a ClientHello, and some of it.
                        if index % 2 == 0 { attacker.send([0x16, 3, 1, 1, 0, 1, 0, 0, 0xFC, 3, 3]) }
                        return await attacker.untilClosed().isEmpty
                    }
                }
                for _ in 0..<20 {
                    #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
                }
                for try await isSilent in group { #expect(isSilent) }
            }
            #expect(try await service.sendMessage(.text("Hello"), context: CallContext()).text == "Hello")
        }
    }

    @Test("connections beyond the number are closed, and those that are there are served")
    func connectionFlood() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConnections = 20
        try await withTCPAgent(configuration: configuration) { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                var admitted: [Attacker] = []
                for _ in 0..<500 {
                    let attacker = try await Attacker.greet(address)
                    if await !attacker.frames(until: { !$0.isEmpty }).isEmpty { admitted.append(attacker) }
                }
                // One is the other caller's.
                #expect(admitted.count == 19)
                for attacker in admitted { attacker.close() }
            }
            let growth = residentBytes() - before
            #expect(growth < 32 << 20, "grew by \(growth >> 10) KiB")
        }
    }

    @Test("a message that is announced takes no memory before it comes")
    func announced() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxMessageBytes = 2 << 30
        configuration.maxBufferedBytesPerConnection = 1 << 40
        configuration.maxBufferedBytes = 1 << 50
        try await withTCPAgent(configuration: configuration) { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address)
                for index in 0..<500 {
                    let stream = UInt32(2 * index + 1)
                    attacker.send(
                        .call(stream: stream, TCPCall(.init(.sendMessage))),
                        .message(
                            stream: stream, TCPMessageStart(total: 0x7FFF_FFFF),
                            body: [UInt8](repeating: 0, count: 300),
                            isLast: false))
                }
                attacker.send(.ping(opaque: 9, isAcknowledgement: false))
                let frames = await attacker.frames { $0.contains(.ping(opaque: 9, isAcknowledgement: true)) }
                #expect(frames.resets.isEmpty)
                let growth = residentBytes() - before
                #expect(growth < 32 << 20, "grew by \(growth >> 10) KiB")
                attacker.close()
            }
        }
    }

    @Test("messages on their way have a budget for all connections together")
    func budget() async throws {
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxMessageBytes = 4 << 20
        configuration.maxBufferedBytes = 8 << 20
        try await withTCPAgent(configuration: configuration) { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                var refused = 0
                var attackers: [Attacker] = []
                for _ in 0..<10 {
                    let attacker = try await Attacker.greet(address)
                    attacker.send(
                        .call(stream: 1, TCPCall(.init(.sendMessage))),
                        .message(
                            stream: 1, TCPMessageStart(total: 4 << 20), body: [UInt8](repeating: 0, count: 60_000),
                            isLast: false),
                        .ping(opaque: 9, isAcknowledgement: false))
                    let frames = await attacker.frames { $0.contains(.ping(opaque: 9, isAcknowledgement: true)) }
                    if frames.resets == [.resourceExhausted] { refused += 1 }
                    attackers.append(attacker)
                }
                #expect(refused == 8)
                // What those that go had, others get.
                for attacker in attackers { attacker.close() }
                var isServed = false
                while !isServed {
                    let answer = try? await transport(address).sendMessage(
                        .text(String(repeating: "x", count: 3 << 20)), context: CallContext())
                    isServed = answer != nil
                }
            }
            let growth = residentBytes() - before
            #expect(growth < 128 << 20, "grew by \(growth >> 10) KiB")
        }
    }

    @Test("a peer that asks for much and reads nothing costs what its streams may have on their way, for a while")
    func neverReads() async throws {
        let released = Mutex(0)
        let produced = Mutex(0)
        let chunk = String(repeating: "x", count: 32 << 10)
        let stub = StubService(
            onSend: { _, _ in .message(A2AMessage(role: .agent, parts: [.text("ok")])) },
            onSubscribe: { _, _ in
                EventStream {
                    ClosureSource(
                        {
                            produced.withLock { $0 += 1 }
                            return StreamEvent(.message(A2AMessage(role: .agent, parts: [.text(chunk)])))
                        }, onRelease: { released.withLock { $0 += 1 } })
                }
            })
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConcurrentCalls = 200
        configuration.adjust = { $0.configuration.writeTimeout = 500 }
        try await withTCPService(stub, configuration: configuration) { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address, reads: false)
                var frames: [TCPFrame] = []
                for index in 0..<200 {
                    let stream = UInt32(2 * index + 1)
                    frames += [
                        .call(stream: stream, TCPCall(.init(.subscribeToTask))),
                        .message(stream: stream, TCPMessageStart(total: 0), body: [], isLast: true),
                        // As much as can be asked for.
                        .credit(stream: stream, increment: 0x7000_0000),
                    ]
                }
                attacker.send(frames)
                while released.withLock({ $0 }) < 200 { await Task.yield() }
                attacker.close()
            }
            // 64 KiB and one event for each stream, and what the sockets of both sides hold.
            let most = 200 * (64 + 2 * 32) + 16 << 10
            let growth = (residentBytes() - before) >> 10
            #expect(growth < most, "grew by \(growth) KiB")
            #expect(produced.withLock { $0 } < 200 * 4 + 400, "\(produced.withLock { $0 }) events")
        }
    }
}
