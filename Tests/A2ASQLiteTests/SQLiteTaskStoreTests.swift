import A2A
import A2AServer
import A2ATesting
import Foundation
import Testing

@testable import A2ASQLite

@Suite("The store in a database file", .timeLimit(.minutes(1)))
struct SQLiteTaskStoreTests {
    @Test("keeps the contract", arguments: TaskStoreContract.rules)
    func contract(rule: TaskStoreContract.Rule) async throws {
        try await withFolder { folder in
            try await rule.check { demands in
                try makeStore(
                    in: folder, name: UUID().uuidString, retention: demands.retention, clock: demands.wallClock)
            }
        }
    }
}
