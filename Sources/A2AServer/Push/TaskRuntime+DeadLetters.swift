import A2A

/// Which of the configurations that were given up are meant; what is `nil` does not matter.
public struct PushNotificationSelection: Sendable, Equatable {
    public var taskID: String?
    public var id: String?
    /// As in ``PushNotificationStatus/destination``.
    public var destination: String?

    public init(taskID: String? = nil, id: String? = nil, destination: String? = nil) {
        self.taskID = taskID
        self.id = id
        self.destination = destination
    }

    fileprivate func includes(_ registration: PushRegistration, at destination: String) -> Bool {
        (self.taskID ?? registration.configuration.taskID) == registration.configuration.taskID
            && (self.id ?? registration.configuration.id) == registration.configuration.id
            && (self.destination ?? destination) == destination
    }
}

// What those who operate the agent do with configurations that were given up, over all callers.

extension TaskRuntime {
    /// Tries configurations that were given up again, at once and as often as at first. They go on where they stopped.
    ///
    /// - Returns: How many. One that cannot be decrypted is left as it is.
    /// - Throws: ``A2AError`` with `.pushNotificationNotSupported` if the runtime sends none.
    public func retryPushNotifications(_ selection: PushNotificationSelection = .init()) async throws -> Int {
        try await self.eachGivenUp(selection) { deliverer, key, destination in
            // What was scanned may lack what is secret.
            guard let registration = try? await deliverer.store.registration(key) else { return false }
            // To put it in its own place begins it anew, as when its caller makes it again.
            deliverer.add(try await deliverer.store.put(registration))
            deliverer.reachable(destination)
            return true
        }
    }

    /// Removes configurations that were given up, with what they have not delivered.
    ///
    /// - Returns: How many.
    /// - Throws: ``A2AError`` with `.pushNotificationNotSupported` if the runtime sends none.
    public func dropPushNotifications(_ selection: PushNotificationSelection = .init()) async throws -> Int {
        try await self.eachGivenUp(selection) { deliverer, key, _ in
            deliverer.remove(key)
            return try await deliverer.store.remove(key)
        }
    }

    private func eachGivenUp(
        _ selection: PushNotificationSelection,
        _ body: (PushDeliverer, PushRegistration.Key, _ destination: String) async throws -> Bool
    ) async throws -> Int {
        let deliverer = try self.requireDeliverer()
        var count = 0
        var token: String?
        repeat {
            let page = try await deliverer.store.scan(state: .dead, pageSize: 100, pageToken: token)
            for registration in page.registrations {
                let destination = deliverer.destination(of: registration.configuration)
                guard selection.includes(registration, at: destination) else { continue }
                count += try await body(deliverer, registration.key, destination) ? 1 : 0
            }
            token = page.next
        } while token != nil
        return count
    }
}
