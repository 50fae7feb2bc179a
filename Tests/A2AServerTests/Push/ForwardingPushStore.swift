import A2AServer

/// A push notification store around one in memory: what it does otherwise it says itself.
protocol ForwardingPushStore: PushNotificationStore {
    var base: MemoryPushNotificationStore { get }
}

extension ForwardingPushStore {
    func put(_ registration: PushRegistration) async throws -> PushRegistration {
        try await self.base.put(registration)
    }
    func registration(_ key: PushRegistration.Key) async throws -> PushRegistration? {
        try await self.base.registration(key)
    }
    func list(
        ofTask taskID: String, in scope: Scope, pageSize: Int, pageToken: String?
    ) async throws -> PushRegistrationPage {
        try await self.base.list(ofTask: taskID, in: scope, pageSize: pageSize, pageToken: pageToken)
    }
    func remove(_ key: PushRegistration.Key) async throws -> Bool { try await self.base.remove(key) }
    func record(_ progress: PushProgress, for key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        try await self.base.record(progress, for: key, revision: revision)
    }
    func reviveGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> PushRegistration? {
        try await self.base.reviveGivenUp(key, revision: revision)
    }
    func removeGivenUp(_ key: PushRegistration.Key, revision: Int64) async throws -> Bool {
        try await self.base.removeGivenUp(key, revision: revision)
    }
    func scan(state: PushProgress.State?, pageSize: Int, pageToken: String?) async throws -> PushRegistrationPage {
        try await self.base.scan(state: state, pageSize: pageSize, pageToken: pageToken)
    }
    func removeExpired() async throws { try await self.base.removeExpired() }
}
