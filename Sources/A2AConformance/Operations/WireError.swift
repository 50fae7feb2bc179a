import A2A

/// An error as it came over a binding.
package struct WireError: Sendable, Hashable, Error {
    /// The number that the binding has for it: JSON-RPC code, HTTP status, gRPC status.
    package var code: Int
    /// The HTTP status of the answer, where there is one.
    package var httpStatus: Int?
    package var message: String?
    /// The details, as JSON, in their order.
    package var details: [JSONValue]

    package init(code: Int, httpStatus: Int? = nil, message: String?, details: [JSONValue] = []) {
        self.code = code
        self.httpStatus = httpStatus
        self.message = message
        self.details = details
    }

    private var errorInfo: JSONValue? {
        self.details.first { $0["@type"]?.string == ErrorDetail.errorInfoType }
    }

    /// The reason of the `google.rpc.ErrorInfo`, if there is one.
    package var reason: String? { self.errorInfo?["reason"]?.string }

    /// The longest message that is shown, in characters.
    private static let maxShown = 400

    /// In one line.
    package var summary: String {
        let status = self.httpStatus.map { $0 == self.code ? "" : ", HTTP status \($0)" } ?? ""
        return "error \(self.code)\(status): \(self.message?.shortened(Self.maxShown) ?? "without a message")"
    }

    /// For assertions on `error` of a step.
    var json: JSONValue {
        var members: [String: JSONValue] = ["code": .integer(Int64(self.code)), "details": .array(self.details)]
        if let status = self.httpStatus { members["status"] = .integer(Int64(status)) }
        if let message = self.message { members["message"] = .string(message) }
        if let reason = self.reason { members["reason"] = .string(reason) }
        return .object(members)
    }

    /// For `details` of an expected error: the members of the ErrorInfo, the entries of its metadata, and the
    /// `fieldViolations` of a BadRequest.
    var detailsView: JSONValue {
        var view = self.errorInfo?["metadata"]?.members ?? [:]
        view.merge(self.errorInfo?.members ?? [:]) { _, own in own }
        for detail in self.details where detail["@type"]?.string == ErrorDetail.badRequestType {
            view["fieldViolations"] = detail["fieldViolations"]
        }
        view["details"] = .array(self.details)
        return .object(view)
    }
}
