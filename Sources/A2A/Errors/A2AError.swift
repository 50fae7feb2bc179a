/// A failure of an A2A operation, as both sides of every binding see it (§3.3.2).
///
/// The code, message and details travel to the peer. The cause and the location stay on this
/// side: they are for logs.
public struct A2AError: Error, Sendable {
    /// What kind of failure this is; one row of the error table (§5.4).
    public var code: Code

    /// What was wrong, and what would be right, in one or two sentences for a person.
    public var message: String

    /// Structured information for programs, in the order in which it is sent.
    public var details: [ErrorDetail]

    /// The value of a `WWW-Authenticate` header that tells the caller how to authenticate.
    /// Set only with ``Code/unauthenticated``.
    public var challenge: String?

    /// The error behind this one. Never sent to a peer.
    public var cause: (any Error)?

    /// Where in the source the error was made. Never sent to a peer.
    public var location: SourceLocation

    public init(
        _ code: Code,
        _ message: String,
        details: [ErrorDetail] = [],
        challenge: String? = nil,
        cause: (any Error)? = nil,
        fileID: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.challenge = challenge
        self.cause = cause
        self.location = SourceLocation(fileID: fileID, line: line)
    }

    /// A place in the source, such as `A2AServer/TaskRuntime.swift:42`.
    public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
        public var fileID: String
        public var line: Int

        public init(fileID: String, line: Int) {
            self.fileID = fileID
            self.line = line
        }

        public var description: String { "\(self.fileID):\(self.line)" }
    }
}

extension A2AError {
    /// The details as they are sent: always with a `google.rpc.ErrorInfo` that has the code's reason.
    ///
    /// The specification asks for it with the errors of the A2A table only (§11.6); clients tell the others apart by it too.
    /// An `ErrorInfo` of another domain or reason stays, but does not stand in for it.
    public var wireDetails: [ErrorDetail] {
        let hasErrorInfo = self.details.contains { detail in
            guard case .errorInfo(let reason, let domain, _) = detail else { return false }
            return reason == self.code.reason && domain == ErrorDetail.a2aDomain
        }
        return hasErrorInfo ? self.details : [.errorInfo(reason: self.code.reason)] + self.details
    }

    /// How long the peer asks us to wait before trying again, if it says.
    public var retryDelay: Duration? {
        for case .retryInfo(let delay) in self.details { return delay }
        return nil
    }

    /// The field violations, if the error names any.
    public var fieldViolations: [FieldViolation] {
        self.details.flatMap { detail -> [FieldViolation] in
            if case .badRequest(let violations) = detail { return violations }
            return []
        }
    }

    /// Invalid parameters, with every violated field named in the message and in the details.
    public static func invalidParams(
        _ violations: [FieldViolation],
        fileID: String = #fileID,
        line: Int = #line
    ) -> A2AError {
        let summary = violations.prefix(3).map { "\($0.field): \($0.description)" }.joined(separator: "; ")
        let more = violations.count > 3 ? " (and \(violations.count - 3) more)" : ""
        return A2AError(
            .invalidParams,
            "Invalid parameters: \(summary)\(more)",
            details: [.badRequest(violations)],
            fileID: fileID,
            line: line
        )
    }

    /// Invalid parameters with one violated field.
    public static func invalidParams(
        field: String,
        _ description: String,
        fileID: String = #fileID,
        line: Int = #line
    ) -> A2AError {
        .invalidParams([FieldViolation(field: field, description: description)], fileID: fileID, line: line)
    }

    /// The task does not exist or the caller may not see it; the two look alike on purpose (§3.3.2).
    public static func taskNotFound(_ id: String, fileID: String = #fileID, line: Int = #line) -> A2AError {
        A2AError(
            .taskNotFound,
            "Task '\(id)' does not exist or is not accessible.",
            details: [.errorInfo(reason: Code.taskNotFound.reason, metadata: ["taskId": id])],
            fileID: fileID,
            line: line
        )
    }

    /// Any error as an ``A2AError``: itself if it is one, otherwise ``Code/internal`` with the
    /// error as its cause, so that nothing of it reaches the peer.
    public init(wrapping error: any Error, fileID: String = #fileID, line: Int = #line) {
        switch error {
        case let error as A2AError:
            self = error
        case is CancellationError:
            self = A2AError(.canceled, "The call was cancelled.", cause: error, fileID: fileID, line: line)
        default:
            self = A2AError(.internal, "Internal error.", cause: error, fileID: fileID, line: line)
        }
    }
}

extension A2AError: CustomStringConvertible {
    /// One line for a person: name, message. ``debugDescription`` has the rest.
    public var description: String { "\(self.code.name): \(self.message)" }
}

extension A2AError: CustomDebugStringConvertible {
    /// The error, its details, where it was made and what caused it, as a tree.
    public var debugDescription: String {
        var lines = ["\(self.code.name): \(self.message)"]
        lines += self.details.map { "├─ \($0)" }
        lines.append("├─ at \(self.location)")
        if let cause = self.cause {
            lines.append("└─ caused by \(String(reflecting: cause))")
        }
        return lines.joined(separator: "\n")
    }
}
