import A2AClient
import A2AServer
import A2ATesting
import Synchronization
import TestSupport
import Testing

@testable import A2A
@testable import A2ATCP

/// Peers that send what is allowed, or almost, far too often.
@Suite("Floods over TCP", .timeLimit(.minutes(2)))
struct FloodTests {
    private static let call = TCPFrame.call(stream: 1, TCPCall(.init(.sendMessage)))

    /// What the attacker sends once, and then again and again: the number that is still borne is 200 (§10.6).
    enum Flood: String, CaseIterable {
        case ping, pingUnanswered, auth, smallCredit, unknown, tinyFragments, closedStream, rapidReset, unauthenticated

        var opening: [TCPFrame] {
            switch self {
            case .ping, .pingUnanswered, .auth, .unknown, .rapidReset, .unauthenticated: []
            case .smallCredit: [FloodTests.call]
            case .tinyFragments:
                [
                    FloodTests.call,
                    .message(
                        stream: 1, TCPMessageStart(total: 60_000), body: [UInt8](repeating: 0, count: 256),
                        isLast: false),
                ]
            // Method 0x7F is not served: the stream is over at once, and remembered; the second one is not.
            case .closedStream: [FloodTests.call, .reset(stream: 1, TCPReset(.canceled))]
            }
        }

        func frames(_ round: Int) -> [TCPFrame] {
            let stream = UInt32(2 * round + 1)
            switch self {
            case .ping, .pingUnanswered: return [.ping(opaque: UInt64(round), isAcknowledgement: false)]
            case .auth:
                return [.auth(TCPCredentials(slot: 1, entries: [.init(.authorization, name: "Bearer", value: "x")]))]
            case .smallCredit: return [.credit(stream: 1, increment: 1)]
            case .unknown: return [.ignored(type: 0x99, flags: 0xFF, stream: 7, body: [1, 2, 3])]
            case .tinyFragments: return [.data(stream: 1, body: [0], isLast: false)]
            case .closedStream: return [.data(stream: 1, body: [0], isLast: false)]
            case .rapidReset:
                return [
                    .call(stream: stream, TCPCall(.init(.sendMessage))),
                    .message(stream: stream, TCPMessageStart(total: 1), body: [0], isLast: true),
                    .reset(stream: stream, TCPReset(.canceled)),
                ]
            case .unauthenticated:
                var call = TCPCall(.init(.sendMessage))
                call.slot = 3
                return [.call(stream: stream, call)]
            }
        }
    }

    @Test("a flood ends with CALM, takes no memory, and nobody else notices", arguments: Flood.allCases)
    func floods(_ flood: Flood) async throws {
        try await withTCPAgent { address in
            let before = residentBytes()
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address)
                attacker.send(flood.opening)
                if flood == .ping {
                    // Each after the answer to the one before, as is right, but too soon.
                    for round in 0..<300 {
                        attacker.send(flood.frames(round))
                        let answer = TCPFrame.ping(opaque: UInt64(round), isAcknowledgement: true)
                        let frames = await attacker.frames { $0.last == answer || $0.goAway != nil }
                        if frames.goAway != nil { break }
                    }
                } else {
                    attacker.send((0..<203).flatMap(flood.frames))
                }
                #expect(await attacker.untilClosed().goAway == .calm)
            }
            // And as much as it likes, from several at a time.
            try await whileOthersAreServed(address) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let attacker = try await Attacker.greet(address)
                            attacker.send(flood.opening)
                            let more = (0..<5_000).flatMap(flood.frames)
                            for _ in 0..<4 { attacker.send(more) }
                            _ = await attacker.untilClosed()
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let growth = residentBytes() - before
            #expect(growth < 48 << 20, "grew by \(growth >> 10) KiB")
        }
    }

    @Test("more credit than there can be ends the connection")
    func creditOverflow() async throws {
        try await withTCPAgent { address in
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address)
                attacker.send([Self.call] + (0..<2).map { _ in .credit(stream: 1, increment: 0x7FFF_FFFF) })
                #expect(await attacker.untilClosed().goAway == .flowControl)
            }
            // Calls to one who serves none.
            let other = try await Attacker.greet(address)
            other.send(.credit(stream: 0, increment: 1))
            #expect(await other.untilClosed().goAway == .protocolError)
        }
    }

    @Test("what comes after the end of a request ends the connection")
    func afterEnd() async throws {
        let (started, finish) = (Signal(), Signal())
        let stub = StubService(onSend: { request, _ in
            if request.message.parts.isEmpty {
                started.raise()
                await finish.wait()
            }
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        try await withTCPService(stub) { address in
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address)
                attacker.send(Self.call, .message(stream: 1, TCPMessageStart(total: 0), body: [], isLast: true))
                await started.wait()
                attacker.send(
                    .message(
                        stream: 1, TCPMessageStart(total: 60_000), body: [UInt8](repeating: 0, count: 60_000),
                        isLast: true))
                #expect(await attacker.untilClosed().goAway == .protocolError)
            }
            finish.raise()
        }
    }

    @Test("calls that are opened and cancelled occupy no more than the credit allows")
    func rapidReset() async throws {
        let running = Mutex((now: 0, most: 0))
        let stub = StubService(onSend: { request, _ in
            if request.message.parts.isEmpty {
                running.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                defer { running.withLock { $0.now -= 1 } }
                try await Task.sleep(for: .seconds(3600))
            }
            return .message(A2AMessage(role: .agent, parts: [.text("ok")]))
        })
        var configuration = TCPServerConfiguration.ephemeral
        configuration.maxConcurrentCalls = 20
        configuration.adjust = { $0.configuration.glitchLimit = .max }
        try await withTCPService(stub, configuration: configuration) { address in
            try await whileOthersAreServed(address) {
                let attacker = try await Attacker.greet(address)
                var opened = 0
                while opened < 2_000 {
                    // Only when handlers have ended is there room for more.
                    let frames = await attacker.frames { 20 + $0.grantedCalls > opened || $0.goAway != nil }
                    guard frames.goAway == nil else { break }
                    var calls: [TCPFrame] = []
                    while opened < 20 + frames.grantedCalls {
                        let stream = UInt32(2 * opened + 1)
                        calls += [
                            .call(stream: stream, TCPCall(.init(.sendMessage))),
                            .message(stream: stream, TCPMessageStart(total: 0), body: [], isLast: true),
                            .reset(stream: stream, TCPReset(.canceled)),
                        ]
                        opened += 1
                    }
                    attacker.send(calls)
                }
                #expect(opened >= 2_000)
                attacker.close()
            }
            #expect(running.withLock { $0.most } <= 20)
            while running.withLock({ $0.now }) > 0 { await Task.yield() }
        }
    }
}
