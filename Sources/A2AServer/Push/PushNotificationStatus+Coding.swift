import A2A
import SwiftProtobuf

// What `a2a push status -o json` and the agent's admin socket show. Times are as everywhere in A2A (§5.6.1).

extension PushNotificationStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case taskID = "taskId"
        case id = "configId"
        case tenant, principal, destination, state, delivered, generation, needsSnapshot, attempts, failingSince
        case nextAttempt, lastFailure, notifications, snapshots, breaker, breakerUntil
    }

    private enum BreakerName: String, Codable {
        case closed, open, probing
    }

    public func encode(to encoder: any Swift.Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let progress = self.progress
        try container.encode(self.taskID, forKey: .taskID)
        try container.encode(self.id, forKey: .id)
        try container.encode(self.scope.tenant, forKey: .tenant)
        try container.encode(self.scope.principal, forKey: .principal)
        try container.encode(self.destination, forKey: .destination)
        try container.encode(progress.state.rawValue, forKey: .state)
        try container.encode(progress.delivered, forKey: .delivered)
        try container.encodeIfPresent(self.generation, forKey: .generation)
        try container.encode(progress.needsSnapshot, forKey: .needsSnapshot)
        try container.encode(progress.attempts, forKey: .attempts)
        try container.encodeIfPresent(progress.failingSince?.text, forKey: .failingSince)
        try container.encodeIfPresent(progress.nextAttempt?.text, forKey: .nextAttempt)
        try container.encode(progress.lastFailure, forKey: .lastFailure)
        try container.encode(progress.notifications, forKey: .notifications)
        try container.encode(progress.snapshots, forKey: .snapshots)
        switch self.breaker {
        case .closed?: try container.encode(BreakerName.closed, forKey: .breaker)
        case .probing?: try container.encode(BreakerName.probing, forKey: .breaker)
        case .open(let until)?:
            try container.encode(BreakerName.open, forKey: .breaker)
            try container.encode(until.text, forKey: .breakerUntil)
        case nil: break
        }
    }

    public init(from decoder: any Swift.Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func time(_ key: CodingKeys) throws -> A2ATimestamp? {
            try container.decodeIfPresent(String.self, forKey: key).map { try A2ATimestamp(text: $0) }
        }
        let stateName = try container.decode(String.self, forKey: .state)
        guard let state = PushProgress.State(rawValue: stateName) else {
            throw DecodingError.dataCorruptedError(
                forKey: .state, in: container, debugDescription: "There is no state '\(stateName)'.")
        }
        var progress = PushProgress(
            delivered: try container.decode(Int64.self, forKey: .delivered),
            needsSnapshot: try container.decode(Bool.self, forKey: .needsSnapshot))
        progress.state = state
        progress.attempts = try container.decode(Int.self, forKey: .attempts)
        progress.failingSince = try time(.failingSince)
        progress.nextAttempt = try time(.nextAttempt)
        progress.lastFailure = try container.decode(String.self, forKey: .lastFailure)
        progress.notifications = try container.decode(Int64.self, forKey: .notifications)
        progress.snapshots = try container.decode(Int64.self, forKey: .snapshots)
        let breaker: Breaker? =
            switch try container.decodeIfPresent(BreakerName.self, forKey: .breaker) {
            case .closed: .closed
            case .probing: .probing
            case .open: .open(until: try time(.breakerUntil) ?? A2ATimestamp())
            case nil: nil
            }
        self.init(
            scope: Scope(
                tenant: try container.decode(String.self, forKey: .tenant),
                principal: try container.decode(String.self, forKey: .principal)),
            taskID: try container.decode(String.self, forKey: .taskID),
            id: try container.decode(String.self, forKey: .id),
            destination: try container.decode(String.self, forKey: .destination),
            progress: progress,
            generation: try container.decodeIfPresent(Int64.self, forKey: .generation),
            breaker: breaker)
    }
}

extension A2ATimestamp {
    /// As in JSON, without the quotes; empty for a time that cannot be written.
    fileprivate var text: String { ((try? self.jsonString()) ?? "").replacing("\"", with: "") }

    fileprivate init(text: String) throws { try self.init(jsonString: "\"\(text)\"") }
}
