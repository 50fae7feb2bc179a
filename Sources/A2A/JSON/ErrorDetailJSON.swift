import SwiftProtobuf

/// The details of an error as an array of objects with an `@type` key, which is how JSON-RPC and HTTP+JSON send them
/// (§9.5, §11.6).
package enum ErrorDetailJSON {
    /// The most details that are read from an answer.
    package static let maxDetails = 32

    // MARK: Writing

    /// Appends the details as a JSON array.
    package static func append(_ details: [ErrorDetail], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for (index, detail) in details.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            Self.append(detail, to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private static func append(_ detail: ErrorDetail, to output: inout [UInt8]) {
        JSONText.append(raw: "{\"@type\":", to: &output)
        switch detail {
        case .errorInfo(let reason, let domain, let metadata):
            JSONText.append(ErrorDetail.errorInfoType, to: &output)
            JSONText.append(raw: ",\"reason\":", to: &output)
            JSONText.append(reason, to: &output)
            JSONText.append(raw: ",\"domain\":", to: &output)
            JSONText.append(domain, to: &output)
            if !metadata.isEmpty { Self.append(metadata, to: &output) }
        case .badRequest(let violations):
            JSONText.append(ErrorDetail.badRequestType, to: &output)
            JSONText.append(raw: ",\"fieldViolations\":[", to: &output)
            for (index, violation) in violations.enumerated() {
                JSONText.append(raw: index > 0 ? ",{\"field\":" : "{\"field\":", to: &output)
                JSONText.append(violation.field, to: &output)
                JSONText.append(raw: ",\"description\":", to: &output)
                JSONText.append(violation.description, to: &output)
                output.append(UInt8(ascii: "}"))
            }
            output.append(UInt8(ascii: "]"))
        case .retryInfo(let delay):
            JSONText.append(ErrorDetail.retryInfoType, to: &output)
            JSONText.append(raw: ",\"retryDelay\":", to: &output)
            JSONText.append(Self.seconds(delay), to: &output)
        case .other(let type, let fields):
            JSONText.append(type, to: &output)
            var fields = fields
            fields.fields["@type"] = nil
            if !fields.fields.isEmpty, let object = try? ModelJSON.encode(fields) {
                output.append(UInt8(ascii: ","))
                output.append(contentsOf: object.dropFirst().dropLast())
            }
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func append(_ metadata: [String: String], to output: inout [UInt8]) {
        JSONText.append(raw: ",\"metadata\":{", to: &output)
        for (index, entry) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONText.append(entry.key, to: &output)
            output.append(UInt8(ascii: ":"))
            JSONText.append(entry.value, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// A duration as ProtoJSON writes it: seconds with up to nine digits of fraction and an `s`.
    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = (attoseconds / 1_000_000_000).magnitude
        let sign = seconds < 0 || attoseconds < 0 ? "-" : ""
        guard nanoseconds > 0 else { return "\(sign)\(seconds.magnitude)s" }
        let digits = String(nanoseconds)
        var fraction = String(repeating: "0", count: 9 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(seconds.magnitude).\(fraction)s"
    }

    // MARK: Reading

    /// The details in a peer's answer: an array of objects, or one object.
    ///
    /// What cannot be understood is left out.
    ///
    /// - Parameter json: A value that ``JSONScanner`` has accepted.
    package static func decode(_ json: ArraySlice<UInt8>) -> [ErrorDetail] {
        var scanner = JSONScanner(json)
        switch try? scanner.peek() {
        case .object: return Self.detail(json).map { [$0] } ?? []
        case .array:
            var details: [ErrorDetail] = []
            try? scanner.enter()
            while details.count < Self.maxDetails, let element = try? scanner.nextElement() {
                if let detail = Self.detail(json[element]) { details.append(detail) }
            }
            return details
        default: return []
        }
    }

    private static func detail(_ json: ArraySlice<UInt8>) -> ErrorDetail? {
        let object = try? Google_Protobuf_Struct(jsonUTF8Bytes: ByteView(json), options: ModelJSON.lenient)
        guard var fields = object?.fields,
            let type = fields.removeValue(forKey: "@type")?.stringValue, !type.isEmpty
        else { return nil }
        switch type {
        case ErrorDetail.errorInfoType:
            let metadata = fields["metadata"]?.structValue.fields.compactMapValues { value -> String? in
                if case .stringValue(let string) = value.kind { return string }
                return nil
            }
            return .errorInfo(
                reason: fields["reason"]?.stringValue ?? "",
                domain: fields["domain"]?.stringValue ?? "",
                metadata: metadata ?? [:]
            )
        case ErrorDetail.badRequestType:
            let violations = fields["fieldViolations"] ?? fields["field_violations"]
            return .badRequest(
                (violations?.listValue.values ?? []).map { violation in
                    let fields = violation.structValue.fields
                    return FieldViolation(
                        field: fields["field"]?.stringValue ?? "",
                        description: fields["description"]?.stringValue ?? ""
                    )
                })
        case ErrorDetail.retryInfoType:
            guard let delay = (fields["retryDelay"] ?? fields["retry_delay"])?.stringValue,
                let duration = Self.duration(delay)
            else { return .other(type: type, fields: Google_Protobuf_Struct(fields: fields)) }
            return .retryInfo(duration)
        default: return .other(type: type, fields: Google_Protobuf_Struct(fields: fields))
        }
    }

    private static func duration(_ text: String) -> Duration? {
        var json: [UInt8] = []
        JSONText.append(text, to: &json)
        guard let duration = try? Google_Protobuf_Duration(jsonUTF8Bytes: json) else { return nil }
        return .seconds(duration.seconds) + .nanoseconds(Int64(duration.nanos))
    }

    // MARK: Which error it is

    /// The code that an `ErrorInfo` names, if we know it.
    package static func code(of details: [ErrorDetail]) -> A2AError.Code? {
        for case .errorInfo(let reason, _, _) in details {
            if let code = A2AError.Code(reason: reason) { return code }
        }
        return nil
    }

    /// The most characters that are kept of a message that a peer sent.
    package static let maxMessageLength = 4096

    /// A peer's message, cut to ``maxMessageLength``.
    static func bounded(_ message: String) -> String {
        message.utf8.count <= Self.maxMessageLength ? message : String(message.prefix(Self.maxMessageLength)) + "…"
    }
}
