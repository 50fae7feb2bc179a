import Testing

@testable import A2A

/// Two endpoints over a simulated pipe with a virtual clock: whatever is delayed, cut short or reset, every call ends
/// once, no message is lost, doubled or changed, credit is conserved, and nothing gets stuck.
@Suite("A2A/TCP endpoints together")
struct TCPEndpointModelTests {
    @Test("every call ends, and with what was sent", arguments: 0..<40)
    func calls(_ run: Int) {
        let seed = UInt64.random(in: 0 ... .max)
        var model = TCPModel(seed: seed, isCut: run % 5 == 4, isDrained: run % 5 == 3)
        model.run()
        #expect(model.problems == [], "seed \(seed), cut \(run % 5 == 4), drained \(run % 5 == 3)")
    }
}
