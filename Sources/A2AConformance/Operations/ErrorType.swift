import A2A

/// The errors that a test may expect (ACTS §6.2), mapped by the tables of A2A 1.0 (§5.4, §9.5), not by the draft's.
struct ErrorType: Sendable, Hashable {
    /// The word of the document.
    let name: String
    /// The errors of the protocol that it means, any of which is right.
    let codes: [A2AError.Code]

    /// The words of ACTS.
    static let specified: [String] = [
        "TaskNotFoundError", "TaskNotCancelableError", "UnsupportedOperationError", "ContentTypeNotSupportedError",
        "InvalidParamsError", "VersionNotSupportedError", "PushNotificationNotSupportedError",
        "StreamingNotSupportedError", "ExtensionSupportRequiredError", "ExtendedCardNotSupportedError",
        "JSONParseError",
        "MethodNotFoundError", "InternalError",
    ]

    /// The words that only the protocol has; they stand in `x-error`.
    static let others: [String] = [
        "InvalidRequestError", "InvalidAgentResponseError", "ExtendedAgentCardNotConfiguredError",
        "TaskGenerationMismatchError", "UnauthenticatedError", "PermissionDeniedError",
    ]

    init?(_ name: String) {
        self.name = name
        switch name {
        // A2A has no error of its own for these two (§3.3.4).
        case "StreamingNotSupportedError": self.codes = [.unsupportedOperation]
        case "ExtendedCardNotSupportedError": self.codes = [.unsupportedOperation, .extendedAgentCardNotConfigured]
        default:
            let code = (A2AError.Code.specified + A2AError.Code.generic).first { $0.name == name }
            guard let code else { return nil }
            self.codes = [code]
        }
    }

    /// How the error looks on a binding, for messages.
    func description(on binding: TransportBinding) -> String {
        let forms = self.codes.map { code in
            switch binding {
            case .jsonrpc: "JSON-RPC code \(code.jsonRPC)"
            case .rest: "HTTP status \(Self.statuses(code).map(String.init).joined(separator: " or "))"
            case .grpc: "gRPC status \(code.grpcStatusName)"
            case .tcp: "error \(code.reason)"
            }
        }
        return "\(self.name) (\(forms.joined(separator: " or ")))"
    }

    /// The HTTP statuses of a code. Where the specification has no row, HTTP has several that say it.
    static func statuses(_ code: A2AError.Code) -> [Int] {
        switch code {
        case .methodNotFound: [404, 405, 501]
        case .invalidRequest: [400, 422]
        case .parseError, .invalidParams: [400, 422]
        default: [code.http]
        }
    }

    /// Why an error is not the one; `nil` if it is.
    func mismatch(_ error: WireError, on binding: TransportBinding) -> String? {
        var problem: String?
        for code in self.codes {
            problem = Self.mismatch(error, code, binding)
            if problem == nil { return nil }
        }
        return problem
    }

    private static func mismatch(_ error: WireError, _ code: A2AError.Code, _ binding: TransportBinding) -> String? {
        switch binding {
        case .jsonrpc: if error.code != code.jsonRPC { return error.summary }
        case .rest: if !Self.statuses(code).contains(error.httpStatus ?? 0) { return error.summary }
        case .grpc: if error.code != code.grpc { return error.summary }
        case .tcp: if error.reason != code.reason { return error.summary }
        }
        // Several errors share a status; the reason tells them apart, where the agent gives one.
        guard code.isA2ASpecific, let reason = error.reason, reason != code.reason else { return nil }
        return "\(error.summary) with the reason \(reason)"
    }
}
