extension A2AError {
    /// One row of the error table: how a failure is named on each binding (§5.4, §9.5).
    ///
    /// The set is open: an agent may define codes of its own, and a code that a peer sent and we
    /// do not know is kept as it came.
    public struct Code: Hashable, Sendable {
        /// The specification's name, such as `TaskNotFoundError`.
        public let name: String
        /// `google.rpc.ErrorInfo.reason`: the name in upper case without "Error", such as `TASK_NOT_FOUND`.
        public let reason: String
        /// The code in a JSON-RPC error object.
        public let jsonRPC: Int
        /// The HTTP status of the HTTP+JSON binding.
        public let http: Int
        /// The number of the gRPC status.
        public let grpc: Int

        public init(name: String, reason: String, jsonRPC: Int, http: Int, grpc: Int) {
            self.name = name
            self.reason = reason
            self.jsonRPC = jsonRPC
            self.http = http
            self.grpc = grpc
        }

        public static func == (lhs: Code, rhs: Code) -> Bool { lhs.reason == rhs.reason }
        public func hash(into hasher: inout Hasher) { hasher.combine(self.reason) }
    }
}

// MARK: - Errors of the A2A specification (§3.3.2, §5.4)

extension A2AError.Code {
    /// The task does not exist or is not accessible to the caller.
    public static let taskNotFound = Self("TaskNotFoundError", "TASK_NOT_FOUND", -32001, 404, .notFound)
    /// The task is in a state from which it cannot be cancelled.
    public static let taskNotCancelable =
        Self("TaskNotCancelableError", "TASK_NOT_CANCELABLE", -32002, 400, .failedPrecondition)
    /// The agent does not send push notifications.
    public static let pushNotificationNotSupported = Self(
        "PushNotificationNotSupportedError", "PUSH_NOTIFICATION_NOT_SUPPORTED", -32003, 400, .failedPrecondition)
    /// The operation, or an aspect of it, is not supported by this agent or in this state.
    public static let unsupportedOperation =
        Self("UnsupportedOperationError", "UNSUPPORTED_OPERATION", -32004, 400, .failedPrecondition)
    /// A media type of the message is not accepted by the agent.
    public static let contentTypeNotSupported =
        Self("ContentTypeNotSupportedError", "CONTENT_TYPE_NOT_SUPPORTED", -32005, 400, .invalidArgument)
    /// The agent answered with something that the specification does not allow.
    public static let invalidAgentResponse =
        Self("InvalidAgentResponseError", "INVALID_AGENT_RESPONSE", -32006, 500, .internal)
    /// The agent declares an extended card but has none.
    public static let extendedAgentCardNotConfigured = Self(
        "ExtendedAgentCardNotConfiguredError", "EXTENDED_AGENT_CARD_NOT_CONFIGURED", -32007, 400,
        .failedPrecondition)
    /// The caller did not declare an extension that the agent requires.
    public static let extensionSupportRequired = Self(
        "ExtensionSupportRequiredError", "EXTENSION_SUPPORT_REQUIRED", -32008, 400, .failedPrecondition)
    /// The A2A version of the call is not spoken here.
    public static let versionNotSupported =
        Self("VersionNotSupportedError", "VERSION_NOT_SUPPORTED", -32009, 400, .failedPrecondition)
    /// The task has changed since the caller last saw it (A2A 1.1 draft).
    public static let taskGenerationMismatch =
        Self("TaskGenerationMismatchError", "TASK_GENERATION_MISMATCH", -32010, 409, .aborted)

    /// The errors that the A2A specification defines.
    public static let specified: [A2AError.Code] = [
        .taskNotFound, .taskNotCancelable, .pushNotificationNotSupported, .unsupportedOperation,
        .contentTypeNotSupported, .invalidAgentResponse, .extendedAgentCardNotConfigured,
        .extensionSupportRequired, .versionNotSupported, .taskGenerationMismatch,
    ]
}

// MARK: - Generic errors (§3.3.2, §9.5)
//
// JSON-RPC has no codes for authentication and the like; those below come from the end of the range that it
// leaves to implementations, far from the A2A codes that grow from -32001.

extension A2AError.Code {
    /// The body is not JSON.
    public static let parseError = Self("JSONParseError", "PARSE_ERROR", -32700, 400, .invalidArgument)
    /// The JSON is not a request.
    public static let invalidRequest = Self("InvalidRequestError", "INVALID_REQUEST", -32600, 400, .invalidArgument)
    /// There is no such operation.
    public static let methodNotFound = Self("MethodNotFoundError", "METHOD_NOT_FOUND", -32601, 404, .unimplemented)
    /// A parameter is missing, of the wrong type or out of range.
    public static let invalidParams = Self("InvalidParamsError", "INVALID_PARAMS", -32602, 400, .invalidArgument)
    /// Something failed on the side of the agent.
    public static let `internal` = Self("InternalError", "INTERNAL_ERROR", -32603, 500, .internal)
    /// The caller's credentials are missing or wrong.
    public static let unauthenticated = Self("UnauthenticatedError", "UNAUTHENTICATED", -32091, 401, .unauthenticated)
    /// The caller is known, but may not do this.
    public static let permissionDenied =
        Self("PermissionDeniedError", "PERMISSION_DENIED", -32092, 403, .permissionDenied)
    /// A limit is reached.
    public static let resourceExhausted =
        Self("ResourceExhaustedError", "RESOURCE_EXHAUSTED", -32093, 429, .resourceExhausted)
    /// The agent cannot answer now; the same call may succeed later.
    public static let unavailable = Self("UnavailableError", "UNAVAILABLE", -32094, 503, .unavailable)
    /// The call took longer than its deadline.
    public static let deadlineExceeded =
        Self("DeadlineExceededError", "DEADLINE_EXCEEDED", -32095, 504, .deadlineExceeded)
    /// The caller went away.
    public static let canceled = Self("CanceledError", "CANCELED", -32096, 499, .cancelled)
    /// The request is larger than the agent accepts. Only HTTP tells this apart from ``resourceExhausted``.
    public static let requestTooLarge =
        Self("RequestTooLargeError", "REQUEST_TOO_LARGE", -32097, 413, .resourceExhausted)

    /// The errors of JSON-RPC and the general ones.
    public static let generic: [A2AError.Code] = [
        .parseError, .invalidRequest, .methodNotFound, .invalidParams, .internal, .unauthenticated,
        .permissionDenied, .resourceExhausted, .unavailable, .deadlineExceeded, .canceled, .requestTooLarge,
    ]
}

// MARK: - Looking codes up

extension A2AError.Code {
    /// Whether the A2A specification defines the code, so that `ErrorInfo` must go with it.
    public var isA2ASpecific: Bool { Self.specifiedReasons.contains(self.reason) }

    /// The code with a JSON-RPC number; one we do not know is kept as it is.
    public init(jsonRPC: Int) {
        self =
            Self.all.first { $0.jsonRPC == jsonRPC }
            ?? Self(name: "Error\(jsonRPC)", reason: "JSONRPC_\(jsonRPC)", jsonRPC: jsonRPC, http: 500, grpc: 2)
    }

    /// The code with an `ErrorInfo` reason, if it is one of ours.
    public init?(reason: String) {
        guard let code = Self.all.first(where: { $0.reason == reason }) else { return nil }
        self = code
    }

    /// The same code with another HTTP status, where HTTP has a finer one (405, 415).
    package func withHTTPStatus(_ status: Int) -> Self {
        Self(name: self.name, reason: self.reason, jsonRPC: self.jsonRPC, http: status, grpc: self.grpc)
    }

    /// The best code for an HTTP status that came without an `ErrorInfo`.
    public init(http: Int) {
        switch http {
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404, 405: self = .methodNotFound
        case 408, 504: self = .deadlineExceeded
        case 409: self = .taskGenerationMismatch
        case 413: self = .requestTooLarge
        case 429: self = .resourceExhausted
        case 499: self = .canceled
        case 502, 503: self = .unavailable
        case 400..<500: self = .invalidRequest
        default: self = .internal
        }
    }

    private static let all = Self.specified + Self.generic
    private static let specifiedReasons = Set(Self.specified.map(\.reason))

    /// The name of the gRPC status, as `google.rpc.Status` prints it (§11.6).
    public var grpcStatusName: String { GRPCStatus(rawValue: self.grpc)?.name ?? "UNKNOWN" }

    private init(_ name: String, _ reason: String, _ jsonRPC: Int, _ http: Int, _ grpc: GRPCStatus) {
        self.init(name: name, reason: reason, jsonRPC: jsonRPC, http: http, grpc: grpc.rawValue)
    }
}

/// The gRPC status numbers and their names.
private enum GRPCStatus: Int {
    case cancelled = 1, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
    case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable
    case dataLoss, unauthenticated

    var name: String {
        switch self {
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
