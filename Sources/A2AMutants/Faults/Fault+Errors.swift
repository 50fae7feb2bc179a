import A2A
import A2AConformance

extension Fault {
    /// Faults of errors.
    static let errors: [Fault] = [
        Fault("wrong-number", "ERR-MAP-001", "TaskNotFoundError has the JSON-RPC code of invalid parameters.")
            .error { $0.renumber(.taskNotFound, jsonRPC: -32602) }.over(.jsonrpc),
        Fault("wrong-status", "ERR-MAP-001", "TaskNotFoundError has the HTTP status 400.")
            .error { $0.renumber(.taskNotFound, http: 400) }.over(.rest),
        Fault("wrong-grpc-status", "ERR-MAP-001", "TaskNotFoundError has the gRPC status UNKNOWN.")
            .error { $0.renumber(.taskNotFound, grpc: 2) }.over(.grpc),
        Fault("not-cancelable-409", "ERR-MAP-002", "TaskNotCancelableError has the HTTP status 409.")
            .error { $0.renumber(.taskNotCancelable, http: 409) }.over(.rest),
        Fault("unsupported-501", "ERR-MAP-004", "UnsupportedOperationError has the HTTP status 501.")
            .error { $0.renumber(.unsupportedOperation, http: 501) }.over(.rest),
        Fault("unsupported-unimplemented", "ERR-MAP-004", "UnsupportedOperationError is UNIMPLEMENTED over gRPC.")
            .error { $0.renumber(.unsupportedOperation, grpc: 12) }.over(.grpc),
        Fault("media-type-415", "ERR-MAP-005", "ContentTypeNotSupportedError has the HTTP status 415.")
            .error { $0.renumber(.contentTypeNotSupported, http: 415) }.over(.rest),
        Fault("push-unsupported-501", "ERR-MAP-003", "PushNotificationNotSupportedError has the HTTP status 501.")
            .error { $0.renumber(.pushNotificationNotSupported, http: 501) }.over(.rest).with(.bare),
        Fault("internal-for-unknown-task", "CORE-ERR-006", "An unknown task is an internal error.")
            .error { if $0.code == .taskNotFound { $0 = A2AError(.internal, "No such row.") } },
        Fault("error-without-message", "CORE-ERR-011", "Errors have no message.")
            .error { $0.message = "" },
        Fault("error-says-nothing", "CORE-ERR-004", "What is wrong with a parameter is not said.")
            .error {
                guard $0.code == .invalidParams else { return }
                $0.details = []
                $0.message = "Bad request."
            },
        Fault("no-error-info", "JSONRPC-ERR-003", "Errors over JSON-RPC have no ErrorInfo.")
            .http(.error { $0["data"] = nil }).over(.jsonrpc),
        Fault("no-error-info-rest", "REST-ERR-004", "Errors over HTTP+JSON have no ErrorInfo.")
            .http(.error { $0["details"] = nil }).over(.rest),
        Fault("wrong-domain", "JSONRPC-ERR-003", "The domain of the ErrorInfo is another one.")
            .http(.error { $0.walk { if $0 == "domain" { $1 = "example.com" } } }).over(.jsonrpc),
        Fault("wrong-domain-rest", "REST-ERR-004", "The domain of the ErrorInfo is another one.")
            .http(.error { $0.walk { if $0 == "domain" { $1 = "example.com" } } }).over(.rest),
        Fault("wrong-reason", "REST-ERR-004", "The reason of the ErrorInfo is the name of the error.")
            .http(
                .error { $0.walk { if $0 == "reason", $1 == "TASK_NOT_FOUND" { $1 = "TaskNotFoundError" } } }
            ).over(.rest),
        Fault("detail-without-type", "CORE-ERR-012", "Details have no @type.")
            .http(.error { $0.walkObjects { $0["@type"] = nil } }),
        Fault("problem-document", "REST-ERR-005", "Errors are problem documents.")
            .http(
                .answer { _, answer in
                    guard let error = answer.json?["error"] else { return }
                    answer.json = [
                        "type": "about:blank", "status": error["code"] ?? 500, "title": error["message"] ?? "",
                    ]
                }
            ).over(.rest),
        Fault("no-bad-request", "REST-ERR-002", "Validation errors have no BadRequest.")
            .error { error in
                error.details = error.details.filter { if case .badRequest = $0 { false } else { true } }
            }.over(.rest),
        Fault("wrong-error-for-push", "CORE-CAP-001", "Without push notifications the operations are unknown methods.")
            .error { if $0.code == .pushNotificationNotSupported { $0 = A2AError(.methodNotFound, "No.") } }
            .with(.bare),
        Fault("wrong-error-for-card", "CORE-CAP-003", "Without an extended card the operation is an unknown method.")
            .error { if $0.code == .unsupportedOperation { $0 = A2AError(.methodNotFound, "No.") } }
            .with(.bare),
    ]
}

extension A2AError {
    /// Gives errors of a code other numbers.
    mutating func renumber(_ code: Code, jsonRPC: Int? = nil, http: Int? = nil, grpc: Int? = nil) {
        guard self.code == code else { return }
        self.code = Code(
            name: code.name, reason: code.reason, jsonRPC: jsonRPC ?? code.jsonRPC, http: http ?? code.http,
            grpc: grpc ?? code.grpc)
    }
}
