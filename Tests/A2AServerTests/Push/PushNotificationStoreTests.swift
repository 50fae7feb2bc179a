import A2A
import A2ATesting
import Testing

@testable import A2AServer

@Suite("Push notification configurations in memory")
struct PushNotificationStoreTests {
    @Test("keeps the contract of stores", arguments: PushNotificationStoreContract.rules)
    func contract(_ rule: PushNotificationStoreContract.Rule) async throws {
        try await rule.check { demands in
            var retention = MemoryPushNotificationStore.Retention()
            retention.registrationsPerTask = demands.maxPerTask
            retention.registrations = demands.maxTotal
            retention.age = demands.maxAge
            return MemoryPushNotificationStore(retention: retention, wallClock: { demands.wallClock.now })
        }
    }

    @Test("is bounded in bytes: large secrets crowd nobody out")
    func bytes() async throws {
        var retention = MemoryPushNotificationStore.Retention()
        retention.bytes = 100_000
        let store = MemoryPushNotificationStore(retention: retention)
        var kept = 0
        for index in 0..<100 {
            var configuration = webhook(id: "\(index)", task: "\(index)")
            configuration.token = String(repeating: "x", count: 10_000)
            let registration = PushRegistration(
                scope: Scope(), configuration: configuration, version: .v1_0, deliveryKey: "k",
                progress: PushProgress(delivered: 1))
            do {
                _ = try await store.put(registration)
                kept += 1
            } catch let error as A2AError {
                #expect(error.code == .resourceExhausted)
            }
        }
        #expect((5...10).contains(kept))
        for index in 0..<kept {
            _ = try await store.remove(PushRegistration.Key(scope: Scope(), taskID: "\(index)", id: "\(index)"))
        }
        #expect(store.count == 0)
    }

    @Test("many come and go without leaving anything behind")
    func churn() async throws {
        let store = MemoryPushNotificationStore()
        for index in 0..<5_000 {
            let registration = PushRegistration(
                scope: Scope(), configuration: webhook(id: "\(index)", task: "task"), version: .v1_0, deliveryKey: "k",
                progress: PushProgress(delivered: 1))
            let key = try await store.put(registration).key
            if index >= 8 {
                let isRemoved = try await store.remove(
                    PushRegistration.Key(scope: Scope(), taskID: "task", id: "\(index - 8)"))
                #expect(isRemoved)
            }
            if index % 1_000 == 999 {
                let page = try await store.scan(state: .active, pageSize: 100, pageToken: nil)
                #expect(page.registrations.map(\.configuration.id) == (index - 7...index).map { "\($0)" })
                #expect(page.registrations.last?.key == key)
            }
        }
    }
}
