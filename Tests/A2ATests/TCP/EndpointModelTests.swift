import Foundation
import Testing

@testable import A2A

/// Two endpoints over a simulated pipe with a virtual clock: whatever is delayed, cut short or reset, every call ends once, no
/// message is lost, doubled or changed, credit and memory are conserved, and nothing gets stuck.
///
/// `A2A_MODEL_SEEDS` says how many runs there are of each course (default 12); `A2A_MODEL_SEED` repeats one of them.
@Suite("A2A/TCP endpoints together")
struct TCPEndpointModelTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("every call ends, and with what was sent", arguments: TCPModel.Course.allCases)
    func calls(_ course: TCPModel.Course) {
        let repeated = Self.number("A2A_MODEL_SEED")
        let runs = repeated == nil ? Int(Self.number("A2A_MODEL_SEEDS") ?? 12) : 1
        var seen: [String: Int] = [:]
        for _ in 0..<runs {
            let seed = repeated ?? UInt64.random(in: 0 ... .max)
            var model = TCPModel(seed: seed, course: course)
            model.run()
            #expect(model.problems == [], "seed \(seed), \(course)")
            seen.merge(model.seen, uniquingKeysWith: +)
        }
        guard course == .whole, runs >= 12 else { return }
        // What a model does not do it does not prove.
        for what in [
            "early call", "call to the initiator", "call to the listener", "cancelled", "cancelled at once", "failed",
            "deadline", "PING", "AUTH", "fragment", "large message", "complete", "without credit", "octets compared",
        ] { #expect(seen[what, default: 0] > 0, "no \(what) in \(runs) runs") }
    }
}
