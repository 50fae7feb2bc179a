import A2A
import GRPCCore
import HTTPTypes

/// The names of metadata that this binding reads and writes itself (§10.2). All are in lower case, as gRPC has them.
enum GRPCMetadata {
    static let version = "a2a-version"
    static let extensions = "a2a-extensions"
    static let lastEventID = "last-event-id"
    static let timeout = "grpc-timeout"
    /// A caller that sends it with ``generation`` wants each event's place in the log, to resume a broken stream without
    /// a loss. Peers that do not know it ignore it.
    static let eventIDs = "a2a-event-ids"
    static let generation = "generation"

    /// The most parameters of one call.
    static let maxParameters = 1000

    /// Whether a key belongs to gRPC, HTTP or this binding, so that no parameter may set it.
    static func isReserved(_ key: String) -> Bool {
        switch key {
        case Self.version, Self.extensions, Self.lastEventID, Self.eventIDs, "te", "content-type", "content-length",
            "content-encoding", "accept", "accept-encoding", "transfer-encoding", "connection", "keep-alive",
            "proxy-connection", "upgrade", "trailer", "host", "user-agent", "":
            true
        default: key.hasPrefix("grpc-") || key.hasPrefix(":") || key.hasSuffix("-bin")
        }
    }

    /// Whether gRPC can carry a value as text: printable ASCII, as its protocol says.
    static func isLegal(_ value: String) -> Bool {
        value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
}

// MARK: - The server's side

/// What the metadata of a request says, found in one pass.
struct GRPCRequestMetadata {
    private(set) var version: String?
    private(set) var extensions: String?
    private(set) var lastEventID: String?
    private(set) var timeout: String?
    private var asksForGenerations = false
    private(set) var fields = HTTPFields()

    init(_ metadata: Metadata) {
        for (key, value) in metadata {
            guard case .string(let text) = value else { continue }
            switch key {
            case GRPCMetadata.version:
                self.version = text
                self.add(.a2aVersion, text)
            case GRPCMetadata.extensions:
                self.extensions = self.extensions.map { "\($0),\(text)" } ?? text
                self.add(.a2aExtensions, text)
            case GRPCMetadata.lastEventID:
                self.lastEventID = text
                self.add(.lastEventID, text)
            case GRPCMetadata.timeout: self.timeout = text
            case GRPCMetadata.eventIDs: self.asksForGenerations = text == GRPCMetadata.generation
            case "te", "content-type": continue
            case "user-agent": self.add(.userAgent, text)
            case "authorization": self.add(.authorization, text)
            default:
                guard !GRPCMetadata.isReserved(key), let name = HTTPField.Name(key) else { continue }
                self.add(name, text)
            }
        }
    }

    /// Whether the caller wants each event's place in the log: it says so, or names the extension.
    var wantsGenerations: Bool {
        self.asksForGenerations
            || self.extensions.map { ExtensionNegotiation.parse($0).contains(ResumeExtension.uri) } == true
    }

    private mutating func add(_ name: HTTPField.Name, _ value: String) {
        // A collection of fields traps when it is too long.
        guard self.fields.count < GRPCMetadata.maxParameters else { return }
        self.fields.append(HTTPField(name: name, value: value))
    }

    /// The context of the call.
    ///
    /// - Throws: ``A2AError`` with `.versionNotSupported`, or `.invalidRequest` for a timeout that is none.
    func context(_ configuration: GRPCServerConfiguration) throws -> CallContext {
        CallContext(
            version: try ProtocolVersion.negotiate(
                self.version, supported: configuration.versions, assumed: configuration.assumedVersion),
            requestedExtensions: ExtensionNegotiation.parse(self.extensions),
            deadline: try self.timeout.map { text in
                guard let timeout = GRPCTimeout.parse(text) else { throw GRPCTimeout.malformed(text) }
                return ContinuousClock.now.advanced(by: timeout)
            },
            resumeAfter: self.lastEventID.flatMap { ResumeExtension.number($0) },
            parameters: ServiceParameters(self.fields),
            binding: ProtocolBinding.grpc.rawValue
        )
    }
}

extension Metadata {
    /// What goes back before the answer (§4.6).
    init(answering context: CallContext) {
        self.init()
        let activated = context.response.activatedExtensions
        if !activated.isEmpty { self.addString(activated.joined(separator: ","), forKey: GRPCMetadata.extensions) }
    }
}

// MARK: - The client's side

extension Metadata {
    /// The metadata of a call.
    init(calling operation: A2AOperation, _ context: CallContext) {
        self.init()
        self.reserveCapacity(4 + context.parameters.fields.count)
        self.addString(context.version.description, forKey: GRPCMetadata.version)
        let extensions = context.requestedExtensions.joined(separator: ",")
        if !extensions.isEmpty, GRPCMetadata.isLegal(extensions) {
            self.addString(extensions, forKey: GRPCMetadata.extensions)
        }
        if operation.isStreaming { self.addString(GRPCMetadata.generation, forKey: GRPCMetadata.eventIDs) }
        if operation == .subscribeToTask, let generation = context.resumeAfter {
            self.addString("\(generation)", forKey: GRPCMetadata.lastEventID)
        }
        if let deadline = context.deadline {
            self.addString(
                GRPCTimeout.format(ContinuousClock.now.duration(to: deadline)), forKey: GRPCMetadata.timeout)
        }
        for field in context.parameters.fields {
            let key = field.name.canonicalName
            guard !GRPCMetadata.isReserved(key), GRPCMetadata.isLegal(field.value) else { continue }
            self.addString(field.value, forKey: key)
        }
    }
}

extension ResponseParameters {
    /// Notes the extensions that an answer says were activated (§4.6).
    func noteExtensions(_ metadata: Metadata) {
        var list: String?
        for value in metadata[stringValues: GRPCMetadata.extensions] { list = list.map { "\($0),\(value)" } ?? value }
        if let list { self.activatedExtensions = ExtensionNegotiation.parse(list) }
    }
}
