import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("The simulated durable store", .timeLimit(.minutes(1)))
struct SimulatedLogTests {
    @Test("keeps the contract of durable stores", arguments: DurableTaskStoreContract.rules)
    func contract(_ rule: DurableTaskStoreContract.Rule) async throws {
        try await rule.check { count, demands in
            let log = SimulatedLog(demands)
            return (0..<count).map { _ in SimulatedProcess(log) }
        }
    }
}
