import Testing

@testable import A2A

/// Octets that nobody meant: they must never trap, never make memory grow, and mean the same however they are divided.
@Suite("A2A/TCP decoder under noise")
struct TCPDecoderFuzzTests {
    private static let corpus =
        TCPVectors.frames.map(\.octets) + TCPVectors.errors.map(\.octets).filter { !$0.isEmpty }

    /// One frame of the vectors with some octets changed, cut out or put in.
    private static func mutated(_ random: inout TCPRandom) -> [UInt8] {
        var octets = Array((Self.corpus.randomElement(using: &random) ?? []).prefix(2_000))
        for _ in 0..<Int.random(in: 0...4, using: &random) where !octets.isEmpty {
            let index = Int.random(in: 0..<octets.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: octets[index] = UInt8.random(in: 0...255, using: &random)
            case 1: octets[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: octets.remove(at: index)
            default: octets.insert([0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: index)
            }
        }
        return octets
    }

    @Test("a frame is refused or read, and what was read can be written and read again")
    func frameDecoder() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        for round in 0..<20_000 {
            let count = Int.random(in: 0...64, using: &random)
            let octets = round.isMultiple(of: 4) ? random.octets(count) : Self.mutated(&random)
            guard let found = try? frames(octets) else { continue }
            for frame in found {
                let again = try frames(frame.octets)
                #expect(again == [frame], "seed \(seed), round \(round)")
            }
        }
    }

    @Test("any division of the octets among reads gives the same events and the same answer")
    func division() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        for round in 0..<2_000 {
            let role: TCPRole = random.once(in: 2) ? .initiator : .listener
            var octets = TCPPreface.octets + TCPFrame.hello(TCPHello(settings: Self.serving)).octets
            for _ in 0..<Int.random(in: 1...6, using: &random) { octets += Self.mutated(&random) }
            var results: [String] = []
            for chunk in [Int.max, Int.random(in: 1...20, using: &random)] {
                var player = TCPPlayer(role, hello: TCPHello(settings: Self.serving))
                // A call of this side's own, so that responses have somewhere to go.
                if role == .initiator {
                    _ = player.connection.open(TCPCall(.init(.getTask)), now: player.now)
                    _ = player.connection.send(Array("{}".utf8), isLast: true, on: 1)
                    player.collect()
                }
                player.feed(octets, chunk: chunk)
                let events = player.events.map { event -> String in
                    // Where octets lie depends on the division.
                    if case .message(let message) = event {
                        return "message \(message.stream) \(message.cost) \(message.isLast)"
                    }
                    return "\(event)"
                }
                let ends = player.ends.sorted { $0.key < $1.key }
                results.append("\(events) \(player.written) \(ends) \(player.connection.glitchCount)")
                #expect(player.connection.reservedOctets <= 16 << 20)
                #expect(player.connection.openStreams <= 100)
            }
            #expect(results[0] == results[1], "seed \(seed), round \(round)")
        }
    }

    @Test("memory of a message grows with what arrives, not with what is announced")
    func announcedMessage() throws {
        var assembly = TCPAssembly(total: 1 << 30, sequence: nil, startedAt: TCPInstant(milliseconds: 0))
        let fragment = [UInt8](repeating: 1, count: 300)
        try fragment.withUnsafeBytes { try assembly.append($0) }
        #expect(assembly.octets.capacity < 10_000)
        #expect(assembly.remaining == 1 << 30 - 300)
    }

    static var serving: TCPSettings {
        var settings = TCPSettings()
        settings.callCredit = 100
        settings.resumeSeconds = 60
        return settings
    }
}
