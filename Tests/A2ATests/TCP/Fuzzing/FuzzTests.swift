import Testing

@testable import A2A

/// The checks of the fuzzer (`make fuzz`), with inputs that a seed makes.
@Suite("A2A/TCP under noise")
struct TCPFuzzTests {
    private static let corpus =
        (TCPVectors.frames.map(\.octets) + TCPVectors.errors.map(\.octets)).filter { !$0.isEmpty && $0.count < 3_000 }

    /// Some frames of the vectors with some octets changed, cut out or put in.
    private static func mutated(_ random: inout TCPRandom) -> [UInt8] {
        var octets: [UInt8] = []
        for _ in 0...random.number(0...5) { octets += Self.corpus.randomElement(using: &random) ?? [] }
        for _ in 0..<random.number(0...6) where !octets.isEmpty {
            let index = random.number(0...octets.count - 1)
            switch random.number(0...3) {
            case 0: octets[index] = UInt8.random(in: 0...255, using: &random)
            case 1: octets[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: octets.remove(at: index)
            default: octets.insert([0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: index)
            }
        }
        return octets
    }

    @Test("a frame is refused or read, and what was read is written as it was")
    func payloads() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        for round in 0..<20_000 {
            let octets = round.isMultiple(of: 4) ? random.octets(random.number(0...64)) : Self.mutated(&random)
            let problem = TCPFuzz.payloads(octets)
            #expect(problem == nil, "seed \(seed), round \(round)")
        }
    }

    @Test("any division of the octets among reads gives the same events and the same answer")
    func division() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        for round in 0..<1_500 {
            let problem = TCPFuzz.division(random.octets(2).map { $0 & 0xFD } + Self.mutated(&random))
            #expect(problem == nil, "seed \(seed), round \(round)")
        }
    }

    @Test("whatever peer and application do, in either role: states, credit, memory and frames are as specified")
    func machine() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = TCPRandom(seed: seed)
        for round in 0..<1_500 {
            var machine = TCPFuzzMachine(random.octets(random.number(20...600)))
            let problem = machine.run()
            #expect(problem == nil, "seed \(seed), round \(round)")
            if problem != nil { break }
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
}

extension TCPRandom {
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
