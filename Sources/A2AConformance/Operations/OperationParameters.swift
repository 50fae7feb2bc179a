import A2A

/// The parameters of a step as a request of A2A 1.0 (ACTS §4.3).
///
/// Where the draft has other names than the protocol, they are translated (conformance/format.md); all else goes out as the
/// document says it, unknown members too.
enum OperationParameters {
    static func request(_ operation: AbstractOperation, _ params: JSONValue, tenant: String) -> JSONValue {
        guard case .object(var members) = params else { return params }
        switch operation {
        case .sendMessage, .sendStreamingMessage:
            if let message = members["message"] { members["message"] = Self.message(message) }
            if var configuration = members["configuration"], let push = configuration["pushNotificationConfig"] {
                configuration["pushNotificationConfig"] = nil
                configuration["taskPushNotificationConfig"] = push
                members["configuration"] = configuration
            }
        case .listTasks, .listPushConfigs: Self.rename("cursor", "pageToken", &members)
        case .createPushConfig:
            if case .object(let config)? = members.removeValue(forKey: "pushNotificationConfig") {
                members.merge(config) { own, _ in own }
            }
        case .getPushConfig, .deletePushConfig:
            for name in ["configId", "pushNotificationConfigId"] {
                guard let config = members.removeValue(forKey: name) else { continue }
                // Then `id` is what it is in ACTS: the task.
                Self.rename("id", "taskId", &members)
                members["id"] = config
            }
        default: break
        }
        if !tenant.isEmpty, members["tenant"] == nil, operation != .getAgentCard {
            members["tenant"] = .string(tenant)
        }
        return .object(members)
    }

    private static func rename(_ old: String, _ new: String, _ members: inout [String: JSONValue]) {
        guard members[new] == nil, let value = members.removeValue(forKey: old) else { return }
        members[new] = value
    }

    /// A message with an id, and with its files as A2A 1.0 has them.
    private static func message(_ message: JSONValue) -> JSONValue {
        guard case .object(var members) = message else { return message }
        if members["messageId"] == nil { members["messageId"] = .string(Identifier.make()) }
        if case .array(let parts)? = members["parts"] { members["parts"] = .array(parts.map(Self.part)) }
        return .object(members)
    }

    /// `file: {url | raw, mediaType, name}` became members of the part itself.
    private static func part(_ part: JSONValue) -> JSONValue {
        guard case .object(var members) = part, case .object(var file)? = members["file"] else { return part }
        members["file"] = nil
        Self.rename("name", "filename", &file)
        members.merge(file) { own, _ in own }
        return .object(members)
    }
}
