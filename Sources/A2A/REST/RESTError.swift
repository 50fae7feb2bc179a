/// The bodies of failed requests on the HTTP+JSON binding: `google.rpc.Status` under an `error` key (§11.6).
package enum RESTError {
    /// The longest text that is shown of a body that is not the specification's.
    package static let maxForeignText = 256

    /// The body for an error; its status line is `error.code.http`.
    package static func encode(_ error: A2AError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        output.append(contentsOf: "{\"error\":{\"code\":\(error.code.http),\"status\":".utf8)
        JSONText.append(error.code.grpcStatusName, to: &output)
        JSONText.append(raw: ",\"message\":", to: &output)
        JSONText.append(error.message, to: &output)
        JSONText.append(raw: ",\"details\":", to: &output)
        ErrorDetailJSON.append(error.wireDetails, to: &output)
        JSONText.append(raw: "}}", to: &output)
        return output
    }

    /// The error that a status and a body stand for.
    ///
    /// An `ErrorInfo` whose reason we know decides the code, else the status does. Bodies that are problem details
    /// (RFC 9457), other JSON or no JSON at all are taken as well as they can be.
    package static func decode(status: Int, body: ArraySlice<UInt8>) -> A2AError {
        let members = Self.members(body) ?? [:]
        if let error = members["error"].flatMap(Self.members) {
            let details = error["details"].map(ErrorDetailJSON.decode) ?? []
            let name = error["status"].flatMap(JSONText.string)
            return A2AError(
                ErrorDetailJSON.code(of: details) ?? Self.code(status: status, name: name, details: details),
                ErrorDetailJSON.bounded(
                    error["message"].flatMap(JSONText.string) ?? "The agent answered with HTTP status \(status)."),
                details: details
            )
        }
        let text =
            ["detail", "title", "message", "error"].lazy
            .compactMap { members[$0].flatMap(JSONText.string) }.first { !$0.isEmpty }
        return A2AError(
            A2AError.Code(http: status),
            text.map(ErrorDetailJSON.bounded) ?? Self.message(status: status, foreign: body))
    }

    /// The error that a status and a body stand for.
    package static func decode(status: Int, body: [UInt8]) -> A2AError {
        Self.decode(status: status, body: body[...])
    }

    /// The code of an error in the specification's shape that has no `ErrorInfo` of ours.
    ///
    /// The status then names a group of errors; this takes the likeliest of them.
    private static func code(status: Int, name: String?, details: [ErrorDetail]) -> A2AError.Code {
        switch (status, name) {
        case (400, "INVALID_ARGUMENT"): return .invalidParams
        case (404, "NOT_FOUND"): return .taskNotFound
        default: break
        }
        let isBadRequest = details.contains { detail in
            if case .badRequest = detail { return true }
            return false
        }
        return status == 400 && isBadRequest ? .invalidParams : A2AError.Code(http: status)
    }

    /// The members of a JSON object; `nil` if it is none.
    private static func members(_ json: ArraySlice<UInt8>) -> [String: ArraySlice<UInt8>]? {
        var scanner = JSONScanner(json)
        guard (try? scanner.peek()) == .object else { return nil }
        var members: [String: ArraySlice<UInt8>] = [:]
        do {
            try scanner.enter()
            while let member = try scanner.nextMember() {
                if let name = JSONText.string(content: json[member.name], hasEscapes: member.nameHasEscapes) {
                    members[name] = json[member.value]
                }
            }
            try scanner.finish()
        } catch {
            return nil
        }
        return members
    }

    private static func message(status: Int, foreign body: ArraySlice<UInt8>) -> String {
        let start = body.prefix(Self.maxForeignText)
        let text = String(decoding: start, as: UTF8.self).trimmingSpaces
        let summary = "The agent answered with HTTP status \(status)"
        return text.isEmpty ? "\(summary)." : "\(summary): \(text)\(start.count < body.count ? "…" : "")"
    }
}
