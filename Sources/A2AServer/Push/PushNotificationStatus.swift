import A2A

/// How the notifications of one configuration fare, for those who operate the agent. Without secrets.
public struct PushNotificationStatus: Sendable, Equatable {
    public var scope: Scope
    public var taskID: String
    public var id: String
    /// Host and port, or whatever else the sender calls the destination; paths and queries may hold secrets.
    public var destination: String
    public var progress: PushProgress
}

/// A page of statuses.
public struct PushNotificationStatusPage: Sendable {
    public var statuses: [PushNotificationStatus]
    /// The token of the next page, or `nil` after the last one.
    public var next: String?
}

extension TaskRuntime {
    /// How push notifications fare, over all callers: for those who operate the agent, not for callers.
    ///
    /// - Parameters:
    ///   - state: Only configurations in this state, such as `.dead`; `nil` for all.
    ///   - pageSize: 1...1000. Default 100.
    ///   - pageToken: ``PushNotificationStatusPage/next`` of the page before, or `nil` for the first page.
    /// - Throws: ``A2AError`` with `.invalidParams` for an unknown token, `.pushNotificationNotSupported` if the runtime sends none.
    public func pushNotificationStatus(
        state: PushProgress.State? = nil, pageSize: Int = 100, pageToken: String? = nil
    ) async throws -> PushNotificationStatusPage {
        let deliverer = try self.requireDeliverer()
        let page = try await deliverer.store.scan(
            state: state, pageSize: min(max(pageSize, 1), 1000), pageToken: pageToken)
        return PushNotificationStatusPage(
            statuses: page.registrations.map { Self.status($0, deliverer) }, next: page.next)
    }

    /// How the push notifications of one task fare.
    ///
    /// - Throws: ``A2AError`` with `.pushNotificationNotSupported` if the runtime sends none.
    public func pushNotificationStatus(ofTask taskID: String, in scope: Scope) async throws -> [PushNotificationStatus]
    {
        let deliverer = try self.requireDeliverer()
        var statuses: [PushNotificationStatus] = []
        var token: String?
        repeat {
            let page = try await deliverer.store.list(ofTask: taskID, in: scope, pageSize: 100, pageToken: token)
            statuses += page.registrations.map { Self.status($0, deliverer) }
            token = page.next
        } while token != nil
        return statuses
    }

    private static func status(_ registration: PushRegistration, _ deliverer: PushDeliverer) -> PushNotificationStatus {
        let configuration = registration.configuration
        return PushNotificationStatus(
            scope: registration.scope, taskID: configuration.taskID, id: configuration.id,
            destination: deliverer.push.sender(for: configuration.url)?.destination(of: configuration) ?? "",
            progress: registration.progress)
    }
}
