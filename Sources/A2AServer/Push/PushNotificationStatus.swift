public import A2A
import Foundation

/// How the notifications of one configuration fare, for those who operate the agent. Without secrets.
public struct PushNotificationStatus: Sendable, Equatable {
    /// Whether a destination that failed again and again is left alone; other configurations may share it.
    public enum Breaker: Sendable, Equatable {
        case closed
        /// Nothing is sent to it before then.
        case open(until: A2ATimestamp)
        /// One notification is on its way, to see whether it has recovered.
        case probing
    }

    public var scope: Scope
    public var taskID: String
    public var id: String
    /// Host and port, or whatever else the sender calls the destination; paths and queries may hold secrets.
    public var destination: String
    public var progress: PushProgress
    /// The generation that the task stands at: what lies between ``PushProgress/delivered`` and it is still to be sent. `nil` if there is no
    /// such task, or nobody looked.
    public var generation: Int64?
    /// The circuit breaker of the destination; `nil` if it is another process that delivers.
    public var breaker: Breaker?

    public init(
        scope: Scope, taskID: String, id: String, destination: String, progress: PushProgress, generation: Int64? = nil,
        breaker: Breaker? = nil
    ) {
        self.scope = scope
        self.taskID = taskID
        self.id = id
        self.destination = destination
        self.progress = progress
        self.generation = generation
        self.breaker = breaker
    }

    /// What of a webhook's URL may be shown: scheme, host and port. The rest may be secret.
    package static func origin(of url: String) -> String {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.percentEncodedHost
        else { return String(url.prefix { $0 != ":" }) }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}

/// A page of statuses.
public struct PushNotificationStatusPage: Sendable, Equatable, Codable {
    public var statuses: [PushNotificationStatus]
    /// The token of the next page, or `nil` after the last one.
    public var next: String?

    public init(statuses: [PushNotificationStatus], next: String? = nil) {
        self.statuses = statuses
        self.next = next
    }

    private enum CodingKeys: String, CodingKey {
        case statuses = "registrations"
        case next = "nextPageToken"
    }
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
        return PushNotificationStatusPage(statuses: try await self.statuses(page, deliverer), next: page.next)
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
            statuses += try await self.statuses(page, deliverer)
            token = page.next
        } while token != nil
        return statuses
    }

    private func statuses(
        _ page: PushRegistrationPage, _ deliverer: PushDeliverer
    ) async throws -> [PushNotificationStatus] {
        var statuses: [PushNotificationStatus] = []
        for registration in page.registrations {
            let configuration = registration.configuration
            let destination = deliverer.destination(of: configuration)
            let snapshot = try await self.store.snapshot(
                of: configuration.taskID, in: registration.scope, historyLength: 0)
            statuses.append(
                PushNotificationStatus(
                    scope: registration.scope, taskID: configuration.taskID, id: configuration.id,
                    destination: destination, progress: registration.progress, generation: snapshot?.generation,
                    breaker: deliverer.breaker(of: destination)))
        }
        return statuses
    }
}
