import SwiftProtobuf

/// The slow second look at a request that the strict decoder refused.
///
/// The decoder says neither where it failed nor whether a field was merely unknown. Here the text is checked against
/// the grammar, then walked with the schema (``SchemaWalk``) to name every violation; if there is none, the message is
/// decoded once more without its unknown fields.
enum DecodingDiagnosis {
    /// The message without its unknown fields, or the error that names what is wrong.
    static func decode<M: Message>(
        _ type: M.Type, from bytes: ArraySlice<UInt8>, after error: any Error
    ) throws(A2AError) -> M {
        do {
            try JSONScanner.validate(bytes)
        } catch {
            throw Self.error(for: error)
        }
        if case JSONDecodingError.messageDepthLimit = error { throw Self.tooDeep(ModelJSON.maxDepth) }

        let violations = SchemaWalk.violations(of: bytes, in: M.protoMessageName, unknownNames: .refused)
        guard violations.isEmpty else { throw .invalidParams(violations) }
        do {
            return try M(jsonUTF8Bytes: ByteView(bytes), options: ModelJSON.lenient)
        } catch JSONDecodingError.messageDepthLimit {
            throw Self.tooDeep(ModelJSON.maxDepth)
        } catch {
            throw A2AError(
                .invalidParams, "The parameters do not fit \(M.protoMessageName): \(Self.reason(error)).", cause: error)
        }
    }

    /// The error for an answer that could not be read.
    static func answerError<M: Message>(
        _ type: M.Type, from bytes: ArraySlice<UInt8>, after error: any Error
    ) -> A2AError {
        let problem: String
        do {
            try JSONScanner.validate(bytes)
            let violations = SchemaWalk.violations(of: bytes, in: M.protoMessageName, unknownNames: .tolerated)
            problem =
                violations.isEmpty
                ? Self.reason(error)
                : violations.prefix(3).map { "\($0.field): \($0.description)" }.joined(separator: "; ")
        } catch {
            problem = Self.error(for: error).message
        }
        return A2AError(
            .invalidAgentResponse, "The agent's answer is no \(M.protoMessageName): \(problem)", cause: error)
    }

    /// The error for a text that is not JSON, or too deep.
    static func error(for failure: JSONScanner.Failure) -> A2AError {
        switch failure.reason {
        case .syntax:
            A2AError(.parseError, "Invalid JSON at byte \(failure.offset): expected \(failure.expected).")
        case .invalidUTF8:
            A2AError(.parseError, "Invalid JSON at byte \(failure.offset): not UTF-8.")
        case .tooDeep: Self.tooDeep(JSONScanner.defaultMaxDepth)
        }
    }

    private static func tooDeep(_ limit: Int) -> A2AError {
        A2AError(.invalidParams, "The JSON is nested too deeply: at most \(limit) levels are read.")
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? JSONDecodingError else { return "it could not be decoded" }
        switch error {
        case .messageDepthLimit: return "it is nested deeper than \(ModelJSON.maxDepth) levels"
        case .malformedMap: return "a member name appears twice, or a map has a null value"
        default: return "\(error)"
        }
    }
}
