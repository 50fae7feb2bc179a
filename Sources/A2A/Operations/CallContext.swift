import Synchronization

/// What surrounds a call: who makes it, to which tenant, in which version, until when.
public struct CallContext: Sendable {
    /// Who makes the call, as far as it was verified.
    public var principal: Principal

    /// The tenant that the call is for; empty for none (§4.4.6). On the server, bindings and requests agree on it
    /// before the runtime sees the call.
    public var tenant: String

    /// The A2A version in which the call is served.
    public var version: ProtocolVersion

    /// The extensions that the caller asks for (§4.6).
    public var requestedExtensions: [String]

    /// When the caller stops waiting, or `nil` for never.
    public var deadline: ContinuousClock.Instant?

    /// For a subscription: the generation after which a broken stream goes on. `nil` starts with a snapshot.
    public var resumeAfter: Int64?

    /// The log that ``resumeAfter`` is a place in, where the binding has a name for it (A2A/TCP: the epoch).
    package var resumeEpoch: UInt64?

    /// Everything that came beside the request (HTTP header fields, gRPC metadata), or is to be sent with it.
    public var parameters: ServiceParameters

    /// The binding over which the call came, such as `JSONRPC`; empty in process.
    public var binding: String

    /// What the caller's connection shows of the caller, now; `nil` where that cannot differ from ``parameters``.
    public var evidence: (any CallerEvidence)?

    /// What middleware found out about the call before its request came.
    package var admission: (any CallAdmission)?

    /// On the client: whose credentials ``parameters`` has. Newer ones of the same identity replace the older, also those of
    /// streams that run.
    package var credentialIdentity: UInt64?

    /// What the service tells the caller beside its answer.
    public let response: ResponseParameters

    public init(
        principal: Principal = .anonymous,
        tenant: String = "",
        version: ProtocolVersion = .v1_0,
        requestedExtensions: [String] = [],
        deadline: ContinuousClock.Instant? = nil,
        resumeAfter: Int64? = nil,
        parameters: ServiceParameters = .init(),
        binding: String = ""
    ) {
        self.principal = principal
        self.tenant = tenant
        self.version = version
        self.requestedExtensions = requestedExtensions
        self.deadline = deadline
        self.resumeAfter = resumeAfter
        self.parameters = parameters
        self.binding = binding
        self.response = ResponseParameters()
    }
}

/// What a service says beside its answer. One per call; bindings send it before the first byte of the answer.
public final class ResponseParameters: Sendable {
    private let extensions = Mutex<[String]>([])
    private let epoch = Atomic<UInt64>(0)

    public init() {}

    /// The log that the numbers of the answer's events belong to, where somebody else keeps it: an agent behind this service.
    package var logEpoch: UInt64? {
        get {
            let epoch = self.epoch.load(ordering: .relaxed)
            return epoch == 0 ? nil : epoch
        }
        set { self.epoch.store(newValue ?? 0, ordering: .relaxed) }
    }

    /// The extensions that the agent activated for this call; sent back as `A2A-Extensions` (§4.6).
    public var activatedExtensions: [String] {
        get { self.extensions.withLock { $0 } }
        set { self.extensions.withLock { $0 = newValue } }
    }
}

/// Who makes a call.
public struct Principal: Sendable, Hashable, CustomStringConvertible {
    /// A stable identifier; empty for anonymous callers.
    public var id: String

    /// What the caller may do, in the words of the authentication scheme (OAuth scopes, roles).
    public var scopes: Set<String>

    public init(id: String, scopes: Set<String> = []) {
        self.id = id
        self.scopes = scopes
    }

    /// A caller that did not authenticate.
    public static let anonymous = Principal(id: "")

    /// Whether the caller did not authenticate.
    public var isAnonymous: Bool { self.id.isEmpty }

    public var description: String { self.isAnonymous ? "anonymous" : self.id }
}
