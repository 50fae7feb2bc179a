import A2A

/// Which of the configurations that were given up are meant; what is `nil` does not matter.
public struct PushNotificationSelection: Sendable, Equatable {
    public var taskID: String?
    public var id: String?
    /// As in ``PushNotificationStatus/destination``, of the runtime (`host:443`) or of a store's file (`https://host`).
    public var destination: String?

    public init(taskID: String? = nil, id: String? = nil, destination: String? = nil) {
        self.taskID = taskID
        self.id = id
        self.destination = destination
    }

    fileprivate func includes(_ registration: PushRegistration, at destination: String) -> Bool {
        (self.taskID ?? registration.configuration.taskID) == registration.configuration.taskID
            && (self.id ?? registration.configuration.id) == registration.configuration.id
            && ((self.destination ?? destination) == destination
                || self.destination == PushNotificationStatus.origin(of: registration.configuration.url))
    }
}

// What those who operate the agent do with configurations that were given up, over all callers.

extension TaskRuntime {
    /// Tries configurations that were given up again, at once and as often as at first. They go on where they stopped.
    ///
    /// - Returns: How many. One that cannot be decrypted is left as it is.
    /// - Throws: ``A2AError`` with `.pushNotificationNotSupported` if the runtime sends none.
    public func retryPushNotifications(_ selection: PushNotificationSelection = .init()) async throws -> Int {
        try await self.eachGivenUp(selection) { deliverer, scanned, destination in
            // What was scanned may lack what is secret.
            guard (try? await deliverer.store.registration(scanned.key)) != nil,
                let registration = try await deliverer.store.reviveGivenUp(scanned.key, revision: scanned.revision)
            else { return false }
            deliverer.add(registration)
            deliverer.reachable(destination)
            return true
        }
    }

    /// Removes configurations that were given up, with what they have not delivered.
    ///
    /// - Returns: How many.
    /// - Throws: ``A2AError`` with `.pushNotificationNotSupported` if the runtime sends none.
    public func dropPushNotifications(_ selection: PushNotificationSelection = .init()) async throws -> Int {
        try await self.eachGivenUp(selection) { deliverer, scanned, _ in
            // Nothing is to be stopped: nothing is sent of what was given up.
            try await deliverer.store.removeGivenUp(scanned.key, revision: scanned.revision)
        }
    }

    private func eachGivenUp(
        _ selection: PushNotificationSelection,
        _ body: (PushDeliverer, PushRegistration, _ destination: String) async throws -> Bool
    ) async throws -> Int {
        let deliverer = try self.requireDeliverer()
        var count = 0
        var token: String?
        repeat {
            let page = try await deliverer.store.scan(state: .dead, pageSize: 100, pageToken: token)
            for registration in page.registrations {
                let destination = deliverer.destination(of: registration.configuration)
                guard selection.includes(registration, at: destination) else { continue }
                count += try await body(deliverer, registration, destination) ? 1 : 0
            }
            token = page.next
        } while token != nil
        return count
    }
}
