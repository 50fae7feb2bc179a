import A2A
import SwiftProtobuf

/// What begins a turn again after its process has ended, as a durable store keeps it.
///
/// The message itself is in the task's history. Credentials are not kept: neither the call's parameters nor the secrets of push
/// notifications.
struct TurnOpening: Equatable {
    var messageID: String
    var configuration: A2ASendMessageConfiguration
    var metadata: A2AMetadata
    var context: Context

    /// What is kept of the call.
    struct Context: Equatable {
        var principal: Principal
        var tenant: String
        var version: ProtocolVersion
        var requestedExtensions: [String]
        var activatedExtensions: [String]
        var binding: String
    }

    private enum Key {
        static let principal = "principal"
        static let scopes = "scopes"
        static let version = "version"
        static let requested = "requested"
        static let activated = "activated"
        static let binding = "binding"
    }

    init(_ request: A2ASendMessageRequest, context: CallContext) {
        self.init(
            messageID: request.message.messageID, configuration: request.configuration, metadata: request.metadata,
            context: context)
    }

    init(
        messageID: String, configuration: A2ASendMessageConfiguration, metadata: A2AMetadata, context: CallContext
    ) {
        self.messageID = messageID
        self.configuration = configuration
        self.configuration.clearTaskPushNotificationConfig()
        self.metadata = metadata
        self.context = Context(
            principal: context.principal, tenant: context.tenant, version: context.version,
            requestedExtensions: context.requestedExtensions,
            activatedExtensions: context.response.activatedExtensions, binding: context.binding)
    }

    // MARK: As octets: a SendMessageRequest whose message is only an id, and has the call in its metadata

    func encoded() throws -> [UInt8] {
        var fields: [String: A2AValue] = [
            Key.version: A2AValue(self.context.version.description), Key.binding: A2AValue(self.context.binding),
        ]
        if !self.context.principal.isAnonymous {
            fields[Key.principal] = A2AValue(self.context.principal.id)
            fields[Key.scopes] = A2AValue(self.context.principal.scopes.sorted().map { A2AValue($0) })
        }
        func add(_ list: [String], _ key: String) {
            if !list.isEmpty { fields[key] = A2AValue(list.map { A2AValue($0) }) }
        }
        add(self.context.requestedExtensions, Key.requested)
        add(self.context.activatedExtensions, Key.activated)
        var request = A2ASendMessageRequest()
        request.tenant = self.context.tenant
        request.message.messageID = self.messageID
        request.message.metadata = A2AMetadata(fields: fields)
        if self.configuration != A2ASendMessageConfiguration() { request.configuration = self.configuration }
        if !self.metadata.fields.isEmpty { request.metadata = self.metadata }
        return try request.serializedBytes()
    }

    /// - Throws: An error if the octets are not such a request, or are of a version that is not known.
    init(decoding octets: [UInt8]) throws {
        let request = try A2ASendMessageRequest(serializedBytes: octets)
        let fields = request.message.metadata.fields
        func list(_ key: String) -> [String] { fields[key]?.array?.compactMap(\.string) ?? [] }
        guard let version = fields[Key.version]?.string.flatMap({ ProtocolVersion($0) }) else {
            throw A2AError(.internal, "The beginning of the turn cannot be read.")
        }
        self.messageID = request.message.messageID
        self.configuration = request.configuration
        self.metadata = request.metadata
        self.context = Context(
            principal: fields[Key.principal]?.string.map { Principal(id: $0, scopes: Set(list(Key.scopes))) }
                ?? .anonymous,
            tenant: request.tenant, version: version, requestedExtensions: list(Key.requested),
            activatedExtensions: list(Key.activated), binding: fields[Key.binding]?.string ?? "")
    }

    /// The call, as far as it was kept.
    var callContext: CallContext {
        let context = CallContext(
            principal: self.context.principal, tenant: self.context.tenant, version: self.context.version,
            requestedExtensions: self.context.requestedExtensions, binding: self.context.binding)
        context.response.activatedExtensions = self.context.activatedExtensions
        return context
    }
}

extension A2AMessage {
    /// The message's id and contents, recognisable in every process.
    func key() throws -> MessageKey {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        let octets: [UInt8] = try self.serializedBytes(options: options)
        // FNV-1a. Who could make two messages of one hash could only harm himself: the key is of one scope and one id.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in octets { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01b3 }
        return MessageKey(id: self.messageID, fingerprint: hash)
    }
}
